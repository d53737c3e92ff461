"""From what the model gave for background and words to an operating point and what to expect of it.

Thresholds depend on the background alone. Smoothing is chosen by what is missed of the user's words,
refractory times by the words alone, so that the false-accept rate knows nothing of the latter. What
is told accounts for the choices:

* a smoothing moves only where the hours support the target: at an unchanged threshold a shorter one
  lets through more, so it would lower what may not be lowered;
* of M candidates for the smoothing the best is taken, so each one's interval is made at 1 - 0.05 / M:
  all of them hold together at 95 %, and so does the one that is taken (Bonferroni's inequality);
* the false-reject rate is cross-fitted: each half of the words is counted with the smoothing that
  the other half chose.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kws_live.config import DecoderSettings
from kws_live.eval.background import Background
from kws_live.eval.choose import Choice, Target, choose
from kws_live.eval.counts import Counts
from kws_live.eval.crossfit import cross_fit, halves, pooled
from kws_live.eval.evaluation import Evaluator
from kws_live.eval.posteriors import Stored
from kws_live.eval.predict import CONFIDENCE, Prediction

SMOOTHING_S = (0.1, 0.2, 0.3)
"""Tried beside the present one. Longer ones miss fewer words at the same false accepts, but each tenth
of a second is one by which every detection comes later: who wants that sets it, and it is tried too."""
REFRACTORY_S = (0.5, 0.75, 1.5, 2.0)
"""Tried beside the model's own."""


