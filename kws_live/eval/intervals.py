"""Exact confidence intervals for counts: a rate per hour (Poisson) and a proportion (binomial).

Both invert the tails of the distribution (Garwood 1936; Clopper and Pearson 1934), by bisection.
"""

import math
from collections.abc import Callable

_TAIL = 0.025
_STEPS = 100


def poisson_interval(events: int, exposure: float) -> tuple[float, float]:
    """Return the 95 % interval of the rate behind `events` in `exposure` (hours, say; > 0).

    No event bounds the rate at 3.7 / exposure (two-sided; 3 / exposure one-sided).
    """

    def cumulative(count: int, mean: float) -> float:
        terms = (math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count + 1))
        return math.fsum(terms)

    top = 10.0 + events + 10.0 * math.sqrt(events + 1)
    low = 0.0
    if events:
        low = _bisect(lambda mean: 1 - cumulative(events - 1, mean) < _TAIL, 1e-12, top)
    high = _bisect(lambda mean: cumulative(events, mean) > _TAIL, 1e-12, top)
    return low / exposure, high / exposure


def binomial_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of the proportion behind `successes` in `trials` (≥ 1), in 0..1."""

    def cumulative(count: int, share: float) -> float:
        return math.fsum(
            math.exp(
                math.lgamma(trials + 1)
                - math.lgamma(k + 1)
                - math.lgamma(trials - k + 1)
                + k * math.log(share)
                + (trials - k) * math.log1p(-share)
            )
            for k in range(count + 1)
        )

    low, high = 0.0, 1.0
    if successes:
        low = _bisect(lambda p: 1 - cumulative(successes - 1, p) < _TAIL, 1e-12, 1 - 1e-12)
    if successes < trials:
        high = _bisect(lambda p: cumulative(successes, p) > _TAIL, 1e-12, 1 - 1e-12)
    return low, high


def _bisect(below: Callable[[float], bool], low: float, high: float) -> float:
    """Return where `below`, true on the left, turns false."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
