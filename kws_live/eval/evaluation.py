"""The figures of an evaluation: what was missed and what was false, per keyword and in all.

Every rate comes with the exact 95 % interval of its count, and a rate that could not be measured is
None: there is no false-reject rate without words, and no false-accept rate without hours.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kws_live.config import DecoderSettings
from kws_live.eval.intervals import binomial_interval, poisson_interval
from kws_live.eval.match import Decision, Matching, Truth
from kws_live.eval.posteriors import Stored
from kws_live.eval.sweep import at_threshold, decode, scores
from kws_live.types import Float32Array

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


@dataclass(frozen=True)
class Evaluation:
    """What the deployed decoder did with recordings under one setting.

    Attributes:
        counts: what was counted.
        recordings: each recording with its outcome, in the order given.
    """

    counts: Counts
    recordings: Sequence[tuple[Stored, Matching]]

    @cached_property
    def latencies_s(self) -> Mapping[str, Sequence[float]]:
        """For each keyword, the stream time from the end of each word that was hit to its decision.

        Negative where the decision came before the word was over. What the machine adds to this,
        `benchmarks/latency.py` measures.
        """
        found: dict[str, list[float]] = {keyword: [] for keyword in self.counts.keywords}
        for _, matching in self.recordings:
            for pair in matching.hits:
                found[pair.label.word].append(pair.decision.decided_s - pair.label.end_s)
        return found

    @cached_property
    def confusion(self) -> Mapping[tuple[str | None, str | None], int]:
        """How often (said, detected) came together; None for nothing said or nothing detected.

        A miss beside which another keyword was detected counts as that pair; other misses as (word,
        None), false accepts elsewhere as (None, keyword).
        """
        found: Counter[tuple[str | None, str | None]] = Counter()
        for _, matching in self.recordings:
            found.update((pair.label.word, pair.decision.keyword) for pair in matching.hits)
            replaced = {pair.label: pair.decision for pair in matching.substitutions}
            found.update((label.word, other.keyword) for label, other in replaced.items())
            found.update((label.word, None) for label in matching.misses if label not in replaced)
            explained = set(replaced.values())
            found.update(
                (None, one.keyword) for one in matching.false_accepts if one not in explained
            )
        return found

    @cached_property
    def embedded(self) -> Mapping[tuple[str, str], int]:
        """How often each (word, keyword in it) set off a false accept: ("going", "go")."""
        return Counter(
            (pair.label.word, pair.decision.keyword)
            for _, matching in self.recordings
            for pair in matching.embedded
        )


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """What was counted with one threshold for all keywords."""

    threshold: float
    counts: Counts


def evaluate(
    recordings: Sequence[Stored], labels: Sequence[str], settings: DecoderSettings
) -> Evaluation:
    """Run the deployed decoder over stored posteriors and count what it got right and wrong.

    Args:
        recordings: what the model gave, at least one recording.
        labels: the model's labels, in the order of its outputs.
        settings: smoothing, thresholds and times.
    """
    return Evaluator(recordings, labels, settings).at(settings)


def sweep(
    recordings: Sequence[Stored],
    labels: Sequence[str],
    settings: DecoderSettings,
    thresholds: Sequence[float],
) -> list[SweepPoint]:
    """Return the counts at each of `thresholds`, each taken for all keywords as by `--threshold`.

    Args:
        recordings: what the model gave, at least one recording.
        labels: the model's labels, in the order of its outputs.
        settings: smoothing and times; its releases are scaled with the threshold.
        thresholds: each in (0, 1].
    """
    return list(Evaluator(recordings, labels, settings).sweep(settings, thresholds))


def sweep_thresholds() -> list[float]:
    """Return the thresholds of a DET curve: from 0.05 to 0.9999, close together where scores are high.

    Posteriors crowd near 1, so the steps are equal in log-odds.
    """
    log_odds = np.linspace(np.log(0.05 / 0.95), np.log(0.9999 / 0.0001), 80)
    return [round(float(value), 6) for value in 1.0 / (1.0 + np.exp(-log_odds))]


class Evaluator:
    """Counts under many settings that share keywords and smoothing: scores and labels are prepared once.

    Args:
        recordings: what the model gave, at least one recording.
        labels: the model's labels, in the order of its outputs.
        settings: keywords and smoothing.
    """

    def __init__(
        self, recordings: Sequence[Stored], labels: Sequence[str], settings: DecoderSettings
    ) -> None:
        self._keywords = tuple(settings.keywords)
        self._smoothing_s = settings.smoothing_s
        self._prepared = [
            (
                stored,
                scores(stored, labels, self._keywords, settings.smoothing_s),
                Truth(stored.labels, self._keywords, stored.duration_s),
            )
            for stored in recordings
        ]

    @property
    def scores(self) -> Sequence[Float32Array]:
        """For each recording the scores at its hops, float32 [n, keywords]."""
        return [scored for _, scored, _ in self._prepared]

    def at(self, settings: DecoderSettings) -> Evaluation:
        """Return the evaluation under `settings`.

        Raises:
            ValueError: the settings have other keywords, or another smoothing.
        """
        if tuple(settings.keywords) != self._keywords or settings.smoothing_s != self._smoothing_s:
            raise ValueError("prepared for other keywords or another smoothing")
        outcomes = [
            (stored, truth.match(decode(stored, scored, settings)))
            for stored, scored, truth in self._prepared
        ]
        matchings = [matching for _, matching in outcomes]
        return Evaluation(
            Counts({keyword: _count(keyword, matchings) for keyword in self._keywords}), outcomes
        )

    def sweep(self, settings: DecoderSettings, thresholds: Iterable[float]) -> Iterator[SweepPoint]:
        """Yield the counts at each of `thresholds`, each in (0, 1]; see the function of that name."""
        for threshold in thresholds:
            yield SweepPoint(threshold, self.at(at_threshold(settings, threshold)).counts)


def _count(keyword: str, matchings: Sequence[Matching]) -> Count:
    def number(decisions: Sequence[Decision]) -> int:
        return sum(decision.keyword == keyword for decision in decisions)

    hits = sum(pair.label.word == keyword for m in matchings for pair in m.hits)
    misses = sum(label.word == keyword for m in matchings for label in m.misses)
    return Count(
        words=hits + misses,
        misses=misses,
        duplicates=sum(pair.label.word == keyword for m in matchings for pair in m.duplicates),
        false_accepts=sum(number(m.false_accepts) for m in matchings),
        ignored=sum(number(m.ignored) for m in matchings),
        negative_h=sum(m.negative_s[keyword] for m in matchings) / 3600,
    )
