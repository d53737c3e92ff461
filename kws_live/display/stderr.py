"""Keeps standard error off the terminal while the display is there."""

import os
import re
import sys
import threading
from typing import Final

from kws_live.text import printable

_STDERR: Final = 2
_READ_BYTES: Final = 65_536
_ESCAPE_SEQUENCE: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]")


class StderrTap:
    """Collects what this process and its libraries write to a standard error that is a terminal.

    It works on the file descriptor: C libraries know nothing of `sys.stderr`. A standard error that is not a
    terminal is left alone. Hooks must not be given it: whoever fills the pipe waits for the next `lines`, and who
    still writes after `stop` is killed by SIGPIPE.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._terminal: int | None = None
        self._pipe: int | None = None
        self._partial = b""

    def can_start(self) -> bool:
        """Return whether standard error is a terminal, as it isn't any more once started."""
        return os.isatty(_STDERR)

    def start(self) -> None:
        """Begin to collect; any thread, idempotent."""
        with self._lock:
            if self._terminal is not None or not self.can_start():
                return
            _flush()
            self._terminal = os.dup(_STDERR)
            self._pipe, writing = os.pipe()
            os.set_blocking(self._pipe, False)
            os.dup2(writing, _STDERR)
            os.close(writing)

    def stop(self) -> None:
        """Give standard error back; `lines` then returns what is left; any thread, idempotent."""
        with self._lock:
            if self._terminal is None:
                return
            _flush()
            os.dup2(self._terminal, _STDERR)
            os.close(self._terminal)
            self._terminal = None

    def lines(self) -> list[str]:
        """Return the whole lines that came since the last call, printable and without empty lines."""
        with self._lock:
            new = self._read()
            if not new and self._terminal is not None:
                return []
            data = self._partial + new
            whole, _, self._partial = data.rpartition(b"\n")
            if self._terminal is None:
                whole, self._partial = data, b""
            elif len(self._partial) >= _READ_BYTES:
                whole, self._partial = self._partial, b""
        text = _ESCAPE_SEQUENCE.sub("", whole.decode(errors="replace"))
        # What a carriage return has overwritten was not meant to stay.
        lines = (line.rstrip().rpartition("\r")[2] for line in text.split("\n"))
        return [printable(line) for line in lines if line]

    def _read(self) -> bytes:
        if self._pipe is None:
            return b""
        try:
            data = os.read(self._pipe, _READ_BYTES)
        except BlockingIOError:
            data = b""
        if self._terminal is None:
            os.close(self._pipe)
            self._pipe = None
        return data


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
