"""Writes to a file descriptor whose reader may stop reading, without being stuck there for ever."""

import os
import select
import time
from typing import Final

DRAIN_S: Final = 1.0
"""How long a reader that has stopped reading may hold up a program that was told to stop."""


class PatientWriter:
    """Writes whole pieces of data, waiting for the reader as long as it takes until told to hurry.

    Args:
        fd: file descriptor to write to; stays open, and is never set non-blocking: others share it.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._hurry_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._give_up_s: float | None = None
        self._gave_up = False

    def hurry(self) -> None:
        """Wait for the reader a second more at most, then write nothing (any thread, idempotent)."""
        os.eventfd_write(self._hurry_fd, 1)

    def write(self, data: bytes) -> None:
        """Write all of `data`; nothing, or not all, if the reader did not read on in time.

        After such a piece nothing more is written, so that what the reader has ends with it.

        Raises:
            OSError: the write failed; BrokenPipeError if the reader has gone.
        """
        rest = memoryview(data)
        while rest and not self._gave_up:
            if not self._wait_writable():
                self._gave_up = True
                return
            # A pipe that polls writable takes this much without blocking.
            try:
                rest = rest[os.write(self._fd, rest[: select.PIPE_BUF]) :]
            except BlockingIOError:
                continue

    def _wait_writable(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        if self._give_up_s is None:
            poll.register(self._hurry_fd, select.POLLIN)
            if any(fd == self._fd for fd, _ in poll.poll()):
                return True
            self._give_up_s = time.monotonic() + DRAIN_S
            poll.unregister(self._hurry_fd)
        left_s = max(0.0, self._give_up_s - time.monotonic())
        return bool(poll.poll(left_s * 1_000))
