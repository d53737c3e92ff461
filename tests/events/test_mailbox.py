"""The bounded mailbox between threads."""

import threading
import time

import pytest

from kws_live.events import Event, Mailbox, VadBody


def event(seq: int) -> Event:
    """Return some event, told apart by its number."""
    return Event("run", seq, 0, 0, 0.0, VadBody(open=True))


def in_thread(target: object, *args: object) -> threading.Thread:
    """Run a function on a thread of its own, given time to come to where it waits."""
    thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
    thread.start()
    time.sleep(0.05)
    return thread


def test_events_come_out_in_the_order_they_went_in() -> None:
    """First in, first out, by `take`, by iterating and by `drain`."""
    mailbox = Mailbox(10)
    for seq in range(6):
        assert mailbox.offer(event(seq), block=False)
    assert [mailbox.take(), mailbox.take()] == [event(0), event(1)]
    assert mailbox.drain() == [event(2), event(3), event(4), event(5)]
    mailbox.offer(event(6), block=False)
    mailbox.close()
    assert list(mailbox) == [event(6)]


def test_ticks_come_between_events_and_without_them() -> None:
    """One at once, then one a period, however many events come; at the end there is none more."""
    mailbox = Mailbox(1_000)
    for seq in range(1_000):
        mailbox.offer(event(seq), block=False)
    began_s = time.monotonic()
    ticks, events = 0, []
    for item in mailbox.with_ticks(lambda: 0.05):
        if item is not None:
            events.append(item)
            time.sleep(0.0002)
            continue
        ticks += 1
        if time.monotonic() - began_s > 0.5:
            mailbox.close()
    assert events == [event(seq) for seq in range(1_000)]
    assert 9 <= ticks <= 12


def test_a_shorter_period_after_an_event_brings_the_next_tick_forward() -> None:
    """Whoever ticks slowly because nothing happens need not wait when something does."""
    mailbox = Mailbox(10)
    period_s = 30.0
    items = mailbox.with_ticks(lambda: period_s)
    assert next(items) is None
    mailbox.offer(event(0), block=False)
    began_s = time.monotonic()
    assert next(items) == event(0)
    period_s = 0.05
    assert next(items) is None
    assert time.monotonic() - began_s < 5.0


def test_an_event_that_comes_in_just_before_the_end_is_not_lost() -> None:
    """It came, and the mailbox was closed, after waiting for one was given up and before the next look."""

    class LastMoment(Mailbox):
        def take(self, timeout_s: float | None = None) -> Event | None:
            taken = super().take(timeout_s)
            if taken is None and not self.closed:
                self.offer(event(7), block=False)
                self.close()
            return taken

    items = list(LastMoment(10).with_ticks(lambda: 0.001))
    assert [item for item in items if item is not None] == [event(7)]


def test_a_full_mailbox_refuses() -> None:
    """Without `block`, an offer never waits."""
    mailbox = Mailbox(1)
    assert mailbox.offer(event(0), block=False)
    assert not mailbox.offer(event(1), block=False)
    assert mailbox.drain() == [event(0)]


def test_a_blocking_offer_waits_for_room() -> None:
    """With `block`, an event goes in as soon as another came out."""
    mailbox = Mailbox(1)
    mailbox.offer(event(0), block=True)
    taken: list[bool] = []
    thread = in_thread(lambda: taken.append(mailbox.offer(event(1), block=True)))
    assert not taken
    assert mailbox.take() == event(0)
    thread.join(5)
    assert taken == [True]
    assert mailbox.take() == event(1)


@pytest.mark.parametrize("free", [Mailbox.release, Mailbox.close])
def test_release_and_close_free_a_waiting_publisher(free: object) -> None:
    """A program that stops can't be held up by a full mailbox."""
    mailbox = Mailbox(1)
    mailbox.offer(event(0), block=True)
    taken: list[bool] = []
    thread = in_thread(lambda: taken.append(mailbox.offer(event(1), block=True)))
    free(mailbox)  # type: ignore[operator]
    thread.join(5)
    assert taken == [False]
    assert not mailbox.offer(event(2), block=True)


def test_take_waits_for_an_event_or_the_time_given() -> None:
    """`take` returns None only after its time, or when nothing can come any more."""
    mailbox = Mailbox(1)
    began = time.monotonic()
    assert mailbox.take(0.05) is None
    assert time.monotonic() - began >= 0.05
    assert not mailbox.closed
    mailbox.close()
    assert mailbox.take() is None
    assert mailbox.closed


def test_wake_is_called_for_each_event_and_for_the_end() -> None:
    """A reader that waits for a file descriptor misses nothing."""
    calls: list[int] = []
    mailbox = Mailbox(1, wake=lambda: calls.append(len(calls)))
    mailbox.offer(event(0), block=False)
    mailbox.offer(event(1), block=False)  # refused: nothing to wake for
    assert len(calls) == 1
    mailbox.close()
    assert len(calls) == 2


def test_a_waiting_reader_never_wakes_while_nothing_happens() -> None:
    """An idle sink costs nothing: its thread isn't scheduled at all."""
    mailbox = Mailbox(1)
    thread = in_thread(mailbox.take)
    before = wake_ups(thread)
    time.sleep(1.0)
    assert wake_ups(thread) == before
    mailbox.close()
    thread.join(5)


def wake_ups(thread: threading.Thread) -> int:
    """Return how often the kernel has switched the thread out, whether or not it wanted to."""
    with open(f"/proc/self/task/{thread.native_id}/status", encoding="ascii") as status:
        return sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
