"""What `kws-live tune` refuses before it listens: each raises, and says what to give instead."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kws_live.commands.configured import settings_from
from kws_live.errors import did_you_mean

if TYPE_CHECKING:
    from kws_live.compose import Settings


def check_usage(
    background: Sequence[Path],
    clips: Path | None,
    session: Path | None,
    device: str | None,
    out: Path | None,
    data: str | None,
) -> None:
    """Refuse options that don't go together."""
    if clips is not None and not background:
        raise click.UsageError(
            "--clips tells what is missed, but thresholds come from what is heard falsely: give "
            "--background too. Without both, you are guided through a session."
        )
    if background and (session is not None or device is not None):
        raise click.UsageError(
            "--session and --device are for the session at the microphone, and --background replaces "
            "it. Leave one of them out."
        )
    if data is not None and out is None:
        raise click.UsageError(
            "--data goes into the card of the model that --out writes. Give --out."
        )


def check_keywords(settings: "Settings", keywords: Sequence[str]) -> None:
    """Refuse words that the daemon doesn't listen for."""
    enabled = settings.effective.decoder.keywords
    for keyword in keywords:
        if keyword in settings.folder.keywords and keyword not in enabled:
            raise click.UsageError(f"--keyword: {keyword!r} is switched off in the configuration.")
        if keyword not in enabled:
            raise click.UsageError(
                f"--keyword: the model has no keyword {keyword!r}.{did_you_mean(keyword, enabled)} "
                f"It has: {', '.join(sorted(enabled))}."
            )


def check_out(settings: "Settings", out: Path) -> None:
    """Refuse a folder in use, and settings that a model's operating point can't hold."""
    from kws_live.tune.write_model import check_free  # noqa: PLC0415

    check_free(out)
    if not settings.effective.gate.enabled:
        raise click.UsageError(
            "the configuration switches the gate off, and a model's operating point has one. Set "
            "gate.enabled = true, or give another --config."
        )


def check_same_model(settings: "Settings", config: str | None) -> None:
    """Refuse to put one model's thresholds into a configuration that runs another."""
    other = settings_from(None, config, (), None).folder
    if other.path.resolve() != settings.folder.path.resolve():
        raise click.UsageError(
            f"the configuration runs the model {other.name!r}, whose thresholds mean something else than "
            f"those of {settings.folder.name!r}. Give --out DIR for a copy of the model with its own, or "
            "set `model` in the configuration first."
        )
