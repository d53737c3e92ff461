"""Calls on several threads, what they give in order."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_live.pool import Idle, Pool, in_order, running


def squared(number: int, seconds: float = 0.0) -> int:
    """Take a while and give the square."""
    time.sleep(seconds)
    return number * number


@settings(deadline=None, max_examples=30)
@given(
    items=st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=30),
    workers=st.integers(1, 3),
)
def test_results_come_in_order_whichever_is_there_first(
    items: list[tuple[bool, int]], workers: int
) -> None:
    """Between things that are no calls, and keep their place."""
    with running(workers) as pool:
        given = (
            pool.submit(partial(squared, n, late / 1_000)) if is_call else -n
            for n, (is_call, late) in enumerate(items)
        )
        found = list(in_order(given, pool.ahead))
    assert found == [n * n if is_call else -n for n, (is_call, _) in enumerate(items)]


def test_no_more_calls_are_made_than_keep_the_workers_busy() -> None:
    """What is to be done may be endless."""
    begun = 0

    def endless(pool: Pool) -> Iterator[Future[int]]:
        nonlocal begun
        while True:
            begun += 1
            yield pool.submit(partial(squared, begun))

    with running(2) as pool:
        results = in_order(endless(pool), pool.ahead)
        for taken in range(1, 50):
            assert next(results) == taken * taken
            assert begun <= taken + pool.ahead
        results.close()  # type: ignore[attr-defined]


def test_calls_are_made_side_by_side() -> None:
    """Each waits until the other has begun."""
    both = threading.Barrier(2, timeout=10)
    with running(2) as pool:
        assert sorted(future.result() for future in [pool.submit(both.wait) for _ in range(2)]) == [
            0,
            1,
        ]


def test_at_an_idle_nothing_is_held_back() -> None:
    """The results of all calls before it are given before more is asked for."""
    idle = Idle()
    taken: list[object] = []

    def items(pool: Pool) -> Iterator[object]:
        yield from (pool.submit(partial(squared, n, 0.01)) for n in (1, 2))
        yield idle
        assert taken == [1, 4, idle]

    with running(1) as pool:
        for item in in_order(items(pool), ahead=10):
            taken.append(item)
    assert taken == [1, 4, idle]


def test_an_exception_of_a_call_comes_out_in_its_place() -> None:
    """What was before it is given; the worker goes on."""

    def fail() -> int:
        raise ZeroDivisionError

    with running(1) as pool:
        results = in_order((pool.submit(call) for call in (partial(squared, 3), fail)), ahead=4)
        assert next(results) == 9
        with pytest.raises(ZeroDivisionError):
            next(results)
        assert pool.submit(partial(squared, 4)).result() == 16


def test_closing_frees_whoever_waits_at_once() -> None:
    """Although a call is under way that takes long, and others wait, which are never made."""
    release = threading.Event()
    begun: list[int] = []

    def slow(number: int) -> None:
        begun.append(number)
        release.wait()

    pool = Pool(1)
    worker = threading.Thread(target=pool.run, daemon=True)
    worker.start()
    futures = [pool.submit(partial(slow, number)) for number in range(3)]
    threading.Timer(0.05, pool.close).start()
    began_s = time.monotonic()
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(5)
    assert time.monotonic() - began_s < 2
    with pytest.raises(CancelledError):
        pool.submit(partial(squared, 1)).result(5)
    pool.close()
    release.set()
    worker.join(5)
    assert not worker.is_alive()
    assert begun == [0]


def test_a_closed_pool_leaves_no_thread() -> None:
    """Also after an exception in the block."""
    with pytest.raises(KeyError), running(3):
        raise KeyError
    deadline_s = time.monotonic() + 5
    while any(thread.name.startswith("kws-pool") for thread in threading.enumerate()):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
