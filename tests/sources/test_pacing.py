"""Real-time delivery of recorded audio."""

import threading
import time

from kws_live.sources.pacing import Pacer


def test_blocks_are_due_by_the_samples_before_them() -> None:
    """The schedule is exact whatever the block sizes: it can't drift."""
    pacer = Pacer(16_000)
    origin_ns = time.monotonic_ns()
    due_ns = [pacer.wait(frames) for frames in (160, 1, 479, 640)]
    assert all(due is not None for due in due_ns)
    spans = [(due or 0) - (due_ns[0] or 0) for due in due_ns]
    assert spans == [0, 62_500, 30_000_000, 70_000_000]
    assert 0 <= (due_ns[0] or 0) - origin_ns - 10_000_000 < 50_000_000


def test_no_block_comes_early() -> None:
    """A block is never there before its last frame."""
    pacer = Pacer(16_000)
    for _ in range(10):
        due_ns = pacer.wait(160)
        assert due_ns is not None
        assert time.monotonic_ns() >= due_ns


def test_who_comes_late_catches_up() -> None:
    """After a stall, the blocks that were due come at once, dated when they were due."""
    pacer = Pacer(16_000)
    first_ns = pacer.wait(160)
    time.sleep(0.1)
    began_s = time.monotonic()
    late_ns = [pacer.wait(160) for _ in range(5)]
    assert time.monotonic() - began_s < 0.05
    assert late_ns == [(first_ns or 0) + n * 10_000_000 for n in range(1, 6)]


def test_stop_ends_a_wait() -> None:
    """A wait for an hour of audio ends when asked to, and so does every later one."""
    pacer = Pacer(16_000)
    threading.Timer(0.05, pacer.stop).start()
    began_s = time.monotonic()
    assert pacer.wait(16_000 * 3_600) is None
    assert pacer.wait(1) is None
    assert time.monotonic() - began_s < 1.0
