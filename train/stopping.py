"""Ending a run in order when a signal asks for it."""

import logging
import os
import signal
from types import FrameType, TracebackType
from typing import Any

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

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return  # Ctrl-C reaches the workers too; the process that feeds them ends them
        if self.stopped_by is not None:
            raise KeyboardInterrupt
        self.stopped_by = number
        log.info("stopping after this step, with a checkpoint; once more ends at once, without")
