"""Comparing what was detected in a recording with what is said in it.

The rule: a detection is a hit if it is decided between the start of a label of its keyword and 0.75
s after that label's end. A second one there is a duplicate. In a `?keyword` span, up to 0.75 s
after it, it counts for nothing. Everywhere else it is a false accept: also where another keyword was
said (a substitution, and that word a miss), and inside a word that contains the keyword ("going"),
which gets a line of its own.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Matching:
    """The outcome for one recording, each list ordered by time.

    Attributes:
        hits: labels of a keyword, each with the first detection of it.
        misses: labels of a keyword without a detection of it.
        duplicates: further detections of a word that was already hit, with its label.
        false_accepts: detections of a keyword where it was not said.
        substitutions: those false accepts that fall where another keyword was said and missed, with
            the missed label.
        embedded: those false accepts that fall within a word that contains the keyword, with that
            word's label.
        ignored: detections within a `?` span of their keyword.
        negative_s: for each keyword, the seconds in which a detection of it would be a false
            accept.
    """

    hits: list[Pair]
    misses: list[Label]
    duplicates: list[Pair]
    false_accepts: list[Decision]
    substitutions: list[Pair]
    embedded: list[Pair]
    ignored: list[Decision]
    negative_s: Mapping[str, float]


class Truth:
    """What is said in one recording, prepared for any number of comparisons.

    Args:
        labels: in any order; words that are no keyword are negatives, and a label that is there
            twice counts once.
        keywords: those the detector listens for; sets what is missed and what is counted.
        duration_s: length of the recording.
    """

    def __init__(self, labels: Iterable[Label], keywords: Sequence[str], duration_s: float) -> None:
        labels = list(dict.fromkeys(labels))
        spoken = [label for label in labels if label.word in keywords]
        certain = [label for label in spoken if not label.uncertain]
        self._said = _Spans(certain)
        self._said_of = {word: _Spans(_of(word, certain)) for word in keywords}
        self._uncertain_of = {
            word: _Spans(label for label in _of(word, spoken) if label.uncertain)
            for word in keywords
        }
        self._others = _Spans(label for label in labels if label.word not in keywords)
        self.negative_s = {word: _negative_s(word, spoken, duration_s) for word in keywords}
        """For each keyword, the seconds in which a detection of it would be a false accept."""

    def match(self, decisions: Iterable[Decision]) -> Matching:
        """Return how `decisions`, in any order, compare with the labels.

        Raises:
            ValueError: a decision names a word that is not among the keywords.
        """
        decisions = sorted(decisions, key=lambda decision: decision.decided_s)
        unknown = {decision.keyword for decision in decisions} - set(self._said_of)
        if unknown:
            raise ValueError(f"detections of {', '.join(sorted(unknown))}, not among the keywords")
        hit_by: dict[Label, Decision] = {}
        duplicates, false_accepts, embedded, ignored = [], [], [], []
        for decision in decisions:
            here = self._said_of[decision.keyword].at(decision.decided_s)
            # The label that runs out first takes the detection: no other choice gives more hits.
            free = next((label for label in here if label not in hit_by), None)
            if free is not None:
                hit_by[free] = decision
            elif here:
                duplicates.append(Pair(here[-1], decision))
            elif self._uncertain_of[decision.keyword].at(decision.decided_s):
                ignored.append(decision)
            else:
                false_accepts.append(decision)
                within = self._others.at(decision.decided_s)
                word = next(
                    (one for one in within if decision.keyword.lower() in one.word.lower()), None
                )
                if word is not None:
                    embedded.append(Pair(word, decision))
        misses = [label for label in self._said.labels if label not in hit_by]
        missed = _Spans(misses)
        return Matching(
            hits=[Pair(label, hit_by[label]) for label in self._said.labels if label in hit_by],
            misses=misses,
            duplicates=duplicates,
            false_accepts=false_accepts,
            substitutions=[
                Pair(labels[0], decision)
                for decision in false_accepts
                if (labels := missed.at(decision.decided_s))
            ],
            embedded=embedded,
            ignored=ignored,
            negative_s=self.negative_s,
        )


def match(
    decisions: Iterable[Decision],
    labels: Iterable[Label],
    keywords: Sequence[str],
    duration_s: float,
) -> Matching:
    """Return how `decisions` compare with `labels` in a recording of `duration_s` seconds; see `Truth`.

    Raises:
        ValueError: a decision names a word that is not among `keywords`.
    """
    return Truth(labels, keywords, duration_s).match(decisions)


class _Spans:
    """Labels, found by the time at which a detection of them would count."""

    def __init__(self, labels: Iterable[Label]) -> None:
        self.labels = sorted(labels, key=lambda label: (label.end_s, label.start_s))
        self._latest = [_samples(label.end_s) + _samples(LATEST_S) for label in self.labels]
        starts = [_samples(label.start_s) for label in self.labels]
        self._starts = starts
        # The earliest start from each label on: where it lies behind, no further label covers.
        self._earliest = starts.copy()
        for index in range(len(starts) - 2, -1, -1):
            self._earliest[index] = min(starts[index], self._earliest[index + 1])

    def at(self, decided_s: float) -> list[Label]:
        """Return the labels from whose start to 0.75 s after whose end `decided_s` lies, by end."""
        decided = _samples(decided_s)
        found = []
        for index in range(bisect_left(self._latest, decided), len(self.labels)):
            if self._earliest[index] > decided:
                break
            if self._starts[index] <= decided:
                found.append(self.labels[index])
        return found


def _of(word: str, labels: Iterable[Label]) -> list[Label]:
    return [label for label in labels if label.word == word]


def _samples(seconds: float) -> int:
    """Return whole samples: times that come from a text file and from samples compare equal."""
    return round(seconds * SAMPLE_RATE_HZ)


def _negative_s(keyword: str, spoken: list[Label], duration_s: float) -> float:
    """Return `duration_s` less the union of the stretches without false accepts."""
    # In whole samples: a rounding error of seconds would be hours to divide by.
    duration = negative = _samples(duration_s)
    reached = 0
    for label in sorted(_of(keyword, spoken), key=lambda label: label.start_s):
        start = max(_samples(label.start_s), reached)
        end = min(_samples(label.end_s) + _samples(LATEST_S), duration)
        if end > start:
            negative -= end - start
            reached = end
    return negative / SAMPLE_RATE_HZ
