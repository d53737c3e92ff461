"""Ending a run in order when a signal asks for it."""

import logging
import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

from . import processes

log = logging.getLogger(__name__)


class StopOnSignal:
    """Remembers the first SIGINT or SIGTERM, so that training can end with a checkpoint.

    A context manager: the signals' handlers are this object's inside, and restored outside.
    The second signal ends the run at once, without a checkpoint.

    Attributes:
        stopped_by: The signal's number, None before there is one.
    """

    def __init__(self) -> None:
        """Start unstopped."""
        self.stopped_by: int | None = None
        self._before: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "StopOnSignal":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def agreed(self) -> int | None:
        """Return the signal that came to any process of the run, the same one in all of them.

        All must ask at the same place: what one does differently, the others would wait for.
        """
        (number,) = processes.highest(self.stopped_by or 0)
        if number:
            self.stopped_by = number
        return number or None

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return  # one that was forked a moment ago and is not yet deaf
        if self.stopped_by is not None:
            raise KeyboardInterrupt
        self.stopped_by = number
        log.info("stopping after this step, with a checkpoint; once more ends at once, without")


def start_deaf(worker: int, then: Callable[[int], None] | None = None) -> None:
    """Let a worker begin that no SIGINT or SIGTERM ends: the process that it works for ends it.

    Ctrl-C, torchrun, systemd and Slurm signal all processes of a group at once. A worker that dies
    of that takes the step in progress with it, and the checkpoint that would follow.

    Args:
        worker: The worker's number.
        then: What else it begins with.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if then is not None:
        then(worker)
