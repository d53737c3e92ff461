"""SIGTERM for commands that clean up behind themselves: it unwinds them as Ctrl-C does."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Terminated(BaseException):
    """SIGTERM came; as KeyboardInterrupt, nothing that handles errors catches it."""


@contextmanager
def unwound_by_sigterm() -> Iterator[None]:
    """While in force, SIGTERM is raised on the main thread as `Terminated`, so that what was begun is removed.

    When the block has been left by it, the process dies by the signal, and its parent sees that. A second
    SIGTERM ends it at once. Nothing changes where SIGTERM is ignored. Also a decorator; main thread only.
    """
    before = signal.getsignal(signal.SIGTERM)
    if before is signal.SIG_IGN:
        yield
        return

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        signal.signal(number, signal.SIG_DFL)
        raise Terminated

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except Terminated:
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
