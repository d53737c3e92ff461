"""What a count says of the rate behind it, against values from tables and from hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.eval.predict import (
    RULE_OF_THREE,
    Prediction,
    add,
    negative_binomial_quantile,
)

SHAPES = st.integers(1, 200)
HOURS = st.floats(0.1, 100)


def test_a_negative_binomial_of_shape_one_is_geometric() -> None:
    """P(N ≤ n) = 1 - 2^-(n + 1): 97.5 % are reached at 5, 2.5 % at 0."""
    assert negative_binomial_quantile(1, 0.5, 0.975) == 5
    assert negative_binomial_quantile(1, 0.5, 0.025) == 0


def test_no_event_bounds_the_rate_at_three_by_the_hours() -> None:
    """The rule of three: ten minutes bound it at 18 per hour."""
    assert Prediction(1, 1, 1 / 6).per_hour_bound == pytest.approx(18, rel=0.002)
    assert RULE_OF_THREE * 6 == 18


@given(SHAPES, HOURS)
def test_the_interval_holds_the_mean(shape: int, hours: float) -> None:
    """And begins above nothing."""
    low, high = Prediction(shape, shape, hours).per_hour_interval
    assert 0 < low < shape / hours < high


@given(SHAPES, HOURS, HOURS)
def test_the_predicted_counts_hold_the_mean_count(shape: int, hours: float, later_h: float) -> None:
    """Whatever the hours."""
    low, high = Prediction(shape, shape, hours).count_interval(later_h)
    assert low <= shape / hours * later_h <= high + 1


@given(SHAPES, HOURS, HOURS)
def test_less_confidence_is_narrower(shape: int, hours: float, later_h: float) -> None:
    """And an interval that knows less is wider on the lower side only."""
    sure, unsure = Prediction(shape, shape, hours, 0.99), Prediction(shape, shape, hours, 0.9)
    assert sure.count_interval(later_h)[0] <= unsure.count_interval(later_h)[0]
    assert sure.count_interval(later_h)[1] >= unsure.count_interval(later_h)[1]
    bound = Prediction(shape - 1, shape, hours, 0.9)
    assert bound.count_interval(later_h)[0] <= unsure.count_interval(later_h)[0]
    assert bound.count_interval(later_h)[1] == unsure.count_interval(later_h)[1]


def test_rates_of_the_same_hours_add() -> None:
    """Three and two events of two keywords in ten hours are half an event an hour."""
    together = add([Prediction(3, 3, 10.0), Prediction(1, 2, 10.5)])
    assert (together.low, together.high, together.hours) == (4, 5, 10.0)
    assert together.per_hour == 0.5


def test_large_counts_are_predicted_too() -> None:
    """A thousand events: close to the normal distribution of variance k · (1 + T / E)."""
    low, high = Prediction(1000, 1000, 10.0).count_interval(10.0)
    assert low == pytest.approx(1000 - 1.96 * 44.7, abs=4)
    assert high == pytest.approx(1000 + 1.96 * 44.7, abs=4)
