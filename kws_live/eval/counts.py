"""What was counted of each keyword and of all, and the rates behind the counts.

Every rate comes with the exact 95 % interval of its count, and a rate that could not be measured is
None: there is no false-reject rate without words, and no false-accept rate without hours.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kws_live.eval.intervals import binomial_interval, poisson_interval
from kws_live.eval.match import Decision, Matching

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Count:
    """What was counted of one keyword.

    Attributes:
        words: how often it was said.
        misses: how often it was said and not detected.
        duplicates: how often it was detected again within the same word.
        false_accepts: how often it was detected where it was not said.
        ignored: how often it was detected where it may have been said.
        negative_h: hours in which a detection of it is false, ≥ 0.
    """

    words: int
    misses: int
    duplicates: int
    false_accepts: int
    ignored: int
    negative_h: float

    @property
    def frr(self) -> float | None:
        """False-reject rate, 0..1."""
        return self.misses / self.words if self.words else None

    @property
    def frr_ci95(self) -> Interval | None:
        """Its exact binomial interval."""
        return binomial_interval(self.misses, self.words) if self.words else None

    @property
    def fa_per_hour(self) -> float | None:
        """False accepts per hour of the keyword's own negative time."""
        return self.false_accepts / self.negative_h if self.negative_h > 0 else None

    @property
    def fa_per_hour_ci95(self) -> Interval | None:
        """Its exact Poisson interval."""
        if self.negative_h <= 0:
            return None
        return poisson_interval(self.false_accepts, self.negative_h)


@dataclass(frozen=True)
class Counts:
    """What was counted of each keyword, and in all.

    Attributes:
        keywords: the counts of each keyword, in the order of the decoder.
    """

    keywords: Mapping[str, Count]

    @property
    def words(self) -> int:
        """How many keywords were said."""
        return sum(count.words for count in self.keywords.values())

    @property
    def misses(self) -> int:
        """How many of them were missed."""
        return sum(count.misses for count in self.keywords.values())

    @property
    def duplicates(self) -> int:
        """How many were detected twice or more often; every further detection counts."""
        return sum(count.duplicates for count in self.keywords.values())

    @property
    def false_accepts(self) -> int:
        """How many detections were false."""
        return sum(count.false_accepts for count in self.keywords.values())

    @property
    def ignored(self) -> int:
        """How many detections fell where their word may have been said."""
        return sum(count.ignored for count in self.keywords.values())

    @property
    def frr(self) -> float | None:
        """Share of all words that were missed, 0..1."""
        return self.misses / self.words if self.words else None

    @property
    def frr_ci95(self) -> Interval | None:
        """Its exact binomial interval."""
        return binomial_interval(self.misses, self.words) if self.words else None

    @property
    def fa_per_hour(self) -> float | None:
        """The sum of the keywords' own false accepts per hour; None if one of them was not measured."""
        rates = [count.fa_per_hour for count in self.keywords.values()]
        return None if None in rates else math.fsum(rate for rate in rates if rate is not None)

    @property
    def fa_per_hour_ci95(self) -> Interval | None:
        """The interval of the sum: that of the count of all, scaled to the spread of the sum.

        Exact where all keywords have the same hours (Dobson, Kuulasmaa, Eberle and Scherer 1991).
        """
        rate = self.fa_per_hour
        if rate is None:
            return None
        counts, events = self.keywords.values(), self.false_accepts
        spread = math.fsum(count.false_accepts / count.negative_h**2 for count in counts)
        # Without any event the keyword that was tested for the shortest time bounds the rate.
        scale = (
            math.sqrt(spread / events) if events else 1 / min(count.negative_h for count in counts)
        )
        low, high = poisson_interval(events, 1.0)
        return max(0.0, rate + scale * (low - events)), rate + scale * (high - events)


def count(keywords: Sequence[str], matchings: Sequence[Matching]) -> Counts:
    """Return what was counted of `keywords` in recordings, each matched with its labels."""

    def by_keyword(decisions: Iterable[Decision]) -> Counter[str]:
        return Counter(decision.keyword for decision in decisions)

    hits = by_keyword(pair.decision for m in matchings for pair in m.hits)
    duplicates = by_keyword(pair.decision for m in matchings for pair in m.duplicates)
    false_accepts = by_keyword(decision for m in matchings for decision in m.false_accepts)
    ignored = by_keyword(decision for m in matchings for decision in m.ignored)
    words = {keyword: sum(m.words[keyword] for m in matchings) for keyword in keywords}
    return Counts(
        {
            keyword: Count(
                words=words[keyword],
                misses=words[keyword] - hits[keyword],
                duplicates=duplicates[keyword],
                false_accepts=false_accepts[keyword],
                ignored=ignored[keyword],
                negative_h=sum(m.negative_s[keyword] for m in matchings) / 3600,
            )
            for keyword in keywords
        }
    )
