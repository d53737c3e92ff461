"""The bounded queue of hops between kws-capture and kws-infer."""

import threading
from collections import deque
from dataclasses import dataclass

from kws_live.pool import Idle
from kws_live.types import Span

LINGER_S = 0.05
"""How long hops of an unpaced source wait for more: a file fills a batch in a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Everything before this point belongs to another stretch of audio: forget it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The gate closed at `sample`: no hop follows at once."""

    sample: int


Work = range | Reset | Pause | Idle
"""What is done in order: hops, as the samples at which they are; a marker between hops; or nothing for a while."""


class WorkQueue:
    """Spans in, hops out, in order, with a bound.

    A hop point is a multiple of `hop_samples`; a span holds those with start < hop <= end. When the
    source is paced, putting never waits: past `limit_hops` the oldest hops are skipped, because a
    late command is worse than a missed window. Hops come out one by one. When it isn't, putting
    waits and nothing is ever skipped, and hops come out as many at a time as there are.

    Args:
        hop_samples: the absolute grid.
        limit_hops: most hops that wait.
        paced: whether old work may be skipped.
        batch_hops: most hops that come out at a time; 1 where the source is paced.
    """

    def __init__(
        self, hop_samples: int, limit_hops: int, *, paced: bool, batch_hops: int = 1
    ) -> None:
        self._hop_samples = hop_samples
        self._limit_hops = limit_hops
        self._paced = paced
        self._batch_hops = batch_hops
        self._items: deque[range | Reset | Pause] = deque()
        self._waiting_hops = 0
        self._taken_from: int | None = None
        """First sample that is being worked on; None while none is."""
        self._taken_to = 0
        self._linger_s = LINGER_S
        self._idle = True
        """Whether it was told that nothing comes."""
        self._closed = False
        self._condition = threading.Condition()

    def put(self, work: Span | Reset | Pause) -> int:
        """Append the hops of a span, or a marker; return how many old hops were skipped for it. On kws-capture.

        Once the queue is closed, nothing is appended.
        """
        if isinstance(work, Span):
            hops = work.hops(self._hop_samples)
            return self._put_hops(hops) if hops else 0
        with self._condition:
            if not self._closed:
                self._items.append(work)
                self._condition.notify_all()
        return 0

    def take(self) -> Work | None:
        """Wait for the next work; None once closed and empty. On kws-infer.

        Hops of an unpaced source come a batch at a time; fewer where a marker or the end follows them
        or no more came for 50 ms. `Idle` comes once where nothing did.
        """
        with self._condition:
            if self._batch_hops == 1 or self._idle:
                self._condition.wait_for(lambda: self._items or self._closed)
            if self._batch_hops > 1:
                whole = self._condition.wait_for(self._has_whole, self._linger_s)
                # Once it came to waiting, the source is slow: what it gives is not held up again.
                self._linger_s = LINGER_S if whole else 0.0
            self._idle = not self._items
            if self._idle:
                return None if self._closed else Idle()
            return self._pop()

    def done(self, sample: int) -> None:
        """Note that the work taken is done up to `sample`. On kws-infer."""
        with self._condition:
            if self._taken_from is not None:
                self._taken_from = sample + 1 if sample < self._taken_to else None
                self._condition.notify_all()

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

    def _put_hops(self, hops: range) -> int:
        skipped = 0
        with self._condition:
            while hops and not self._closed:
                room = len(hops) if self._paced else self._limit_hops - self._waiting_hops
                if room > 0:
                    self._append(hops[:room])
                    hops = hops[room:]
                    # Whoever waits for a whole batch is not woken for each hop of it.
                    if self._idle or self._has_whole():
                        self._condition.notify_all()
                else:
                    self._condition.wait_for(
                        lambda: self._waiting_hops < self._limit_hops or self._closed
                    )
            while self._waiting_hops > self._limit_hops:
                self._skip_oldest()
                skipped += 1
        return skipped

    def _append(self, hops: range) -> None:
        last = self._items[-1] if self._items else None
        if isinstance(last, range) and last[-1] + self._hop_samples == hops[0]:
            self._items[-1] = range(last[0], hops.stop, self._hop_samples)
        else:
            self._items.append(hops)
        self._waiting_hops += len(hops)

    def _skip_oldest(self) -> None:
        for index, item in enumerate(self._items):
            if isinstance(item, range):
                self._waiting_hops -= 1
                if len(item) > 1:
                    self._items[index] = item[1:]
                else:
                    del self._items[index]
                return

    def _has_whole(self) -> bool:
        """Return whether what comes next would not become more by waiting."""
        if not self._items:
            return self._closed
        first = self._items[0]
        return (
            self._closed
            or len(self._items) > 1
            or not isinstance(first, range)
            or len(first) >= self._batch_hops
        )

    def _pop(self) -> range | Reset | Pause:
        item = self._items.popleft()
        match item:
            case range():
                if len(item) > self._batch_hops:
                    self._items.appendleft(item[self._batch_hops :])
                    item = item[: self._batch_hops]
                self._waiting_hops -= len(item)
                self._take_in_hand(item[0], item[-1])
                self._condition.notify_all()
            case Pause():
                self._take_in_hand(item.sample, item.sample)
        return item

    def _take_in_hand(self, first: int, last: int) -> None:
        if self._taken_from is None:
            self._taken_from = first
        self._taken_to = last

    def _oldest(self) -> float:
        if self._taken_from is not None:
            return self._taken_from
        starts = (_sample(item) for item in self._items)
        return next((sample for sample in starts if sample is not None), float("inf"))


def _sample(work: range | Reset | Pause) -> int | None:
    """Return the sample behind the oldest audio that this work may look at; None where it looks at none."""
    match work:
        case Reset():
            return None
        case Pause():
            return work.sample
        case _:
            return work[0]
