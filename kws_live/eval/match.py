"""Comparing what was detected in a recording with what is said in it.

The rule: a detection is a hit if it is decided between the start of a label of its keyword and 0.75
s after that label's end. A second one there is a duplicate. In a `?keyword` span, up to 0.75 s
after it, it counts for nothing. Everywhere else it is a false accept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ

LATEST_S = 0.75
"""How long after the end of a word a detection of it still counts."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A detection, as far as matching goes: what, and the stream time at which it was decided."""

    keyword: str
    decided_s: float


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and a detection that belong together."""

    label: Label
    decision: Decision


@dataclass(frozen=True)
class Matching:
    """The outcome for one recording, each list ordered by time.

    Attributes:
        hits: labels of a keyword, each with the first detection of it.
        misses: labels of a keyword without a detection of it.
        duplicates: further detections of a word that was already hit, with its label.
        false_accepts: detections of a keyword where it was not said.
        substitutions: those false accepts that fall where another keyword was said and missed, with
            the missed label.
        ignored: detections within a `?` span of their keyword.
        negative_s: for each keyword, the seconds in which a detection of it would be a false
            accept.
    """

    hits: list[Pair]
    misses: list[Label]
    duplicates: list[Pair]
    false_accepts: list[Decision]
    substitutions: list[Pair]
    ignored: list[Decision]
    negative_s: Mapping[str, float]

    @cached_property
    def false_reject_rate(self) -> float | None:
        """The share of labelled keywords that were missed, 0..1; None if none was said."""
        said = len(self.hits) + len(self.misses)
        return len(self.misses) / said if said else None

    @cached_property
    def false_accepts_per_hour(self) -> dict[str, float | None]:
        """Each keyword's false accepts per hour of its own negative time; None without any."""
        counts = dict.fromkeys(self.negative_s, 0)
        for decision in self.false_accepts:
            counts[decision.keyword] += 1
        return {
            keyword: counts[keyword] * 3600.0 / seconds if seconds > 0.0 else None
            for keyword, seconds in self.negative_s.items()
        }

    @cached_property
    def total_false_accepts_per_hour(self) -> float:
        """The sum of the keywords' false accepts per hour."""
        return sum(rate for rate in self.false_accepts_per_hour.values() if rate is not None)


def match(
    decisions: Iterable[Decision],
    labels: Iterable[Label],
    keywords: Sequence[str],
    duration_s: float,
) -> Matching:
    """Return how `decisions` compare with `labels` in a recording of `duration_s` seconds.

    Args:
        decisions: in any order.
        labels: in any order; words that are no keyword are negatives.
        keywords: those the detector listens for; sets what is missed and what is counted.
        duration_s: length of the recording.

    Raises:
        ValueError: a decision names a word that is not among `keywords`.
    """
    decisions = sorted(decisions, key=lambda decision: decision.decided_s)
    unknown = {decision.keyword for decision in decisions} - set(keywords)
    if unknown:
        raise ValueError(f"detections of {', '.join(sorted(unknown))}, not among the keywords")
    spoken = [label for label in labels if label.word in keywords]
    certain = sorted((s for s in spoken if not s.uncertain), key=lambda label: label.end_s)
    uncertain = [label for label in spoken if label.uncertain]

    hit_by: dict[int, Decision] = {}
    duplicates, false_accepts, ignored = [], [], []
    for decision in decisions:
        here = [
            index
            for index, label in enumerate(certain)
            if label.word == decision.keyword and _covers(label, decision)
        ]
        # The label that runs out first takes the detection: no other choice gives more hits.
        free = next((index for index in here if index not in hit_by), None)
        if free is not None:
            hit_by[free] = decision
        elif here:
            duplicates.append(Pair(certain[here[-1]], decision))
        elif any(
            label.word == decision.keyword and _covers(label, decision) for label in uncertain
        ):
            ignored.append(decision)
        else:
            false_accepts.append(decision)

    misses = [label for index, label in enumerate(certain) if index not in hit_by]
    return Matching(
        hits=[Pair(certain[index], decision) for index, decision in sorted(hit_by.items())],
        misses=misses,
        duplicates=duplicates,
        false_accepts=false_accepts,
        substitutions=_substitutions(misses, false_accepts),
        ignored=ignored,
        negative_s={word: _negative_s(word, spoken, duration_s) for word in keywords},
    )


def _samples(seconds: float) -> int:
    """Return whole samples: times that come from a text file and from samples compare equal."""
    return round(seconds * SAMPLE_RATE_HZ)


def _covers(label: Label, decision: Decision) -> bool:
    latest = _samples(label.end_s) + _samples(LATEST_S)
    return _samples(label.start_s) <= _samples(decision.decided_s) <= latest


def _substitutions(misses: list[Label], false_accepts: list[Decision]) -> list[Pair]:
    pairs = []
    for decision in false_accepts:
        label = next((missed for missed in misses if _covers(missed, decision)), None)
        if label is not None:
            pairs.append(Pair(label, decision))
    return pairs


def _negative_s(keyword: str, spoken: list[Label], duration_s: float) -> float:
    """Return `duration_s` less the union of the stretches without false accepts."""
    negative_s, reached_s = duration_s, 0.0
    for label in sorted(spoken, key=lambda label: label.start_s):
        if label.word != keyword:
            continue
        start_s = min(max(label.start_s, reached_s), duration_s)
        end_s = min(label.end_s + LATEST_S, duration_s)
        if end_s > start_s:
            negative_s -= end_s - start_s
            reached_s = end_s
    return negative_s
