"""Progress of work that takes minutes, on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from kws_live.display.theme import CALM, FAINT, HIT

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
    bar = Progress(
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
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)
