"""What takes events, and the bounded mailbox between publishers and a sink's own thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Protocol

from kws_live.events.event import Event


class Sink(Protocol):
    """Takes every event and deals with it on a thread of its own, as fast as it can."""

    name: str
    """Short name for drop counts, unique among the sinks of a bus."""

    def offer(self, event: Event, block: bool) -> bool:
        """Take `event`, or return False if it had to be dropped (any thread).

        With `block`, wait for room rather than drop, until `release` or `close`.
        """
        ...

    def release(self) -> None:
        """Hold up nobody any more, the program is to stop (any thread, idempotent).

        Offers return at once, and `run` ends soon after `close` even if its output is stuck.
        """
        ...

    def run(self) -> None:
        """Deal with events until closed and drained; blocks, on a thread of its own."""
        ...

    def close(self) -> None:
        """Take no more; `run` ends once those taken are dealt with (any thread, idempotent)."""
        ...


class Mailbox:
    """A bounded queue of events, from any threads to one, without polling.

    Args:
        capacity: how many events it holds.
        wake: called when an event came in and when it was closed, on the thread that did so; for
            readers that wait for a file descriptor and not in `take`. Must not block.
    """

    def __init__(self, capacity: int, wake: Callable[[], None] | None = None) -> None:
        self._capacity = capacity
        self._wake = wake
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._patient = True
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether no more events are taken; some may still be inside."""
        with self._changed:
            return self._closed

    def offer(self, event: Event, block: bool) -> bool:
        """Put `event` in, or return False if it is closed or full (any thread).

        With `block`, wait while it is full, until `release` or `close`.
        """
        with self._changed:
            while block and self._patient and not self._closed and self._full():
                self._changed.wait()
            if self._closed or self._full():
                return False
            self._events.append(event)
            self._changed.notify_all()
        self._call_wake()
        return True

    def take(self, timeout_s: float | None = None) -> Event | None:
        """Return the oldest event, waiting for one if need be.

        Returns:
            None when it is closed and empty, or after `timeout_s` seconds without an event.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._closed, timeout_s)
            if not self._events:
                return None
            self._changed.notify_all()
            return self._events.popleft()

    def drain(self) -> list[Event]:
        """Return all the events inside, oldest first, without waiting."""
        with self._changed:
            events = list(self._events)
            self._events.clear()
            self._changed.notify_all()
            return events

    def __iter__(self) -> Iterator[Event]:
        """Yield events, waiting for each, until closed and empty."""
        while (event := self.take()) is not None:
            yield event

    def with_ticks(self, period_s: Callable[[], float]) -> Iterator[Event | None]:
        """Yield events, and None at once and every `period_s()` seconds, until closed and empty.

        The period is asked for after every tick and every event.
        """
        last_s = due_s = time.monotonic()
        while True:
            closed = self.closed  # asked first: nothing comes in after that
            event = self.take(max(due_s - time.monotonic(), 0.0))
            if event is not None:
                yield event
                due_s = min(due_s, last_s + period_s())
            elif closed:
                return
            now_s = time.monotonic()
            if now_s >= due_s:
                yield None
                # Who comes late doesn't tick twice as often afterwards.
                last_s = max(due_s, now_s - period_s())
                due_s = last_s + period_s()

    def release(self) -> None:
        """Make blocked and later offers return at once (any thread, idempotent)."""
        with self._changed:
            self._patient = False
            self._changed.notify_all()

    def close(self) -> None:
        """Take no more events; those inside can still be read (any thread, idempotent)."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._call_wake()

    def _full(self) -> bool:
        return len(self._events) >= self._capacity

    def _call_wake(self) -> None:
        if self._wake is not None:
            self._wake()
