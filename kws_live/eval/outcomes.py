"""What became of each word and each detection, one by one and with its score: what reports are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kws_live.eval.match import LATEST_S, Decision, Matching, Pair
from kws_live.eval.posteriors import Stored
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

Kind = Literal["hit", "miss", "duplicate", "false", "ignored"]

WINDOW_S = 1.0
"""Where nothing tells when a sound began, this much before its decision is shown."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A word that was said, or a detection where it was not.

    Attributes:
        kind: what became of it, in the terms of `Matching`; `ignored` is a detection where the word
            may have been said.
        keyword: what was said, or what was detected where it was not.
        start_s: where it begins: that of the label, else the second that ends with the decision.
        end_s: where it ends.
        decided_s: stream time of the decision; None for a miss.
        score: at the decision; of a miss, the highest while a detection would have counted. None
            where the gate let nothing through.
        other: for a miss, the keyword that was detected instead; for a false accept, what was said
            there: the keyword that was missed or the word that contains it. Else None.
    """

    kind: Kind
    keyword: str
    start_s: float
    end_s: float
    decided_s: float | None
    score: float | None
    other: str | None = None


class Scores:
    """The scores of one recording, looked up by time.

    Args:
        stored: the recording.
        scored: float32 [n, keywords], the scores at its hops.
        keywords: in the order of the scores.
    """

    def __init__(self, stored: Stored, scored: Float32Array, keywords: Sequence[str]) -> None:
        self._stored = stored
        self._columns = {keyword: scored[:, at] for at, keyword in enumerate(keywords)}

    def highest(self, keyword: str, start_s: float, end_s: float) -> float | None:
        """Return the highest score at the hops from `start_s` to `end_s`; None if there are none."""
        between = self._columns[keyword][self._hops(start_s, end_s)]
        return float(between.max()) if len(between) else None

    def of_words(self, keyword: str) -> list[float]:
        """Return for each time that `keyword` was said its highest score while a detection would have counted.

        0.0 where the gate let nothing through.
        """
        return [
            self.highest(keyword, label.start_s, label.end_s + LATEST_S) or 0.0
            for label in self._stored.labels
            if label.word == keyword and not label.uncertain
        ]

    def of_background(self, keyword: str) -> Float32Array:
        """Return the highest score of `keyword` in each second of the recording, float32 [seconds].

        Hops where it was, or may have been, said are left out, and seconds without other ones.
        """
        kept = np.ones(len(self._stored.end_samples), dtype=np.bool_)
        for label in self._stored.labels:
            if label.word == keyword:
                kept[self._hops(label.start_s, label.end_s + LATEST_S)] = False
        column = self._columns[keyword][kept]
        if not len(column):
            return column
        seconds = (self._stored.end_samples[kept] - 1) // SAMPLE_RATE_HZ
        starts = np.flatnonzero(np.diff(seconds, prepend=-1))
        peaks: Float32Array = np.maximum.reduceat(column, starts)
        return peaks

    def _hops(self, start_s: float, end_s: float) -> slice:
        ends = self._stored.end_samples
        first, last = _samples(start_s), _samples(end_s)
        return slice(
            int(np.searchsorted(ends, first, side="left")),
            int(np.searchsorted(ends, last, side="right")),
        )


def outcomes(matching: Matching, scores: Scores) -> list[Outcome]:
    """Return every outcome of a recording, ordered by start."""

    def at(keyword: str, decided_s: float) -> float | None:
        return scores.highest(keyword, decided_s, decided_s)

    def labelled(kind: Kind, pair: Pair) -> Outcome:
        label, decided_s = pair.label, pair.decision.decided_s
        score = at(pair.decision.keyword, decided_s)
        return Outcome(kind, label.word, label.start_s, label.end_s, decided_s, score)

    instead: Mapping[Label, str] = {
        pair.label: pair.decision.keyword for pair in reversed(matching.substitutions)
    }
    said = {
        pair.decision: pair.label.word for pair in (*matching.embedded, *matching.substitutions)
    }
    found = [labelled("hit", pair) for pair in matching.hits]
    found += [labelled("duplicate", pair) for pair in matching.duplicates]
    found += [
        Outcome(
            "miss",
            label.word,
            label.start_s,
            label.end_s,
            None,
            scores.highest(label.word, label.start_s, label.end_s + LATEST_S),
            instead.get(label),
        )
        for label in matching.misses
    ]
    unlabelled: list[tuple[Kind, Decision]] = [("false", one) for one in matching.false_accepts]
    unlabelled += [("ignored", one) for one in matching.ignored]
    found += [
        Outcome(
            kind,
            one.keyword,
            max(0.0, one.decided_s - WINDOW_S),
            one.decided_s,
            one.decided_s,
            at(one.keyword, one.decided_s),
            said.get(one),
        )
        for kind, one in unlabelled
    ]
    return sorted(found, key=lambda one: (one.start_s, one.end_s, one.keyword))


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)
