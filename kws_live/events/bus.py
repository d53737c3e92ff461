"""Gives every event its number and time, and offers it to each sink."""

import os
import threading
import time
from collections.abc import Callable, Iterable

from kws_live.events.bodies import Body, DroppedBody
from kws_live.events.event import Event
from kws_live.events.sink import Sink


def new_run_id() -> str:
    """Return an id for one run of the program: 12 hexadecimal digits, random."""
    return os.urandom(6).hex()


class EventBus:
    """Numbers events and offers each, in order, to every sink.

    A sink that has no room misses the event. The bus counts what each sink missed and, after the
    first event that the sink takes again, publishes a `dropped` event for all. A lossless bus makes
    publishers wait instead: right where the audio waits too (a file), wrong where it doesn't (a
    microphone).

    Args:
        run_id: id of this run of the program.
        sinks: who is offered the events; more can be attached before the first is published.
        lossless: wait for sinks that have no room.
        clock: time of day, in ns since the Unix epoch.
    """

    def __init__(
        self,
        run_id: str,
        sinks: Iterable[Sink] = (),
        *,
        lossless: bool = False,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._run_id = run_id
        self._sinks: list[Sink] = []
        self._lossless = lossless
        self._clock = clock
        self._lock = threading.Lock()
        self._next_seq = 0
        self._missed: dict[str, int] = {}
        self._reported: dict[str, int] = {}
        for sink in sinks:
            self.attach(sink)

    def attach(self, sink: Sink) -> None:
        """Add a sink, for those that publish themselves and so need the bus first.

        Raises:
            ValueError: there is a sink of that name.
        """
        with self._lock:
            if any(other.name == sink.name for other in self._sinks):
                raise ValueError(
                    f"two event sinks are named {sink.name!r}; their drop counts would mix"
                )
            self._sinks.append(sink)

    def publish(self, body: Body, stream_s: float) -> Event:
        """Publish what happened at `stream_s` seconds of audio (any thread, no signal handler).

        Returns:
            The event as the sinks were offered it.
        """
        with self._lock:
            event = self._make(body, stream_s)
            self._next_seq += 1
            taken = [sink for sink in self._sinks if self._offer(sink, event)]
            for sink in taken:
                if self._unreported(sink):
                    self._report(sink, stream_s)
        return event

    def dropped(self) -> dict[str, int]:
        """Return how many events each sink that missed any has missed since the start."""
        with self._lock:
            return dict(self._missed)

    def release(self) -> None:
        """Let no sink hold up anybody any more, for the program is to stop (any thread)."""
        # Without the lock: the publisher to be freed is holding it.
        for sink in self._sinks:
            sink.release()

    def _make(self, body: Body, stream_s: float) -> Event:
        return Event(
            self._run_id, self._next_seq, self._clock(), time.monotonic_ns(), stream_s, body
        )

    def _offer(self, sink: Sink, event: Event) -> bool:
        taken = sink.offer(event, self._lossless)
        if not taken:
            self._missed[sink.name] = self._missed.get(sink.name, 0) + 1
        return taken

    def _unreported(self, sink: Sink) -> int:
        return self._missed.get(sink.name, 0) - self._reported.get(sink.name, 0)

    def _report(self, sink: Sink, stream_s: float) -> None:
        """Tell all sinks what `sink` missed; if it is full again, there is no report yet."""
        total = self._missed[sink.name]
        body = DroppedBody("events", self._unreported(sink), total, sink.name)
        report = self._make(body, stream_s)
        if not sink.offer(report, False):
            return
        self._next_seq += 1
        self._reported[sink.name] = total
        for other in self._sinks:
            if other is not sink:
                self._offer(other, report)
