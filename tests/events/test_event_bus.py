"""Numbering, delivery and drop reports of the event bus."""

import threading
import time

import pytest

from kws_live.events import (
    Body,
    DroppedBody,
    ErrorBody,
    Event,
    EventBus,
    Mailbox,
    VadBody,
    new_run_id,
)

OPEN = VadBody(open=True)


class KeepingSink:
    """A sink that keeps what it takes until told to hand it over."""

    def __init__(self, name: str, capacity: int = 100_000) -> None:
        self.name = name
        self.mailbox = Mailbox(capacity)
        self.offer = self.mailbox.offer
        self.release = self.mailbox.release
        self.close = self.mailbox.close

    def run(self) -> None:
        """Nothing to do: the test reads."""

    def seqs(self) -> list[int]:
        """Hand over all there is, as numbers."""
        return [event.seq for event in self.mailbox.drain()]


def test_every_sink_gets_every_event_in_order() -> None:
    """Numbers begin at 0; the envelope holds the run, the time of day and the stream's time."""
    sinks = KeepingSink("a"), KeepingSink("b")
    bus = EventBus("run-1", sinks, clock=lambda: 1_000_000_000)
    before_ns = time.monotonic_ns()
    bus.publish(OPEN, 0.5)
    last = bus.publish(ErrorBody("no", 70), 1.5)
    assert before_ns <= last.published_ns <= time.monotonic_ns()
    for sink in sinks:
        first, second = sink.mailbox.drain()
        assert (first.run, first.seq, first.ts) == ("run-1", 0, "1970-01-01T00:00:01.000Z")
        assert (first.stream_s, first.type) == (0.5, "vad")
        assert second == last


def test_numbers_have_no_gap_whatever_the_threads() -> None:
    """Eight publishers at once: each sink sees 0, 1, 2 … in that order."""
    sinks = KeepingSink("a"), KeepingSink("b")
    bus = EventBus("run", sinks)
    threads = [
        threading.Thread(target=lambda: [bus.publish(OPEN, 0.0) for _ in range(500)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for sink in sinks:
        assert sink.seqs() == list(range(4_000))


def test_what_a_full_sink_misses_is_reported_once_it_has_room() -> None:
    """A slow sink holds up nobody, and everybody learns how many events it missed."""
    slow, fast = KeepingSink("slow", capacity=2), KeepingSink("fast")
    bus = EventBus("run", [slow, fast])
    for _ in range(5):
        bus.publish(OPEN, 0.0)
    assert bus.dropped() == {"slow": 3}
    assert slow.seqs() == [0, 1]
    bus.publish(OPEN, 2.0)
    assert slow.seqs() == [5, 6]
    events = fast.mailbox.drain()
    assert [event.seq for event in events] == list(range(7))
    assert events[-1].body == DroppedBody("events", count=3, total=3, sink="slow")
    assert events[-1].stream_s == 2.0


def test_a_report_counts_from_the_one_before() -> None:
    """`count` is new, `total` is since the start, and the sums agree."""
    slow, fast = KeepingSink("slow", capacity=2), KeepingSink("fast")
    bus = EventBus("run", [slow, fast])
    for _ in range(3):
        for _ in range(4):
            bus.publish(OPEN, 0.0)
        slow.mailbox.drain()
    bus.publish(OPEN, 0.0)
    reports = [body for body in bodies(fast) if isinstance(body, DroppedBody)]
    assert sum(report.count for report in reports) == reports[-1].total == bus.dropped()["slow"]
    assert [report.total for report in reports] == sorted({report.total for report in reports})


def test_a_report_waits_until_the_sink_has_room_for_it_too() -> None:
    """With room for one event only, the report isn't lost and takes no number."""
    slow, fast = KeepingSink("slow", capacity=1), KeepingSink("fast")
    bus = EventBus("run", [slow, fast])
    bus.publish(OPEN, 0.0)
    bus.publish(OPEN, 0.0)
    assert slow.seqs() == [0]
    bus.publish(OPEN, 0.0)
    assert slow.seqs() == [2]
    assert fast.seqs() == [0, 1, 2]
    assert bus.dropped() == {"slow": 1}


def test_a_lossless_bus_waits_for_a_full_sink() -> None:
    """Where the audio can wait, nothing is missed."""
    slow = KeepingSink("slow", capacity=1)
    bus = EventBus("run", [slow], lossless=True)
    publisher = threading.Thread(target=lambda: [bus.publish(OPEN, 0.0) for _ in range(50)])
    publisher.start()
    seqs = [slow.mailbox.take(5) for _ in range(50)]
    publisher.join(5)
    assert [event.seq for event in seqs if isinstance(event, Event)] == list(range(50))
    assert bus.dropped() == {}


def test_release_frees_every_publisher_of_a_lossless_bus() -> None:
    """Those that wait for the sink and those that wait for each other all come back."""
    bus = EventBus("run", [KeepingSink("slow", capacity=1)], lossless=True)
    publishers = [
        threading.Thread(target=lambda: [bus.publish(OPEN, 0.0) for _ in range(3)])
        for _ in range(4)
    ]
    for publisher in publishers:
        publisher.start()
    time.sleep(0.05)
    assert all(publisher.is_alive() for publisher in publishers)
    bus.release()
    for publisher in publishers:
        publisher.join(5)
    assert bus.dropped() == {"slow": 11}


def test_two_sinks_of_one_name_are_refused() -> None:
    """Their drop counts could not be told apart."""
    bus = EventBus("run", [KeepingSink("json")])
    with pytest.raises(ValueError, match="json"):
        bus.attach(KeepingSink("json"))


def test_run_ids_differ() -> None:
    """Two runs written to one file can be told apart."""
    assert len({new_run_id() for _ in range(1_000)}) == 1_000


def bodies(sink: KeepingSink) -> list[Body]:
    """Hand over the bodies of all that the sink took."""
    return [event.body for event in sink.mailbox.drain()]
