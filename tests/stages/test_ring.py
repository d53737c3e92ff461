"""The ring keeps the latest audio by absolute sample index."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.stages.ring import Ring


def test_before_the_stream_there_are_zeros() -> None:
    """The first window is padded on its left."""
    ring = Ring(100)
    ring.write(np.array([1, 2, 3], dtype=np.int16))
    assert ring.read(-2, 3).tolist() == [0, 0, 1, 2, 3]


def test_the_future_cannot_be_read() -> None:
    """Reading past the end is a mistake of the caller."""
    with pytest.raises(ValueError, match="not there yet"):
        Ring(100).read(0, 1)


def test_overwritten_audio_reads_as_none() -> None:
    """What the ring no longer holds is never made up."""
    ring = Ring(10)
    ring.write(np.arange(10, dtype=np.int16))
    ring.write(np.arange(10, 15, dtype=np.int16))
    assert ring.read(4, 8) is None
    assert ring.read(5, 8).tolist() == [5, 6, 7]


def test_no_window_spans_a_gap() -> None:
    """A gap advances the index, and all that came before it reads as zeros."""
    ring = Ring(100)
    ring.write(np.full(5, 7, dtype=np.int16))
    ring.skip(20)
    ring.write(np.full(3, 9, dtype=np.int16))
    assert ring.end_sample == 28
    assert ring.read(0, 28).tolist() == [0] * 25 + [9] * 3


@given(sizes=st.lists(st.integers(0, 50), max_size=30), capacity=st.integers(50, 120))
def test_a_read_returns_what_was_written(sizes: list[int], capacity: int) -> None:
    """Any window that is still held equals the same slice of everything written."""
    ring = Ring(capacity)
    written = np.zeros(0, dtype=np.int16)
    for size in sizes:
        piece = np.arange(len(written), len(written) + size, dtype=np.int16)
        ring.write(piece)
        written = np.concatenate([written, piece])
        start = max(0, len(written) - capacity)
        assert np.array_equal(ring.read(start, len(written)), written[start:])


def test_audio_before_a_gap_stays_readable_behind_it() -> None:
    """A hop that was still waiting when the gap came is inferred on what was heard."""
    ring = Ring(100)
    ring.write(np.full(5, 7, dtype=np.int16))
    ring.skip(20)
    ring.write(np.full(3, 9, dtype=np.int16))
    assert ring.read(2, 5).tolist() == [7, 7, 7]
    assert ring.read(20, 27).tolist() == [0, 0, 0, 0, 0, 9, 9]
