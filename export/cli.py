"""The command `kws-export`."""

import logging
import sys
from pathlib import Path

import click

from kws_live.errors import KwsLiveError


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("model", type=click.Path(path_type=Path))
@click.option(
    "--operating-point",
    type=click.Path(path_type=Path),
    metavar="FILE.json",
    help="Thresholds, gate and decoder settings with what was measured for them; without it, unmeasured defaults.",
)
@click.option(
    "--attributions",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Text that names the recordings and their licences; it goes into the model's card.",
)
@click.version_option(package_name="kws-live")
def main(run: Path, model: Path, operating_point: Path | None, attributions: Path | None) -> None:
    """Export the checkpoint in the folder RUN as the model folder MODEL.

    RUN is what `kws-train fit` wrote. MODEL is replaced if it holds a model already, and is only written if
    the ONNX graph computes what the checkpoint computes.
    """
    # torch and transformers take seconds to import: too long for --help.
    from .export import export_model  # noqa: PLC0415

    logging.getLogger().setLevel(
        logging.ERROR
    )  # ONNX Runtime's quantizer advises on the root logger
    try:
        export_model(run, model, operating_point, attributions, say=click.echo)
    except KwsLiveError as error:
        click.echo(f"kws-export: {error}", err=True)
        sys.exit(error.exit_code)
