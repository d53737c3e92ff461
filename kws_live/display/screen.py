"""The terminal while the display is on it: entered, drawn on with little output, and always given back."""

import os
import termios
import threading
from collections.abc import Callable, Sequence
from typing import Final

from kws_live.display.frame import BLANK, Frame, FrameLine

# Names as in xterm's "Control Sequences"; 2026 is synchronized output, ignored where unknown.
_ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
_LEAVE: Final = "\x1b[0m\x1b[2J\x1b[?7h\x1b[?25h\x1b[?1049l"
_BEGIN: Final = "\x1b[?2026h"
_END: Final = "\x1b[?2026l"
_ERASE_ALL: Final = "\x1b[0m\x1b[2J"
_ERASE_REST: Final = "\x1b[K"

_DEFAULT_SIZE: Final = (80, 24)


class Screen:
    """The alternate screen of a terminal, without cursor, echo and line wrap between `enter` and `leave`.

    Only lines that changed are written. `enter` and `leave` may be called on any thread and in any
    order; `draw` does nothing while the screen is not entered.

    Args:
        fd: file descriptor of the terminal.
        paint: turns styled text into text with this terminal's escape sequences.
        encoding: of the terminal.
    """

    def __init__(self, fd: int, paint: Callable[[FrameLine], str], encoding: str) -> None:
        self._fd = fd
        self._paint = paint
        self._encoding = encoding
        # Re-entrant: a signal handler may have to leave on the thread that is just entering.
        self._lock = threading.RLock()
        self._terminal_state: list[int | list[bytes | int]] | None = None
        self._entered = False
        self._drawn: Sequence[FrameLine] = ()
        self._size = _DEFAULT_SIZE

    def enter(self) -> None:
        """Take the terminal over; any thread, idempotent."""
        with self._lock:
            if self._entered:
                return
            self._entered = True
            self._drawn = ()
            self._echo_off()
            self._write(_ENTER)

    def leave(self) -> None:
        """Give the terminal back as it was; any thread, idempotent, quiet if the terminal is gone."""
        with self._lock:
            if not self._entered:
                return
            self._entered = False
            try:
                self._write(_LEAVE)
                if self._terminal_state is not None:
                    # Flushing forgets keys that were typed at the display, not at the shell.
                    termios.tcsetattr(self._fd, termios.TCSAFLUSH, self._terminal_state)
            except (OSError, termios.error):
                return

    def size(self) -> tuple[int, int]:
        """Return the terminal's columns and lines as they are now."""
        try:
            columns, lines = os.get_terminal_size(self._fd)
        except OSError:
            return _DEFAULT_SIZE
        return (columns, lines) if columns and lines else _DEFAULT_SIZE

    def draw(self, frame: Frame, width: int, height: int, *, everything: bool = False) -> None:
        """Bring the terminal, `width` × `height` cells, to show `frame`.

        Args:
            frame: what to show; at most that large.
            width: columns of the terminal.
            height: lines of the terminal.
            everything: write lines that did not change too, for what others may have written over.

        Raises:
            OSError: the terminal is gone.
        """
        with self._lock:
            if not self._entered:
                return
            resized = (width, height) != self._size
            before = () if resized or everything else self._drawn
            output = [_ERASE_ALL] if resized else []
            for row in range(height):
                line = frame.lines[row] if row < len(frame.lines) else BLANK
                if row >= len(before) or before[row] != line:
                    output.append(f"\x1b[{row + 1};1H{self._line(line, width)}")
            self._size = (width, height)
            self._drawn = [*frame.lines, *[BLANK] * (height - len(frame.lines))]
            if output:
                self._write("".join((_BEGIN, *output, _END)))

    def _line(self, line: FrameLine, width: int) -> str:
        # After a full line the cursor stays on the last cell, which erasing would take away.
        return self._paint(line) + (_ERASE_REST if line.cells < width else "")

    def _echo_off(self) -> None:
        try:
            state = termios.tcgetattr(self._fd)
        except termios.error:
            return
        self._terminal_state = state
        quiet = list(state)
        local_modes = state[3]
        assert isinstance(local_modes, int)
        quiet[3] = local_modes & ~(termios.ECHO | termios.ECHONL)
        termios.tcsetattr(self._fd, termios.TCSADRAIN, quiet)

    def _write(self, text: str) -> None:
        write_all(self._fd, text.encode(self._encoding, "replace"))


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`, however often that takes.

    Raises:
        OSError: a write failed; BrokenPipeError if nobody reads any more.
    """
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
