"""Exact 95 % intervals, against published values."""

import pytest

from kws_live.eval.intervals import binomial_interval, poisson_interval


@pytest.mark.parametrize(
    ("events", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (100, 81.36, 121.63)],
)
def test_poisson(events: int, low: float, high: float) -> None:
    """Garwood's limits for a count in one unit of time."""
    assert poisson_interval(events, 1.0) == pytest.approx((low, high), rel=1e-3)


def test_poisson_rate_is_per_unit_of_exposure() -> None:
    """The same count in twice the hours is half the rate."""
    low, high = poisson_interval(7, 1.0)
    assert poisson_interval(7, 2.0) == pytest.approx((low / 2, high / 2))


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (0, 10, 0.0, 0.3085),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (8, 340, 0.0102, 0.0458),
    ],
)
def test_binomial(successes: int, trials: int, low: float, high: float) -> None:
    """Clopper and Pearson's limits."""
    assert binomial_interval(successes, trials) == pytest.approx((low, high), abs=2e-4)
