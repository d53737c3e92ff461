"""A person at a real terminal: a command runs on a pseudo-terminal that is its controlling one."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

PATIENCE_S = 30.0

_ALTERNATE = re.compile(rb"\x1b\[\?1049([hl])")


class Terminal:
    """A terminal of 80×24 on which one command runs; what is typed reaches it, Ctrl-C as SIGINT.

    Leave the `with` to kill what still runs. No method waits for ever.
    """

    def __init__(self, argv: Sequence[str | Path], env: Mapping[str, str]) -> None:
        self._desk, self._side = pty.openpty()
        termios.tcsetwinsize(self._side, (24, 80))
        self._settings = termios.tcgetattr(self._side)
        self.seen = b""
        """All that was written to the terminal."""
        self._process = subprocess.Popen(
            # It takes the terminal and becomes the command, keeping the process's id.
            ["setsid", "--ctty", *argv],
            stdin=self._side,
            stdout=self._side,
            stderr=self._side,
            env=env,
        )
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._desk)
        os.close(self._side)

    @property
    def alternate(self) -> bool:
        """Whether the terminal shows its alternate screen."""
        switches = _ALTERNATE.findall(self.seen)
        return bool(switches) and switches[-1] == b"h"

    @property
    def as_before(self) -> bool:
        """Whether the terminal's settings are those from before the command."""
        return termios.tcgetattr(self._side) == self._settings

    def type(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._desk, keys)

    def send(self, number: signal.Signals) -> None:
        """Send the command a signal."""
        self._process.send_signal(number)

    def read_until(self, words: bytes) -> None:
        """Read until the command has written `words`."""
        deadline_s = time.monotonic() + PATIENCE_S
        while words not in self.seen:
            assert time.monotonic() < deadline_s, f"no {words!r} in {self.seen!r}"
            self._read(0.1)

    def read_for(self, duration_s: float) -> None:
        """Read what comes in that time."""
        until_s = time.monotonic() + duration_s
        while (left_s := until_s - time.monotonic()) > 0:
            self._read(left_s)

    def wait(self) -> int:
        """Read until the command has ended; return its exit status."""
        deadline_s = time.monotonic() + PATIENCE_S
        while self._process.poll() is None:
            assert time.monotonic() < deadline_s, f"it does not end: {self.seen[-2_000:]!r}"
            self._read(0.05)
        while self._read(0.0):
            pass
        return self._process.returncode

    def _read(self, patience_s: float) -> bool:
        """Take what there is, after waiting for it so long; return whether there was something."""
        if not select.select([self._desk], [], [], patience_s)[0]:
            return False
        self.seen += os.read(self._desk, 65_536)
        return True