@dataclass(frozen=True, slots=True)
class Check:
    """Thresholds chosen on one half of the background recordings, counted on the other, both ways.

    A quiet half promises too little for a loud one, which in turn promises too much: the sum could
    hide that, so each way is held against its own prediction.

    Attributes:
        false_accepts: how many were counted, each way.
        expected: the least and the greatest number that was to be expected, each way; together they
            hold with the confidence of the prediction.
        hours: what was listened to, in all.
    """

    false_accepts: tuple[int, int]
    expected: tuple[tuple[int, int], tuple[int, int]]
    hours: float

    @property
    def agrees(self) -> bool:
        """Whether both counts are within what was expected."""
        return all(
            low <= count <= high
            for count, (low, high) in zip(self.false_accepts, self.expected, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Tuning:
    """An operating point and what to expect of it.

    Attributes:
        before: what ran until now.
        target: the rate asked for.
        keywords: those that were tuned.
        choice: thresholds, and false accepts.
        words: what was missed of the words, cross-fitted where there are two halves of them; a
            keyword without words counts none.
        heard_h: how much of the background passed the gate.
        misses_by_smoothing: of each smoothing tried, in s, how many words it missed.
        check: what became of it on recordings that weren't chosen on; None with a single one.
    """

    before: DecoderSettings
    target: Target
    keywords: tuple[str, ...]
    choice: Choice
    words: Counts
    heard_h: float
    misses_by_smoothing: Mapping[float, int]
    check: Check | None

    @property
    def after(self) -> DecoderSettings:
        """What to run from now on."""
        return self.choice.decoder

    @property
    def hours(self) -> float:
        """How much background there was, for the keyword that had least of it."""
        return min(self.choice.keywords[keyword].hours for keyword in self.keywords)


def tune(
    background: Sequence[Stored],
    words: Sequence[Stored],
    labels: Sequence[str],
    settings: DecoderSettings,
    target: Target,
    keywords: Sequence[str] = (),
) -> Tuning:
    """Choose an operating point and predict what it does.

    Args:
        background: hours of everything else, at least one recording; words that their labels name
            are no false accepts.
        words: the user's keywords, labelled: none, or one recording, or two with different speakers
            (or clips) each, for cross-fitting.
        labels: the model's labels, in the order of its outputs.
        settings: what runs now.
        target: the rate of false accepts.
        keywords: those to tune; all if empty.

    Raises:
        InputError: no time is left in which a detection of some keyword would be false.
    """
    wanted = tuple(keywords) or tuple(settings.keywords)
    timed = _with_refractory(words, labels, settings, wanted)
    best = _best(background, words, labels, timed, target, wanted)
    return Tuning(
        before=settings,
        target=target,
        keywords=wanted,
        choice=best.choices[best.smoothing_s],
        words=_count_words(best, words, labels, settings.smoothing_s),
        heard_h=math.fsum(one.open_s for one in background) / 3600,
        misses_by_smoothing=best.misses,
        check=_check(background, words, labels, timed, target, wanted),
    )


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The choice of thresholds for each smoothing, in s, what it misses, and the best one."""

    choices: Mapping[float, Choice]
    misses: Mapping[float, int]
    smoothing_s: float


def _best(
    background: Sequence[Stored],
    words: Sequence[Stored],
    labels: Sequence[str],
    settings: DecoderSettings,
    target: Target,
    keywords: Sequence[str],
) -> _Candidates:
    own_s = settings.smoothing_s
    heard = {own_s: Background(background, labels, settings)}
    if words and target.supported_by(min(heard[own_s].hours[keyword] for keyword in keywords)):
        for smoothing_s in {*SMOOTHING_S} - {own_s}:
            smoothed = replace(settings, smoothing_s=smoothing_s)
            heard[smoothing_s] = Background(background, labels, smoothed)
    choices = {
        smoothing_s: choose(
            heard[smoothing_s],
            target,
            keywords,
            confidence=1 - (1 - CONFIDENCE) / len(heard),
        )
        for smoothing_s in sorted(heard)
    }
    misses = {
        smoothing_s: _count(words, labels, choice.decoder).misses if words else 0
        for smoothing_s, choice in choices.items()
    }
    return _Candidates(choices, misses, _fewest(misses, own_s))


def _fewest(misses: Mapping[float, int], own_s: float) -> float:
    """Return the smoothing with the fewest misses; of equals the one nearest to what runs now."""
    return min(misses, key=lambda smoothing_s: (misses[smoothing_s], abs(smoothing_s - own_s)))


def _count(words: Sequence[Stored], labels: Sequence[str], decoder: DecoderSettings) -> Counts:
    return Evaluator(words, labels, decoder).at(decoder).counts


def _count_words(
    best: _Candidates, words: Sequence[Stored], labels: Sequence[str], own_s: float
) -> Counts:
    if len(words) < 2:
        return _count(words, labels, best.choices[best.smoothing_s].decoder)
    # By smoothing and half, so that nothing is decoded twice.
    counts = [
        {
            smoothing_s: _count([half], labels, choice.decoder)
            for smoothing_s, choice in best.choices.items()
        }
        for half in words
    ]

    def chosen(half: Mapping[float, Counts]) -> float:
        return _fewest({s: count.misses for s, count in half.items()}, own_s)

    parts = cross_fit(counts[0], counts[1], chosen, lambda half, smoothing_s: half[smoothing_s])
    return pooled([counted for _, counted in parts])


def _with_refractory(
    words: Sequence[Stored],
    labels: Sequence[str],
    settings: DecoderSettings,
    keywords: Sequence[str],
) -> DecoderSettings:
    """Return `settings` with, for each keyword, the time at which least is heard twice or not at all.

    At the thresholds that run now: the background has no say in it. Of equals, the present time.
    """
    if not words:
        return settings
    evaluator = Evaluator(words, labels, settings)
    found = dict(settings.keywords)
    cost: dict[str, dict[float, int]] = {keyword: {} for keyword in keywords}
    for time_s in (None, *REFRACTORY_S):
        tried = {
            keyword: own if time_s is None else replace(own, refractory_s=time_s)
            for keyword, own in settings.keywords.items()
        }
        counts = evaluator.at(replace(settings, keywords=tried)).counts.keywords
        for keyword in keywords:
            mistakes = counts[keyword].misses + counts[keyword].duplicates
            cost[keyword].setdefault(tried[keyword].refractory_s, mistakes)
    for keyword in keywords:
        own_s = found[keyword].refractory_s
        best_s = min(cost[keyword], key=lambda s, k=keyword: (cost[k][s], abs(s - own_s)))  # type: ignore[misc]
        found[keyword] = replace(found[keyword], refractory_s=best_s)
    return replace(settings, keywords=found)


def _check(
    background: Sequence[Stored],
    words: Sequence[Stored],
    labels: Sequence[str],
    settings: DecoderSettings,
    target: Target,
    keywords: Sequence[str],
) -> Check | None:
    if len(background) < 2:
        return None
    parts = halves({str(index): one.duration_s for index, one in enumerate(background)})
    first, second = (
        [one for index, one in enumerate(background) if str(index) in half] for half in parts
    )

    def chosen(half: Sequence[Stored]) -> Choice:
        best = _best(half, words, labels, settings, target, keywords)
        return best.choices[best.smoothing_s]

    def counted(half: Sequence[Stored], choice: Choice) -> tuple[int, float]:
        other = Background(half, labels, choice.decoder)
        return sum(other.together(choice.decoder).values()), min(other.hours.values())

    results = cross_fit(first, second, chosen, counted)
    (first_count, first_h), (second_count, second_h) = (counts for _, counts in results)
    return Check(
        false_accepts=(first_count, second_count),
        expected=(
            _one_of_two(results[0][0]).count_interval(first_h),
            _one_of_two(results[1][0]).count_interval(second_h),
        ),
        hours=first_h + second_h,
    )


def _one_of_two(choice: Choice) -> Prediction:
    """Return the prediction so that two of them hold together (Bonferroni)."""
    prediction = choice.prediction
    return replace(prediction, confidence=1 - (1 - prediction.confidence) / 2)
