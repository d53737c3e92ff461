"""The work queue turns spans into hops and bounds how many wait."""

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.pool import Idle
from kws_live.types import Span
from kws_live.work_queue import Pause, Reset, Work, WorkQueue

HOP = 1_600


def everything(queue: WorkQueue) -> list[int | Reset | Pause]:
    """Close the queue and take what is in it: each hop, and the markers."""
    queue.close()
    taken: list[int | Reset | Pause] = []
    while (item := queue.take()) is not None:
        assert not isinstance(item, Idle), "it was closed"
        taken += item if isinstance(item, range) else [item]
    return taken


def hops(first: int, last: int) -> range:
    """Hops number `first` to `last`, as they are taken."""
    return range(first * HOP, last * HOP + 1, HOP)


def unpaced(batch_hops: int, limit_hops: int = 1_000) -> WorkQueue:
    """The queue of a file."""
    return WorkQueue(HOP, limit_hops, paced=False, batch_hops=batch_hops)


@given(cuts=st.lists(st.integers(0, 100_000), max_size=20))
def test_however_a_stretch_is_cut_its_hops_are_the_multiples_in_it(cuts: list[int]) -> None:
    """Each hop point is in exactly one of the adjoining spans."""
    edges = [0, *sorted(cuts), 100_000]
    queue = unpaced(batch_hops=7)
    for start, end in itertools.pairwise(edges):
        queue.put(Span(start, end))
    assert everything(queue) == list(range(HOP, 100_001, HOP))


def test_a_paced_queue_skips_the_oldest_hops_and_says_how_many() -> None:
    """Past the limit the latest hops are kept."""
    queue = WorkQueue(HOP, limit_hops=3, paced=True)
    assert queue.put(Span(0, 2 * HOP)) == 0
    assert queue.put(Span(2 * HOP, 5 * HOP)) == 2
    assert everything(queue) == [3 * HOP, 4 * HOP, 5 * HOP]


def test_markers_are_never_skipped() -> None:
    """However many hops are."""
    queue = WorkQueue(HOP, limit_hops=1, paced=True)
    queue.put(Span(0, HOP))
    assert queue.put(Pause(HOP)) == 0
    assert queue.put(Reset()) == 0
    assert queue.put(Span(10 * HOP, 12 * HOP)) == 2
    assert everything(queue) == [Pause(HOP), Reset(), 12 * HOP]


def test_markers_keep_their_place_between_the_hops() -> None:
    """What was put before them comes before them."""
    queue = WorkQueue(HOP, limit_hops=10, paced=True)
    for work in (Span(0, HOP), Pause(HOP), Span(HOP, 2 * HOP), Reset()):
        queue.put(work)
    assert everything(queue) == [HOP, Pause(HOP), 2 * HOP, Reset()]


def test_hops_of_a_paced_source_come_one_by_one() -> None:
    """Each as soon as it is there."""
    queue = WorkQueue(HOP, limit_hops=10, paced=True)
    queue.put(Span(0, 3 * HOP))
    assert [queue.take() for _ in range(3)] == [hops(n, n) for n in (1, 2, 3)]


def test_hops_of_an_unpaced_source_come_in_batches() -> None:
    """However the spans were cut; less than a batch before a marker, behind a hole and at the end."""
    queue = unpaced(batch_hops=4)
    for start in range(0, 10 * HOP, 480):
        queue.put(Span(start, min(start + 480, 10 * HOP)))
    queue.put(Pause(10 * HOP))
    queue.put(Span(19 * HOP, 20 * HOP))
    queue.put(Span(29 * HOP, 31 * HOP))
    queue.close()
    taken = [hops(1, 4), hops(5, 8), hops(9, 10), Pause(10 * HOP), hops(20, 20), hops(30, 31)]
    assert [queue.take() for _ in range(7)] == [*taken, None]


