"""Exact 95 % intervals, against published values."""

import math

import pytest

from kws_live.eval.intervals import binomial_interval, gamma_quantile, poisson_interval


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


@pytest.mark.parametrize("events", [40, 700, 5_000])
def test_poisson_limits_leave_a_fortieth_on_either_side(events: int) -> None:
    """At the lower limit so many events or more, at the upper one so few or fewer, have probability 0.025."""

    def probability(count: int, mean: float) -> float:
        return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1))

    low, high = poisson_interval(events, 1.0)
    assert 1.0 - math.fsum(probability(k, low) for k in range(events)) == pytest.approx(0.025)
    assert math.fsum(probability(k, high) for k in range(events + 1)) == pytest.approx(0.025)


@pytest.mark.parametrize(("successes", "trials"), [(3, 50), (200, 1_000), (2_999, 6_000)])
def test_binomial_limits_leave_a_fortieth_on_either_side(successes: int, trials: int) -> None:
    """The same for so many successes."""

    def probability(count: int, share: float) -> float:
        ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
        return math.exp(ways + count * math.log(share) + (trials - count) * math.log1p(-share))

    low, high = binomial_interval(successes, trials)
    assert 1.0 - math.fsum(probability(k, low) for k in range(successes)) == pytest.approx(0.025)
    assert math.fsum(probability(k, high) for k in range(successes + 1)) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("shape", "probability", "quantile"),
    [(1, 0.95, 2.9957), (1, 0.025, 0.0253), (5, 0.975, 10.2416), (10, 0.5, 9.6687)],
)
def test_gamma_quantiles_are_those_of_half_a_chi_squared(
    shape: int, probability: float, quantile: float
) -> None:
    """Tables of chi-squared with twice the shape as degrees of freedom, halved."""
    assert gamma_quantile(shape, probability) == pytest.approx(quantile, abs=1e-4)
