"""The figures of an evaluation on clips: misses and false accepts by word, and the model's own accuracy."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from kws_live.eval.clip_runs import ClipRun
from kws_live.eval.counts import Interval
from kws_live.eval.intervals import binomial_interval
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole that was counted."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share, 0..1; None of nothing."""
        return self.part / self.whole if self.whole else None

    @property
    def ci95(self) -> Interval | None:
        """Its exact binomial interval."""
        return binomial_interval(self.part, self.whole) if self.whole else None


@dataclass(frozen=True)
class ClipCounts:
    """What was counted on clips; a clip counts once, however often something was detected in it.

    Attributes:
        keywords: those listened for.
        runs: one for each clip.
    """

    keywords: Sequence[str]
    runs: Sequence[ClipRun]

    @cached_property
    def missed(self) -> Mapping[str, Share]:
        """Of each keyword's clips, those in which it was not detected."""
        return {
            keyword: _share(
                keyword not in detected(run) for run in self.runs if run.word == keyword
            )
            for keyword in self.keywords
        }

    @cached_property
    def all_missed(self) -> Share:
        """Of the clips of all keywords, those in which theirs was not detected."""
        return _sum(self.missed.values())

    @cached_property
    def false(self) -> Mapping[str, Share]:
        """For each keyword, of the clips of all other words those in which it was detected."""
        return {
            keyword: _share(keyword in detected(run) for run in self.runs if run.word != keyword)
            for keyword in self.keywords
        }

    @cached_property
    def false_by_word(self) -> Mapping[str, Share]:
        """For each word, of its clips those in which something else was detected, the worst word first."""
        words = dict.fromkeys(run.word for run in self.runs)
        shares = {
            word: _share(
                set(detected(run)) - {word} != set() for run in self.runs if run.word == word
            )
            for word in words
        }
        return dict(sorted(shares.items(), key=lambda one: -(one[1].value or 0.0)))

    @cached_property
    def confusion(self) -> Mapping[tuple[str, str | None], int]:
        """How many clips of a word gave a keyword: its own if that was among them, else the first; else None."""
        return Counter((run.word, heard_as(run)) for run in self.runs)

    @cached_property
    def right(self) -> Mapping[str, Share]:
        """For each class of the model, of its clips those that the model guesses right on one window.

        Classes that are not listened for are there, too, where there are clips of them.
        """
        own = (*self.keywords, UNKNOWN_LABEL, SILENCE_LABEL)
        classes = dict.fromkeys((*own, *(run.label for run in self.runs)))
        return {
            name: _share(run.guess == name for run in self.runs if run.label == name)
            for name in classes
        }

    @cached_property
    def all_right(self) -> Share:
        """Of all clips, those that the model guesses right on one window."""
        return _sum(self.right.values())


def detected(run: ClipRun) -> tuple[str, ...]:
    """Return the keywords that were detected in a clip, in order."""
    return tuple(one.keyword for one in run.detections)


def heard_as(run: ClipRun) -> str | None:
    """Return the clip's own word if it was detected, else what was detected first, else None."""
    found = detected(run)
    if run.word in found:
        return run.word
    return found[0] if found else None


def _share(happened: Iterable[bool]) -> Share:
    found = list(happened)
    return Share(sum(found), len(found))


def _sum(shares: Iterable[Share]) -> Share:
    found = list(shares)
    return Share(sum(one.part for one in found), sum(one.whole for one in found))
