"""Calls made side by side on several threads, and what they give taken in order."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_AHEAD = 2
"""Calls that are under way or wait, for each worker: none has nothing to do while results are used."""


class Idle:
    """Among things in order: nothing comes for a while, so that what is under way should be given now."""


class Pool:
    """Makes calls on the threads that run it.

    ThreadPoolExecutor would not do: at exit it waits for calls that nobody wants any more.

    Args:
        workers: how many threads will call `run`; by default one for each core that this process
            may use.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or len(os.sched_getaffinity(0))
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._unfinished: set[Future[Any]] = set()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def ahead(self) -> int:
        """How many calls keep all workers busy."""
        return self.workers * _AHEAD

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """Have a call made; its future is cancelled if the pool is closed before it is done. Any thread."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
            else:
                self._unfinished.add(future)
                self._calls.put((future, call))
        return future

    def run(self) -> None:
        """Make calls until the pool is closed. On each of its threads."""
        while (item := self._calls.get()) is not None and not self._closed:
            future, call = item
            _settle(future, call)
            with self._lock:
                self._unfinished.discard(future)

    def close(self) -> None:
        """Let `run` end after the calls under way, which nobody waits for any more. Any thread, any number of times."""
        with self._lock:
            self._closed = True
            unfinished = list(self._unfinished)
        for future in unfinished:
            future.cancel()
        for _ in range(self.workers):
            self._calls.put(None)


def _settle(future: Future[T], call: Callable[[], T]) -> None:
    """Make a call and have its future take what comes of it."""
    with suppress(InvalidStateError):  # a future that is cancelled meanwhile takes nothing
        try:
            result = call()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)


@contextmanager
def running(workers: int | None = None) -> Iterator[Pool]:
    """A pool whose threads run for the time of a `with` block."""
    pool = Pool(workers)
    for number in range(pool.workers):
        threading.Thread(target=pool.run, name=f"kws-pool-{number}", daemon=True).start()
    try:
        yield pool
    finally:
        pool.close()


def in_order(items: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Yield `items` in their order, the results of futures in place of them.

    Args:
        items: taken one by one; they may be made as they are taken, and wait for something. At an
            `Idle` all futures before it are waited for.
        ahead: most futures that are under way before the first of them is waited for.

    Raises:
        CancelledError: the pool of a future was closed.
        BaseException: what the call of a future raised.
    """
    waiting: deque[Any] = deque()
    futures = 0
    for item in items:
        waiting.append(item)
        futures += isinstance(item, Future)
        allowed = 0 if isinstance(item, Idle) else ahead
        while waiting and (futures > allowed or _is_there(waiting[0])):
            first = waiting.popleft()
            futures -= isinstance(first, Future)
            yield first.result() if isinstance(first, Future) else first
    for first in waiting:
        yield first.result() if isinstance(first, Future) else first


def _is_there(item: object) -> bool:
    return not isinstance(item, Future) or item.done()
