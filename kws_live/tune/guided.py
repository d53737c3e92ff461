"""Running a guided session: the terminal taken and given back, the microphone opened and closed."""

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console

from kws_live.clips.keys import Keys
from kws_live.compose import Settings
from kws_live.display.paint import stream_glyphs
from kws_live.errors import KwsLiveError
from kws_live.sources.microphone import MicrophoneSource
from kws_live.termination import Terminated
from kws_live.text import printable
from kws_live.tune.guide import Guide
from kws_live.tune.session import Session


def record_session(
    settings: Settings,
    keywords: Sequence[str],
    path: Path | None,
    device: str | None,
    takes: int,
    background_s: float,
) -> Session:
    """Guide the user through what the session still lacks, and return it.

    However it ends, what was recorded is kept, and the user is told how to go on.

    Args:
        settings: configuration and model.
        keywords: what to say.
        path: the session's folder; by default a new one.
        device: the microphone; by default the configuration's.
        takes: how often to say each keyword.
        background_s: how much background there shall be.

    Raises:
        UsageError: there is no terminal.
        KwsLiveError: the microphone can't be opened, or the session not be written.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError(
            "the guided session needs a terminal. Run it in one, or give recordings with --background "
            "and --clips."
        )
    session = Session(path or _new_path())
    audio = settings.resolved.config.audio
    console = Console(stderr=True)
    keys = Keys(sys.stdin.fileno())
    source = MicrophoneSource(device or audio.device, audio.block_ms)
    guide = Guide(
        source,
        session,
        settings.effective.gate,
        console,
        keys,
        stream_glyphs(sys.stderr, os.environ),
    )
    go_on = f"Go on with: kws-live tune --session {printable(str(session.path))}"
    try:
        keys.enter()
        guide.run(keywords, takes, background_s)
    except (KeyboardInterrupt, Terminated, KwsLiveError):
        keys.leave()
        click.echo(f"kws-live: what was recorded is kept. {go_on}", err=True)
        raise
    finally:
        keys.leave()
    click.echo(f"kws-live: the recordings are in {printable(str(session.path))}", err=True)
    return session


def _new_path() -> Path:
    base = Path(os.environ.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():
        base = Path(os.path.expanduser("~/.local/share"))
    return base / "kws-live" / "tune" / f"{datetime.now():%Y-%m-%d-%H%M%S}"
