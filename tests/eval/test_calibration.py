"""How far posteriors can be believed."""

import numpy as np
import pytest

from kws_live.eval.calibration import BINS, Reliability, bins_of


def posteriors(*highest: float) -> np.ndarray:
    """Of two labels, the first with such posteriors."""
    return np.array([[p, 1 - p] for p in highest], dtype=np.float32)


def test_guesses_that_are_as_right_as_they_are_sure_have_no_error() -> None:
    """Nine of ten at 0.9."""
    found = Reliability.of(posteriors(*[0.9] * 10), np.array([0] * 9 + [1]))
    assert found.ece == pytest.approx(0.0, abs=1e-6)


def test_the_error_is_the_gap_of_each_bin_weighed_by_its_guesses() -> None:
    """Three guesses at 0.95, one of them right, and one right at 0.6."""
    found = Reliability.of(posteriors(0.95, 0.95, 0.95, 0.6), np.array([0, 1, 1, 0]))
    assert found.ece == pytest.approx(0.75 * (0.95 - 1 / 3) + 0.25 * 0.4, abs=1e-6)
    assert found.counts.sum() == 4
    assert found.right.sum() == 2
    assert found.confidence.sum() == pytest.approx(3.45, abs=1e-5)


def test_gaps_of_opposite_sign_in_one_bin_cancel() -> None:
    """A bin has one mean: of two at 0.7, one right and one wrong are 0.2 off, not 0.5."""
    assert Reliability.of(posteriors(0.7, 0.7), np.array([0, 1])).ece == pytest.approx(0.2)


def test_an_upper_edge_belongs_to_its_bin() -> None:
    """And 1 to the last."""
    assert list(bins_of(posteriors(1.0, 14 / 15 + 1e-5, 14 / 15 - 1e-5))) == [14, 14, 13]
    assert BINS == 15


def test_of_nothing_there_is_no_error() -> None:
    """Rather than none at all."""
    nothing = Reliability.of(np.zeros((0, 2), np.float32), np.zeros(0, np.int64))
    assert nothing.ece is None
