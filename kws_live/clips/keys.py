"""Single key presses at a terminal."""

import os
import select
import termios
import tty

_ESCAPE = b"\x1b"
_READ_BYTES = 256


class Keys:
    """Delivers keys as they are pressed, unseen, between `enter` and `leave`; Ctrl-C stays a signal.

    Args:
        fd: file descriptor of the terminal.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._before: list[int | list[bytes | int]] | None = None

    def enter(self) -> None:
        """Take the keyboard over; idempotent."""
        if self._before is None:
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd)

    def leave(self) -> None:
        """Give the keyboard back as it was; idempotent, quiet if the terminal is gone."""
        if self._before is None:
            return
        try:
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, self._before)
        except (OSError, termios.error):
            return
        finally:
            self._before = None

    def read(self, timeout_s: float) -> str | None:
        """Return the keys pressed, "" if none is within `timeout_s`; None if the terminal is gone.

        Arrows, function keys and the like, which send several characters, are left out, and what
        came at once behind them.
        """
        if not select.select([self._fd], [], [], timeout_s)[0]:
            return ""
        try:
            data = os.read(self._fd, _READ_BYTES)
        except OSError:
            return None
        if not data:
            return None
        return data.partition(_ESCAPE)[0].decode(errors="replace")
