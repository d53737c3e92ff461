"""The live display: a sink of events that draws itself and the status on the terminal."""

import atexit
import contextlib
import os
import sys
import termios
import time
from collections.abc import Mapping
from typing import Final, TextIO

from kws_live.display.farewell import farewell
from kws_live.display.history import History
from kws_live.display.paint import painter, stream_glyphs
from kws_live.display.render import render
from kws_live.display.screen import Screen, write_all
from kws_live.display.stderr import StderrTap
from kws_live.errors import OutputError
from kws_live.events import Event, Mailbox, VadBody
from kws_live.status import Status, StatusSnapshot

_CAPACITY: Final = 256
_CALM_PERIOD_S: Final = 0.25
"""While nobody speaks, only the level and the time change."""
_REPAINT_S: Final = 5.0
"""What others wrote over the display stays no longer than this."""


class LiveDisplay:
    """A sink that shows what is going on until it is closed, and then leaves a summary on the terminal.

    While `run` is at work the terminal's alternate screen is in use, and what this process writes to a standard
    error that is a terminal appears among the messages.

    Args:
        status: what is going on.
        refresh_hz: how often it is drawn, at most; four times a second while the gate is closed.
        stream: the terminal.
        environ: of the process, for TERM, COLORTERM and NO_COLOR.
    """

    name = "display"

    def __init__(
        self,
        status: Status,
        refresh_hz: float,
        stream: TextIO | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        stream = stream or sys.stdout
        self._status = status
        self._period_s = 1.0 / refresh_hz
        self._mailbox = Mailbox(_CAPACITY)
        self._history = History()
        self._glyphs = stream_glyphs(stream, environ)
        self._paint = painter(stream, environ)
        self._stream = stream
        self._screen = Screen(stream.fileno(), self._paint, stream.encoding)
        self._tap = StderrTap()
        self._shown: tuple[StatusSnapshot, tuple[int, int]] | None = None
        self._painted_s = 0.0
        self._gate_open = False
        self._changed = True
        self.takes_stderr: Final = self._tap.can_start()
        """Whether standard error is a terminal, which others must not write to while `run` is at work."""

    def offer(self, event: Event, block: bool) -> bool:
        """Take `event` to be shown, or return False if it had to be dropped (any thread)."""
        return self._mailbox.offer(event, block)

    def release(self) -> None:
        """Make blocked and later offers return at once (any thread, idempotent)."""
        self._mailbox.release()

    def close(self) -> None:
        """Take no more events; `run` ends soon after (any thread, idempotent)."""
        self._mailbox.close()

    def run(self) -> None:
        """Show the display until closed; whatever happens, the terminal is as before at the end.

        Raises:
            OutputError: the terminal is gone.
        """
        # For an interpreter that ends while this thread still runs.
        atexit.register(self.restore)
        try:
            self._tap.start()
            self._screen.enter()
            self._show_until_closed()
            self.restore()
            self._say_farewell()
        except (OSError, termios.error) as error:
            raise OutputError(
                f"can't draw on the terminal: {error.args[-1]}. "
                "If it is gone, start kws-live in another one, or with its output in a file."
            ) from error
        finally:
            self._mailbox.close()
            self.restore()
            atexit.unregister(self.restore)

    def suspend(self) -> None:
        """Give the terminal back for a while (Ctrl-Z); any thread, signal handlers too."""
        self._screen.leave()

    def resume(self) -> None:
        """Take the terminal again after `suspend`; any thread, signal handlers too."""
        self._screen.enter()
        self._shown = None

    def restore(self) -> None:
        """Give the terminal and standard error back at once; any thread, idempotent."""
        self._screen.leave()
        self._tap.stop()
        with contextlib.suppress(OSError):
            for line in self._tap.lines():
                write_all(sys.stderr.fileno(), f"{line}\n".encode(sys.stderr.encoding, "replace"))

    def _show_until_closed(self) -> None:
        for event in self._mailbox.with_ticks(self._until_next_s):
            if event is not None:
                self._history.record(event)
                self._changed = True
                if isinstance(event.body, VadBody):
                    self._gate_open = event.body.open
            else:
                self._draw(time.monotonic(), self._changed)
                self._changed = False

    def _until_next_s(self) -> float:
        if self._gate_open or self._changed:
            return self._period_s
        return max(self._period_s, _CALM_PERIOD_S)

    def _draw(self, now_s: float, changed: bool) -> None:
        for line in self._tap.lines():
            self._history.log(time.time_ns(), line)
            changed = True
        snapshot, size = self._status.snapshot(), self._screen.size()
        stale = now_s - self._painted_s >= _REPAINT_S
        if not (changed or stale) and (snapshot, size) == self._shown:
            return
        width, height = size
        frame = render(snapshot, self._history, width, height, self._glyphs)
        self._screen.draw(frame, width, height, everything=stale)
        self._shown = snapshot, size
        if stale:
            self._painted_s = now_s

    def _say_farewell(self) -> None:
        width, _ = self._screen.size()
        last = farewell(self._status.snapshot(), self._history, width, self._glyphs)
        text = "".join(f"{self._paint(line)}\n" for line in last.lines)
        # Not through the stream: what a terminal that is gone refused must not be left in its buffer.
        write_all(self._stream.fileno(), text.encode(self._stream.encoding, "replace"))
