"""Progress of work that takes minutes, on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from kws_live.display.theme import CALM, FAINT, HIT
from kws_live.text import printable

Advance = Callable[[float], None]


@contextmanager
def progress(what: str, total: float | None) -> Iterator[Advance]:
    """Show a bar with the time left while the block runs, and take it away at its end.

    Nothing is shown where standard error is no terminal.

    Args:
        what: shown before the bar.
        total: how much there is to do, in any unit; None if that is not known.

    Yields:
        What to call with how much was done since the last call; only on the calling thread.
    """
    with _bars() as bars:
        task = bars.add_task(_shown(what), total=total)
        yield lambda done: bars.advance(task, done)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage of the work in the block; else as `progress`.

    Yields:
        What to call with a stage, how many of its steps are done and how many it has.
    """
    tasks: dict[str, TaskID] = {}
    with _bars() as bars:

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(_shown(stage))
            bars.update(tasks[stage], completed=done, total=total)

        yield show


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(
            bar_width=None,
            style=FAINT,
            complete_style=CALM,
            finished_style=HIT,
            pulse_style=CALM,
        ),
        TaskProgressColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        expand=True,
        # Drawing it costs processor time that the work could have.
        refresh_per_second=4,
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )


def _shown(what: str) -> str:
    """Return a description that may hold the name of a file, without control characters and markup."""
    return escape(printable(what))
