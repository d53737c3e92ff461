"""`kws-live devices`."""

import json
from dataclasses import asdict

import click

from kws_live.errors import DeviceError
from kws_live.text import printable


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list.")
def devices(as_json: bool) -> None:
    """List the microphones that --device can name."""
    from kws_live.sources.listing import list_devices  # noqa: PLC0415

    found = list_devices()
    if as_json:
        click.echo(json.dumps([asdict(device) for device in found], indent=2))
    if not found:
        raise DeviceError(
            "there is no audio input device. Plug in a microphone or start the sound server "
            "(PipeWire or PulseAudio)."
        )
    if as_json:
        return
    for device in found:
        mark = "*" if device.is_default else " "
        click.echo(
            f"{mark} {device.id:3d}  {printable(device.label)}  ({device.channels} in, {device.rate_hz} Hz)"
        )
    if any(device.is_default for device in found):
        click.echo("* is the default. Name another with --device, by id or by parts of its name.")
    else:
        click.echo("None is the default: name one with --device, by id or by parts of its name.")
