"""`kws-live review`."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kws_live.errors import InputError
from kws_live.termination import unwound_by_signals
from kws_live.text import printable

if TYPE_CHECKING:
    from kws_live.clips.collection import Fault

_DEFAULT_SPEAKER = "owner"  # whom kws-train's split gives to training
_FAULTS_SHOWN = 10


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the judged clips go, for kws-train.  [default: DIR/reviewed]",
)
@click.option(
    "--speaker",
    default=_DEFAULT_SPEAKER,
    show_default=True,
    metavar="NAME",
    help="Who speaks in the clips you judge now. kws-train keeps all clips of one speaker "
    "in one split, which the name decides; 'owner' belongs to training.",
)
@unwound_by_signals()
def review(directory: Path, out: Path | None, speaker: str) -> None:
    """Judge the clips that --save-clips kept: was the keyword said?

    Each is shown and played, and takes one key: t true, f false, x unclear (another keyword was
    said, or nobody can tell), space plays it again, s skips it, u undoes, q quits. Go on later
    with the same command.

    In the end the window that decided is written as WORD/SPEAKER_nohash_NUMBER.flac for each true
    clip, and to the folder _not_WORD_ for each false one: 'kws-train fit --data' takes that as it is.
    """
    from kws_live.clips.collection import load_clips  # noqa: PLC0415
    from kws_live.clips.review import Review, counts  # noqa: PLC0415
    from kws_live.clips.session import Session  # noqa: PLC0415
    from kws_live.clips.sidecar import is_speaker  # noqa: PLC0415
    from kws_live.clips.training import export  # noqa: PLC0415
    from kws_live.display.terminal import can_show  # noqa: PLC0415

    if not is_speaker(speaker):
        raise click.UsageError(
            f"--speaker {speaker!r} can't begin a file's name here. Use up to 40 letters, digits, - and _."
        )
    clips, faults = load_clips(directory)
    if not clips:
        _tell_faults(faults)
        raise InputError(
            f"{directory} holds no clips that can be reviewed. Give the folder that --save-clips was given."
        )
    session = Session(directory, clips, speaker)
    if session.current is not None:
        if not (sys.stdin.isatty() and can_show(sys.stdout, os.environ)):
            raise click.UsageError(
                f"{session.count(None)} clips wait for your verdict, and that takes a terminal: run "
                "it in one, in the foreground, without redirection."
            )
        Review(directory, session).run()
    out = out or directory / "reviewed"
    exported = export(directory, session.clips, out)
    _tell_faults(dict.fromkeys((*faults, *session.faults, *exported.faults)))
    click.echo(", ".join(f"{number} {name}" for name, number in counts(session)))
    if exported.clips:
        click.echo(f"{exported.clips} clips for training are in {printable(str(out))}")


def _tell_faults(faults: "Iterable[Fault]") -> None:
    """Say which clips were left out, and why."""
    told = list(faults)
    for fault in told[:_FAULTS_SHOWN]:
        click.echo(printable(f"kws-live: left out {fault.name}: {fault.reason}"), err=True)
    if len(told) > _FAULTS_SHOWN:
        click.echo(f"kws-live: and {len(told) - _FAULTS_SHOWN} more", err=True)
