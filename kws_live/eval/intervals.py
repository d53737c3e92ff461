"""Exact confidence intervals for counts: a rate per hour (Poisson) and a proportion (binomial).

Both invert the tails of the distribution (Garwood 1936; Clopper and Pearson 1934), by bisection.
"""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

_TAIL = 0.025
_STEPS = 60
"""Enough to halve any bracket down to the precision of a float, where it ends."""


def poisson_interval(events: int, exposure: float) -> tuple[float, float]:
    """Return the 95 % interval of the rate behind `events` in `exposure` (hours, say; > 0).

    No event bounds the rate at 3.7 / exposure (two-sided; 3 / exposure one-sided).
    """
    low = gamma_quantile(events, _TAIL) if events else 0.0
    return low / exposure, gamma_quantile(events + 1, 1 - _TAIL) / exposure


@lru_cache(maxsize=16_384)
def gamma_quantile(shape: int, probability: float) -> float:
    """Return the x below which Gamma(`shape`, 1) stays with `probability`.

    Gamma(n) exceeds x where fewer than n Poisson events of mean x happen.

    Args:
        shape: ≥ 1.
        probability: 0..1, exclusive.
    """
    k = np.arange(shape)
    log_factorials = _log_factorials(shape - 1)

    def exceeded(mean: float) -> float:
        return _sum_exp(k * math.log(mean) - mean - log_factorials)

    top = 10.0 + shape + 12.0 * math.sqrt(shape)
    return _bisect(lambda mean: 1 - exceeded(mean) < probability, 1e-12, top)


@lru_cache(maxsize=16_384)
def binomial_interval(successes: int, trials: int) -> tuple[float, float]:
    """Return the 95 % interval of the proportion behind `successes` in `trials` (≥ 1), in 0..1."""
    k = np.arange(trials + 1)
    rest = trials - k
    factorials = _log_factorials(trials)
    log_choices = factorials[-1] - factorials - factorials[::-1]

    def cumulative(count: int, share: float) -> float:
        upto = slice(count + 1)
        return _sum_exp(
            log_choices[upto] + k[upto] * math.log(share) + rest[upto] * math.log1p(-share)
        )

    low, high = 0.0, 1.0
    if successes:
        low = _bisect(lambda p: 1 - cumulative(successes - 1, p) < _TAIL, 1e-12, 1 - 1e-12)
    if successes < trials:
        high = _bisect(lambda p: cumulative(successes, p) > _TAIL, 1e-12, 1 - 1e-12)
    return low, high


def _log_factorials(top: int) -> npt.NDArray[np.float64]:
    """Return log(0!) … log(top!)."""
    # In powers of two, so that few tables are made.
    return _log_factorial_table(1 << top.bit_length())[: top + 1]


@lru_cache
def _log_factorial_table(size: int) -> npt.NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, size)))))


def _sum_exp(logarithms: npt.NDArray[np.float64]) -> float:
    return float(np.exp(logarithms).sum())


def _bisect(below: Callable[[float], bool], low: float, high: float) -> float:
    """Return where `below`, true on the left, turns false."""
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if below(middle):
            low = middle
        else:
            high = middle
    return (low + high) / 2
