"""Ctrl-C and SIGTERM for commands that clean up behind themselves: both unwind them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Terminated(BaseException):
    """SIGTERM came; as KeyboardInterrupt, nothing that handles errors catches it."""


@contextmanager
def unwound_by_signals() -> Iterator[None]:
    """While in force, SIGINT and SIGTERM raise on the main thread, so that what was begun is removed.

    SIGINT raises KeyboardInterrupt, which is left to the caller. SIGTERM raises `Terminated`: when that
    has left the block, the process dies by the signal, and its parent sees it; a second SIGTERM ends it
    at once. A signal that is ignored stays so. Also a decorator; main thread only.
    """
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: _terminate}
    before = {
        number: signal.signal(number, handler)
        for number, handler in handlers.items()
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    except Terminated:
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _terminate(number: int, _frame: FrameType | None) -> NoReturn:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated
