"""Comparing what was detected in a recording with what is said in it.

The rule: a detection is a hit if it is decided between the start of a label of its keyword and 0.75
s after that label's end. A second one there is a duplicate. In a `?keyword` span, up to 0.75 s
after it, it counts for nothing. Everywhere else it is a false accept: also where another keyword was
said (a substitution, and that word a miss), and inside a word that contains the keyword ("going"),
which gets a line of its own.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

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
        words: for each keyword, how often it was said.
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
    words: Mapping[str, int]
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
        self._labels = sorted(dict.fromkeys(labels), key=lambda label: (label.end_s, label.start_s))
        words = [(label.word, label.uncertain) for label in self._labels]

        def where(chosen: Callable[[str, bool], bool]) -> _Spans:
            return _Spans(
                self._labels, [number for number, word in enumerate(words) if chosen(*word)]
            )

        def of_each(chosen: Callable[[str, str, bool], bool]) -> dict[str, _Spans]:
            return {keyword: where(partial(chosen, keyword)) for keyword in keywords}

        self._said = where(lambda word, uncertain: word in keywords and not uncertain)
        self._said_of = of_each(lambda keyword, word, uncertain: word == keyword and not uncertain)
        self._uncertain_of = of_each(lambda keyword, word, uncertain: word == keyword and uncertain)
        self._holding = of_each(
            lambda keyword, word, _: word not in keywords and keyword.lower() in word.lower()
        )
        self.words = {keyword: len(spans.numbers) for keyword, spans in self._said_of.items()}
        """For each keyword, how often it was said."""
        self.negative_s = {
            keyword: _negative_s(
                [label for label in self._labels if label.word == keyword], duration_s
            )
            for keyword in keywords
        }
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
        labels = self._labels
        hit_by: dict[int, Decision] = {}
        duplicates, embedded, ignored = [], [], []
        false_accepts: list[tuple[int, Decision]] = []
        for decision in decisions:
            keyword, decided = decision.keyword, _samples(decision.decided_s)
            here = self._said_of[keyword].at(decided)
            # The label that runs out first takes the detection: no other choice gives more hits.
            free = next((number for number in here if number not in hit_by), None)
            if free is not None:
                hit_by[free] = decision
            elif here:
                duplicates.append(Pair(labels[here[-1]], decision))
            elif self._uncertain_of[keyword].at(decided):
                ignored.append(decision)
            else:
                false_accepts.append((decided, decision))
                if within := self._holding[keyword].at(decided):
                    embedded.append(Pair(labels[within[0]], decision))
        substitutions = []
        for decided, decision in false_accepts:
            missed = (number for number in self._said.at(decided) if number not in hit_by)
            if (number := next(missed, None)) is not None:
                substitutions.append(Pair(labels[number], decision))
        return Matching(
            hits=[Pair(labels[number], hit_by[number]) for number in sorted(hit_by)],
            misses=[labels[number] for number in self._said.numbers if number not in hit_by],
            duplicates=duplicates,
            false_accepts=[decision for _, decision in false_accepts],
            substitutions=substitutions,
            embedded=embedded,
            ignored=ignored,
            words=self.words,
            negative_s=self.negative_s,
        )

    def excuses(self, keyword: str, decided_s: float) -> bool:
        """Return whether a detection there would be no false accept: the keyword is, or may be, said."""
        decided = _samples(decided_s)
        return bool(self._said_of[keyword].at(decided) or self._uncertain_of[keyword].at(decided))


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
    """Some of a recording's labels, found by the time at which a detection of them would count.

    Args:
        labels: all of them, ordered by end.
        numbers: which of them these are, ascending.
    """

    def __init__(self, labels: Sequence[Label], numbers: list[int]) -> None:
        self.numbers = numbers
        ends = [_samples(labels[number].end_s) for number in numbers]
        self._latest = [end + _samples(LATEST_S) for end in ends]
        self._starts = [_samples(labels[number].start_s) for number in numbers]
        # The earliest start from each label on: where it lies behind, no further label covers.
        self._earliest = list(accumulate(reversed(self._starts), min))[::-1]

    def at(self, decided: int) -> list[int]:
        """Return the labels from whose start to 0.75 s after whose end sample `decided` lies, by end."""
        found = []
        for index in range(bisect_left(self._latest, decided), len(self.numbers)):
            if self._earliest[index] > decided:
                break
            if self._starts[index] <= decided:
                found.append(self.numbers[index])
        return found


def _samples(seconds: float) -> int:
    """Return whole samples: times that come from a text file and from samples compare equal."""
    return round(seconds * SAMPLE_RATE_HZ)


def _negative_s(spoken: Iterable[Label], duration_s: float) -> float:
    """Return `duration_s` less the union of the stretches in which a detection is no false accept."""
    # In whole samples: a rounding error of seconds would be hours to divide by.
    duration = negative = _samples(duration_s)
    reached = 0
    for label in sorted(spoken, key=lambda label: label.start_s):
        start = max(_samples(label.start_s), reached)
        end = min(_samples(label.end_s) + _samples(LATEST_S), duration)
        if end > start:
            negative -= end - start
            reached = end
    return negative / SAMPLE_RATE_HZ