def test_a_slow_unpaced_source_is_not_kept_waiting_for_a_batch() -> None:
    """What there is comes after a moment, then that nothing more does; the next hop comes at once."""
    queue = unpaced(batch_hops=4)
    queue.put(Span(0, 2 * HOP))
    assert queue.take() == hops(1, 2)
    assert isinstance(queue.take(), Idle)
    writer = threading.Timer(0.1, queue.put, [Span(2 * HOP, 3 * HOP)])
    writer.start()
    assert queue.take() == hops(3, 3)
    assert isinstance(queue.take(), Idle)


def test_that_nothing_comes_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it waits without waking up."""
    monkeypatch.setattr("kws_live.work_queue.LINGER_S", 0.001)
    queue = unpaced(batch_hops=4)
    queue.put(Pause(HOP))
    told: list[Work | None] = []
    reader = threading.Thread(target=lambda: told.extend(iter(queue.take, None)), daemon=True)
    reader.start()
    reader.join(0.2)
    assert [type(work) for work in told] == [Pause, Idle]
    queue.close()
    reader.join(5)
    assert not reader.is_alive()


def test_an_unpaced_queue_makes_the_writer_wait() -> None:
    """Nothing is skipped: the writer goes on as the reader takes."""
    queue = unpaced(batch_hops=3, limit_hops=4)
    skipped: list[int] = []
    writer = threading.Thread(target=lambda: skipped.append(queue.put(Span(0, 50 * HOP))))
    writer.start()
    taken: list[int] = []
    while len(taken) < 50:
        work = queue.take()
        taken += work if isinstance(work, range) else []
    writer.join(5)
    assert taken == list(hops(1, 50))
    assert skipped == [0]


def test_a_reader_that_waits_is_woken_by_more_than_there_is_room_for() -> None:
    """Though the writer is not done: it waits for the reader in turn."""
    queue = unpaced(batch_hops=8, limit_hops=4)
    taken: list[Work | None] = []
    reader = threading.Thread(target=lambda: taken.extend(iter(queue.take, None)), daemon=True)
    reader.start()
    reader.join(0.1)
    writer = threading.Thread(target=queue.put, args=[Span(0, 50 * HOP)], daemon=True)
    writer.start()
    writer.join(5)
    assert not writer.is_alive()
    queue.close()
    reader.join(5)
    assert [hop for work in taken if isinstance(work, range) for hop in work] == list(hops(1, 50))


def test_closing_frees_a_writer_that_waits() -> None:
    """A stop is prompt even when nobody takes."""
    queue = unpaced(batch_hops=4, limit_hops=1)
    writer = threading.Thread(target=queue.put, args=[Span(0, 50 * HOP)], daemon=True)
    writer.start()
    queue.close(discard=True)
    writer.join(5)
    assert not writer.is_alive()
    for work in (Span(50 * HOP, 60 * HOP), Pause(60 * HOP), Reset()):
        queue.put(work)
    assert queue.take() is None


@pytest.mark.parametrize(
    ("work", "taken"), [(Span(0, HOP), hops(1, 1)), (Pause(HOP), Pause(HOP))], ids=["hop", "pause"]
)
def test_work_in_hand_holds_back_the_ring(work: Span | Pause, taken: Work) -> None:
    """Audio is not overwritten until the work that may look at it is done."""
    queue = unpaced(batch_hops=4)
    queue.put(work)
    waiter = threading.Thread(target=queue.wait_until_past, args=[HOP + 1], daemon=True)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    assert queue.take() == taken
    waiter.join(0.05)
    assert waiter.is_alive()
    queue.done(HOP)
    waiter.join(5)
    assert not waiter.is_alive()


def test_of_work_in_hand_only_what_is_left_holds_back_the_ring() -> None:
    """Batches are taken ahead of those that are done."""
    queue = unpaced(batch_hops=2)
    queue.put(Span(0, 6 * HOP))
    queue.take()
    queue.take()
    queue.done(2 * HOP)
    queue.wait_until_past(2 * HOP + 1)
    waiter = threading.Thread(target=queue.wait_until_past, args=[5 * HOP], daemon=True)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    queue.done(4 * HOP)
    waiter.join(5)
    assert not waiter.is_alive()
