"""What signals do to a run: stop it cleanly, or give the terminal back for a while."""

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from kws_live.app import App


class Signals:
    """While in force: SIGINT and SIGTERM stop the app cleanly, Ctrl-Z gives the terminal back first."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._signal: int | None = None
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Signals":
        handlers: dict[signal.Signals, Callable[[int, FrameType | None], None]]
        handlers = {signal.SIGINT: self._stop, signal.SIGTERM: self._stop}
        if self._app.display is not None:
            handlers[signal.SIGTSTP] = self._suspend
        for number, handler in handlers.items():
            # A shell that starts us in the background has us ignore Ctrl-C, and that has to stay.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number
        self._app.stop()

    def _suspend(self, _number: int, _frame: FrameType | None) -> None:
        assert self._app.display is not None, "only set with a display"
        self._app.display.suspend()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._app.display.resume()

    def raise_again(self) -> None:
        """Die by the signal that came, if any, so that the parent process sees it."""
        if self._signal is not None:
            sys.stdout.flush()
            signal.signal(self._signal, signal.SIG_DFL)
            os.kill(os.getpid(), self._signal)
