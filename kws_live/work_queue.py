"""The bounded queue of hops between kws-capture and kws-infer."""

import threading
from collections import deque
from dataclasses import dataclass

from kws_live.types import Span


@dataclass(frozen=True, slots=True)
class Reset:
    """Everything before this point belongs to another stretch of audio: forget it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The gate closed at `sample`: no hop follows at once."""

    sample: int


Work = int | Reset | Pause
"""What is done in order: the hop at a sample, or a marker between hops."""


class WorkQueue:
    """Spans in, single hops out, in order, with a bound.

    A hop point is a multiple of `hop_samples`; a span holds those with start < hop <= end. When the
    source is paced, putting never waits: past `limit_hops` the oldest hops are skipped, because a
    late command is worse than a missed window. When it isn't, putting waits and nothing is ever
    skipped.

    Args:
        hop_samples: the absolute grid.
        limit_hops: most hops that wait.
        paced: whether old work may be skipped.
    """

    def __init__(self, hop_samples: int, limit_hops: int, *, paced: bool) -> None:
        self._hop_samples = hop_samples
        self._limit_hops = limit_hops
        self._paced = paced
        self._items: deque[Work] = deque()
        self._waiting_hops = 0
        self._working_on: int | None = None
        self._closed = False
        self._condition = threading.Condition()

    def put(self, work: Span | Reset | Pause) -> int:
        """Append the hops of a span, or a marker; return how many old hops were skipped for it. On kws-capture."""
        skipped = 0
        with self._condition:
            if not isinstance(work, Span):
                self._items.append(work)
            else:
                for hop in work.hops(self._hop_samples):
                    if self._waiting_hops >= self._limit_hops:
                        if self._paced:
                            self._skip_oldest()
                            skipped += 1
                        else:
                            self._condition.wait_for(
                                lambda: self._waiting_hops < self._limit_hops or self._closed
                            )
                    self._items.append(hop)
                    self._waiting_hops += 1
                    self._condition.notify_all()
            self._condition.notify_all()
        return skipped

    def take(self) -> Work | None:
        """Wait for the next hop point (its sample) or marker; None once closed and empty. On kws-infer."""
        with self._condition:
            self._working_on = None
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._items or self._closed)
            if not self._items:
                return None
            item = self._items.popleft()
            if isinstance(item, int):
                self._waiting_hops -= 1
            self._working_on = _sample(item)
            self._condition.notify_all()
            return item

    def wait_until_past(self, sample: int) -> None:
        """Wait until no hop or pause before `sample` is waiting or being worked on, or the queue is closed."""
        with self._condition:
            self._condition.wait_for(lambda: self._closed or self._oldest() >= sample)

    def close(self, *, discard: bool = False) -> None:
        """Let `take` end after what is queued, or at once with `discard`; wakes whoever waits. Any thread."""
        with self._condition:
            self._closed = True
            if discard:
                self._items.clear()
                self._waiting_hops = 0
            self._condition.notify_all()

    def _skip_oldest(self) -> None:
        for index, item in enumerate(self._items):
            if isinstance(item, int):
                del self._items[index]
                self._waiting_hops -= 1
                return

    def _oldest(self) -> float:
        if self._working_on is not None:
            return self._working_on
        waiting = (_sample(item) for item in self._items)
        return next((sample for sample in waiting if sample is not None), float("inf"))


def _sample(work: Work) -> int | None:
    """Return the sample behind the audio that this work may look at; None where it looks at none."""
    match work:
        case Reset():
            return None
        case Pause():
            return work.sample
        case _:
            return work
