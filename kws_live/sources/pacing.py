"""Real-time delivery of audio that is there all at once."""

import threading
import time


class Pacer:
    """Says when each block of a recording would have been there, had it been live.

    The schedule is kept in samples since the first block, so that it doesn't drift.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._origin_ns: int | None = None
        self._total_frames = 0
        self._stopped = threading.Event()

    def wait(self, frames: int) -> int | None:
        """Wait until the last of the next `frames` would have been there.

        Returns:
            The CLOCK_MONOTONIC time in ns at which it was due (later than that only for the caller
            who comes late), or None after `stop`.
        """
        if self._origin_ns is None:
            self._origin_ns = time.monotonic_ns()
        self._total_frames += frames
        due_ns = self._origin_ns + self._total_frames * 1_000_000_000 // self._rate_hz
        if self._stopped.wait(max(0, due_ns - time.monotonic_ns()) / 1e9):
            return None
        return due_ns

    def stop(self) -> None:
        """End the current and every later `wait` at once; any thread."""
        self._stopped.set()
