"""What a threshold that was chosen on a recording will do on another one: rates and counts to expect.

The events are those moments at which a keyword would falsely fire, each with the highest threshold
at which it still does; they are taken for a Poisson process. Put the threshold just above the
(k + 1)-th highest event of E hours, so that k stay. Whatever the scores are distributed like, seen
from the highest downwards the events are a Poisson process too, whose time is the rate that a
threshold lets through, times E. Its (k + 1)-th arrival is Gamma(k + 1). So, choice included,

* the rate at that threshold is Gamma(k + 1) / E, with (k + 1) / E as its mean;
* the count in T other hours is negative binomial with k + 1 and E / (E + T).

(Order statistics give distribution-free limits: Wilks 1941. The Poisson count under a gamma rate is
negative binomial: Greenwood and Yule 1920.) k = 0 gives the rule of three: no event in T hours
bounds the rate at 3 / T, whether the threshold was given or was just raised above all that was
heard (Hanley and Lippman-Hand 1983).

Where a threshold wasn't put on an event, because it may go no lower or no higher, the rate lies
between Gamma(k) / E and Gamma(k + 1) / E (Garwood 1936). Rates of several keywords over the same
hours add, and so do their shapes.
"""

import math
from dataclasses import dataclass

from kws_live.eval.intervals import gamma_quantile

CONFIDENCE = 0.95
RULE_OF_THREE = 3.0
"""Events that may be expected, at 95 %, where none was seen: -log(0.05), rounded up."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """A rate known from a count: between Gamma(`low`) and Gamma(`high`) over `hours`.

    Attributes:
        low: shape for the lower limit, ≥ 0.
        high: shape for the upper limit and for the mean, ≥ `low` and ≥ 1.
        hours: what was listened to, > 0.
        confidence: of the intervals, 0..1.
    """

    low: int
    high: int
    hours: float
    confidence: float = CONFIDENCE

    @property
    def per_hour(self) -> float:
        """The rate to expect; at most that where `low` is less than `high`."""
        return self.high / self.hours

    @property
    def per_hour_interval(self) -> tuple[float, float]:
        """The limits of the rate."""
        tail = (1 - self.confidence) / 2
        low = gamma_quantile(self.low, tail) if self.low else 0.0
        return low / self.hours, gamma_quantile(self.high, 1 - tail) / self.hours

    @property
    def per_hour_bound(self) -> float:
        """What the rate stays under, one-sided."""
        return gamma_quantile(self.high, self.confidence) / self.hours

    def count_interval(self, hours: float) -> tuple[int, int]:
        """Return the least and the greatest count to expect in `hours` (> 0) of other recordings."""
        tail = (1 - self.confidence) / 2
        seen = self.hours / (self.hours + hours)
        low = negative_binomial_quantile(self.low, seen, tail) if self.low else 0
        return low, negative_binomial_quantile(self.high, seen, 1 - tail)


def add(predictions: list[Prediction]) -> Prediction:
    """Return the prediction for the sum of independent rates, at least one of them.

    Their hours differ by no more than the time their own words took: the fewest are taken for all.
    """
    return Prediction(
        low=sum(one.low for one in predictions),
        high=sum(one.high for one in predictions),
        hours=min(one.hours for one in predictions),
        confidence=predictions[0].confidence,
    )


def negative_binomial_quantile(shape: int, success: float, probability: float) -> int:
    """Return the least count that a negative binomial reaches or stays under with `probability`.

    Args:
        shape: number of successes waited for, ≥ 1.
        success: probability of one, 0..1, exclusive.
        probability: 0..1, exclusive.
    """
    log_failure = math.log1p(-success)
    log_mass = shape * math.log(success)
    reached = math.exp(log_mass)
    count = 0
    while reached < probability:
        count += 1
        log_mass += math.log((shape + count - 1) / count) + log_failure
        step = math.exp(log_mass)
        reached += step
        # Rounding must not keep it from ending: what is left is nothing.
        if step < 1e-18 and count > shape / success:
            break
    return count
