"""The options of a command that runs the model as the daemon would, and what comes of them."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kws_live.compose import Settings

_OPTIONS = (
    click.option("--model", metavar="NAME|DIR", help="An installed model, or a model folder."),
    click.option("--config", metavar="FILE", help="Configuration file instead of your own."),
    click.option(
        "--keyword",
        "keywords",
        multiple=True,
        metavar="WORD",
        help="Listen for this one only; repeatable.",
    ),
    click.option(
        "--threshold", metavar="SCORE", help="Score from 0 to 1 at which a keyword counts."
    ),
)


def configured(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --model, --config, --keyword and --threshold."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def settings_from(
    model: str | None, config: str | None, keywords: Sequence[str], threshold: str | None
) -> "Settings":
    """Return what the daemon would run with under these options, its configuration file included.

    Raises:
        UsageError: an option is wrong.
        KwsLiveError: model or configuration are.
    """
    from pathlib import Path  # noqa: PLC0415

    from kws_live.compose import settle  # noqa: PLC0415
    from kws_live.config import FlagError, load  # noqa: PLC0415

    if config == "":
        raise click.UsageError("--config is given an empty name. Name a file, or leave it out.")
    flags = {"model": model, "decoder.threshold": threshold}
    try:
        resolved = load(None if config is None else Path(config), os.environ, flags)
        return settle(resolved, keywords)
    except FlagError as error:
        raise click.UsageError(str(error)) from error
