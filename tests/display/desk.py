"""A program on a terminal, and somebody who watches it."""

import os
import pty
import subprocess
import sys
import termios
import time


class Desk:
    """A person at a terminal of 80×24 on which a program runs."""

    def __init__(self, program: str, **environ: str) -> None:
        self._desk, side = pty.openpty()
        termios.tcsetwinsize(self._desk, (24, 80))
        self._state = termios.tcgetattr(side)
        self._side = side
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=side,
            stdout=side,
            stderr=side,
            env=os.environ
            | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", "NO_COLOR": ""}
            | environ,
        )

    def read_until(self, words: str) -> None:
        """Read until the program has written `words`."""
        deadline_s = time.monotonic() + 20
        while words not in self.seen:
            assert time.monotonic() < deadline_s, f"no {words!r} in {self.seen!r}"
            self.seen += os.read(self._desk, 65_536).decode(errors="replace")

    def wait(self) -> int:
        """Read until the program has ended; return its exit code."""
        marker = "the program has ended"
        while self.process.poll() is None:
            self._drain()
        os.write(self._side, marker.encode())
        self.read_until(marker)
        return self.process.returncode

    def as_before(self) -> bool:
        """Whether the terminal's settings are those from before the program."""
        return termios.tcgetattr(self._side) == self._state

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._desk)
        os.close(self._side)

    def _drain(self) -> None:
        os.set_blocking(self._desk, False)
        try:
            self.seen += os.read(self._desk, 65_536).decode(errors="replace")
        except BlockingIOError:
            time.sleep(0.01)
        finally:
            os.set_blocking(self._desk, True)
