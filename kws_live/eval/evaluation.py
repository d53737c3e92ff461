"""Evaluation on long recordings: the deployed decoder over stored posteriors, counted under one setting or many."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kws_live.config import DecoderSettings
from kws_live.eval.counts import Counts, count
from kws_live.eval.match import Matching, Truth
from kws_live.eval.posteriors import Stored
from kws_live.eval.sweep import at_threshold, decode, scores
from kws_live.types import Float32Array


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
            # Of several, the first stands for the word, as in its outcome.
            replaced = {pair.label: pair.decision for pair in reversed(matching.substitutions)}
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
        return Evaluation(count(self._keywords, matchings), outcomes)

    def sweep(self, settings: DecoderSettings, thresholds: Iterable[float]) -> Iterator[SweepPoint]:
        """Yield the counts at each of `thresholds`, each in (0, 1]; see the function of that name."""
        for threshold in thresholds:
            yield SweepPoint(threshold, self.at(at_threshold(settings, threshold)).counts)
