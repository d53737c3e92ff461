"""A progress bar on standard error, with lines printed above it."""

import os
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
)
from rich.table import Column
from rich.text import Text

from kws_live.display.stderr import StderrTap
from kws_live.display.theme import CALM, FAINT, HIT
from kws_live.status import StatusSnapshot
from kws_live.text import clock


class ProgressBar:
    """How much of an input has been read, how fast, and how long it will take; for one thread.

    Args:
        stderr: the terminal to draw on.
        duration_s: length of the input, or None where it is not known.
    """

    def __init__(self, stderr: TextIO, duration_s: float | None) -> None:
        # A descriptor of its own: the tap turns that of standard error into a pipe.
        self._terminal = open(os.dup(stderr.fileno()), "w", encoding=stderr.encoding)  # noqa: SIM115
        self._tap = StderrTap()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(
                bar_width=None,
                style=FAINT,
                complete_style=CALM,
                finished_style=HIT,
                pulse_style=CALM,
            ),
            _FiguresColumn(Column(no_wrap=True)),
            expand=True,
            console=Console(file=self._terminal),
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            transient=True,
        )
        self._task = self._progress.add_task("reading", total=duration_s)

    def start(self) -> None:
        """Show the bar."""
        self._tap.start()
        self._progress.start()

    def stop(self) -> None:
        """Take the bar away and give standard error back."""
        self._tap.stop()
        self._print_stderr()
        self._progress.stop()
        self._terminal.close()

    def update(self, snapshot: StatusSnapshot) -> None:
        """Draw the bar anew, under what was written to standard error meanwhile."""
        self._print_stderr()
        self._progress.update(self._task, completed=snapshot.stream_s, refresh=True)

    def print(self, line: str) -> None:
        """Print a line above the bar."""
        self._progress.console.print(
            line, markup=False, highlight=False, emoji=False, soft_wrap=True
        )

    def _print_stderr(self) -> None:
        for line in self._tap.lines():
            self.print(line)


class _FiguresColumn(ProgressColumn):
    """How far, how fast, how long yet."""

    def render(self, task: Task) -> Text:
        """Return for instance "42 %, 4:10 / 10:00, 94x real time, 0:04 left", less what is not known."""
        figures = [clock(task.completed)]
        if task.total is not None:
            figures = [f"{task.percentage:3.0f} %", f"{figures[0]} / {clock(task.total)}"]
        if task.elapsed:
            figures.append(f"{task.completed / task.elapsed:.0f}x real time")
        if task.time_remaining is not None:
            figures.append(f"{clock(task.time_remaining)} left")
        return Text(", ".join(figures))
