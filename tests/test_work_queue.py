"""The work queue turns spans into hops and bounds how many wait."""

import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.types import Span
from kws_live.work_queue import Pause, Reset, Work, WorkQueue

HOP = 1_600


def everything(queue: WorkQueue) -> list[Work]:
    """Close the queue and take what is in it."""
    queue.close()
    taken = []
    while (item := queue.take()) is not None:
        taken.append(item)
    return taken


@given(cuts=st.lists(st.integers(0, 100_000), max_size=20))
def test_however_a_stretch_is_cut_its_hops_are_the_multiples_in_it(cuts: list[int]) -> None:
    """Each hop point is in exactly one of the adjoining spans."""
    edges = [0, *sorted(cuts), 100_000]
    queue = WorkQueue(HOP, limit_hops=1_000, paced=False)
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


def test_an_unpaced_queue_makes_the_writer_wait() -> None:
    """Nothing is skipped: the writer goes on as the reader takes."""
    queue = WorkQueue(HOP, limit_hops=2, paced=False)
    skipped: list[int] = []
    writer = threading.Thread(target=lambda: skipped.append(queue.put(Span(0, 50 * HOP))))
    writer.start()
    taken = [queue.take() for _ in range(50)]
    writer.join(5)
    assert taken == [n * HOP for n in range(1, 51)]
    assert skipped == [0]


def test_closing_frees_a_writer_that_waits() -> None:
    """A stop is prompt even when nobody takes."""
    queue = WorkQueue(HOP, limit_hops=1, paced=False)
    writer = threading.Thread(target=queue.put, args=[Span(0, 50 * HOP)], daemon=True)
    writer.start()
    queue.close(discard=True)
    writer.join(5)
    assert not writer.is_alive()


@pytest.mark.parametrize(
    ("work", "taken"), [(Span(0, HOP), HOP), (Pause(HOP), Pause(HOP))], ids=["hop", "pause"]
)
def test_work_in_hand_holds_back_the_ring(work: Span | Pause, taken: Work) -> None:
    """Audio is not overwritten until the work that may look at it is done."""
    queue = WorkQueue(HOP, limit_hops=5, paced=False)
    queue.put(work)
    waiter = threading.Thread(target=queue.wait_until_past, args=[HOP + 1], daemon=True)
    waiter.start()
    waiter.join(0.05)
    assert waiter.is_alive()
    assert queue.take() == taken
    waiter.join(0.05)
    assert waiter.is_alive()
    queue.close()
    assert queue.take() is None
    waiter.join(5)
    assert not waiter.is_alive()
