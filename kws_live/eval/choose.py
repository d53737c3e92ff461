"""Choosing thresholds for a rate of false accepts, through the decoder that they are deployed with.

For each keyword, or for all of them together, the threshold is put just above the event that would
be one false accept too many. `kws_live.eval.predict` says what may be expected of it then.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.eval.background import Background, Event
from kws_live.eval.ladder import CEILING, GRID, Rung, just_above, make_ladder
from kws_live.eval.predict import CONFIDENCE, RULE_OF_THREE, Prediction, add

_MARGIN = 1e-9


@dataclass(frozen=True, slots=True)
class Target:
    """How many false accepts are accepted.

    Attributes:
        fa_per_hour: of each keyword, or of all together; > 0.
        total: whether it is of all together.
    """

    fa_per_hour: float
    total: bool = False

    def supported_by(self, hours: float) -> bool:
        """Return whether `hours` without any false accept would show, at 95 %, that it is kept."""
        return self.fa_per_hour * hours >= RULE_OF_THREE - _MARGIN

    def allowed(self, hours: float) -> int:
        """Return how many events may stay in `hours` so that no more than the target is expected."""
        return max(0, math.floor(self.fa_per_hour * hours + _MARGIN) - 1)

    @property
    def needed_h(self) -> float:
        """The hours that support it."""
        return RULE_OF_THREE / self.fa_per_hour


@dataclass(frozen=True, slots=True)
class Chosen:
    """A keyword's threshold and what it does on the recordings it was chosen on.

    Attributes:
        settings: the threshold, its release, and the refractory time.
        false_accepts: what was counted there, all keywords decoded together.
        hours: time in which a detection of it would be false.
        prediction: what to expect elsewhere.
        stopped_by: the event just under the threshold; None where no event decided.
    """

    settings: KeywordSettings
    false_accepts: int
    hours: float
    prediction: Prediction
    stopped_by: Event | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Thresholds for all keywords.

    Attributes:
        decoder: what to deploy.
        keywords: what is known of each keyword, in the order of the decoder; of those that keep
            their threshold too.
        prediction: of the sum over all keywords.
        supported: whether the hours can show that the target is kept.
        exceeding: keywords that no threshold keeps to the target.
    """

    decoder: DecoderSettings
    keywords: Mapping[str, Chosen]
    prediction: Prediction
    supported: bool
    exceeding: tuple[str, ...]


def choose(
    background: Background,
    target: Target,
    keywords: Sequence[str] = (),
    *,
    confidence: float = CONFIDENCE,
) -> Choice:
    """Return the lowest thresholds at which no more than the target is expected.

    With a target for each keyword, each is first decoded alone, its threshold put so that as many
    events stay as are allowed. But keywords hold each other back, and free each other by doing so:
    all are then decoded together, and whatever exceeds is raised to its next event. With a target
    for their sum, the thresholds keep the distances, in log-odds, that they have in the settings,
    and move together: fewer hours are needed than for each of them.

    Where the hours don't support the target, no threshold is lowered: that nothing happened in ten
    minutes proves little.

    Args:
        background: the recordings, and the settings to begin with.
        target: the rate.
        keywords: those to choose for; all if empty. The others keep their thresholds.
        confidence: of the intervals.
    """
    settings = background.settings
    wanted = tuple(keywords) or tuple(settings.keywords)
    supported = target.supported_by(min(background.hours[keyword] for keyword in wanted))
    ladders = {
        keyword: make_ladder(background, keyword, settings.keywords[keyword].threshold, supported)
        for keyword in wanted
    }
    search = _choose_total if target.total else _choose_each
    rungs = search(background, ladders, target)
    decoder = _with(settings, rungs)
    counts = background.together(decoder)
    allowed = {keyword: target.allowed(hours) for keyword, hours in background.hours.items()}

    def predict(count: int, most: int, hours: float, exact: bool) -> Prediction:
        return Prediction(count + (exact and count == most), count + 1, hours, confidence)

    chosen = {
        keyword: Chosen(
            settings=own,
            false_accepts=counts[keyword],
            hours=background.hours[keyword],
            # A threshold that moved with the others lies anywhere between two events of its own.
            prediction=predict(
                counts[keyword],
                allowed[keyword],
                background.hours[keyword],
                keyword in rungs and rungs[keyword].exact and not target.total,
            ),
            stopped_by=rungs[keyword].event if keyword in rungs else None,
        )
        for keyword, own in decoder.keywords.items()
    }
    if target.total:
        sum_ = sum(counts[keyword] for keyword in wanted)
        hours = min(background.hours[keyword] for keyword in wanted)
        exceeding = wanted if sum_ > target.allowed(hours) else ()
        exact = any(rung.exact for rung in rungs.values())
        parts = [predict(sum_, target.allowed(hours), hours, exact)]
        parts += [chosen[keyword].prediction for keyword in chosen if keyword not in wanted]
    else:
        exceeding = tuple(keyword for keyword in wanted if counts[keyword] > allowed[keyword])
        parts = [one.prediction for one in chosen.values()]
    return Choice(decoder, chosen, add(parts), supported, exceeding)


def with_threshold(own: KeywordSettings, threshold: float) -> KeywordSettings:
    """Return the settings with another threshold; the release keeps its share of it."""
    release = round(own.release * threshold / own.threshold, 5)
    return replace(own, threshold=threshold, release=release)


def _choose_each(
    background: Background, ladders: Mapping[str, Sequence[Rung]], target: Target
) -> dict[str, Rung]:
    allowed = {keyword: target.allowed(background.hours[keyword]) for keyword in ladders}
    steps = {}
    for keyword, ladder in ladders.items():
        own = background.settings.keywords[keyword]

        def fits(
            step: int,
            keyword: str = keyword,
            ladder: Sequence[Rung] = ladder,
            own: KeywordSettings = own,
        ) -> bool:
            settings = with_threshold(own, ladder[step].threshold)
            return background.alone(keyword, settings) <= allowed[keyword]

        steps[keyword] = _lowest(len(ladder) - 1, allowed[keyword], fits)
    while True:
        rungs = {keyword: ladder[steps[keyword]] for keyword, ladder in ladders.items()}
        counts = background.together(_with(background.settings, rungs))
        raised = [
            keyword for keyword in ladders if counts[keyword] > allowed[keyword] and steps[keyword]
        ]
        if not raised:
            return rungs
        for keyword in raised:
            steps[keyword] -= 1


def _choose_total(
    background: Background, ladders: Mapping[str, Sequence[Rung]], target: Target
) -> dict[str, Rung]:
    own = {
        keyword: _log_odds(background.settings.keywords[keyword].threshold) for keyword in ladders
    }
    shifts = sorted(
        (
            (_log_odds(rung.threshold) - own[keyword], keyword, rung)
            for keyword, ladder in ladders.items()
            for rung in ladder
        ),
        key=lambda entry: entry[0],
        reverse=True,
    )
    allowed = target.allowed(min(background.hours[keyword] for keyword in ladders))

    def at(step: int) -> dict[str, Rung]:
        shift, decider, deciding = shifts[step]
        rungs = {}
        for keyword, ladder in ladders.items():
            # The grid's next point: a threshold may not slip under the event that it stands on.
            moved = just_above(1 / (1 + math.exp(-own[keyword] - shift)) - 1 / GRID)
            moved = min(max(moved, ladder[-1].threshold), CEILING)
            rungs[keyword] = Rung(moved, None, exact=False)
        rungs[decider] = deciding
        return rungs

    def fits(step: int) -> bool:
        counts = background.together(_with(background.settings, at(step)))
        return sum(counts[keyword] for keyword in ladders) <= allowed

    return at(_lowest(len(shifts) - 1, allowed, fits))


def _lowest(last: int, first: int, fits: Callable[[int], bool]) -> int:
    """Return a step that fits while the next one down does not, or `last`; 0 if none fits.

    Counts hardly ever fall as thresholds do: a search that doubles its stride and then halves it
    finds the place with few trials.

    Args:
        last: the lowest step, ≥ 0.
        first: where to begin.
        fits: whether a step keeps to what is allowed.
    """
    low = min(first, last)
    while low and not fits(low):
        low //= 2
    stride = 1
    while low < last and fits(min(low + stride, last)):
        low = min(low + stride, last)
        stride *= 2
    high = min(low + stride, last + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def _with(settings: DecoderSettings, rungs: Mapping[str, Rung]) -> DecoderSettings:
    keywords = {
        keyword: with_threshold(own, rungs[keyword].threshold) if keyword in rungs else own
        for keyword, own in settings.keywords.items()
    }
    return replace(settings, keywords=keywords)


def _log_odds(threshold: float) -> float:
    threshold = min(max(threshold, 1 / GRID), 1 - 1 / GRID)
    return math.log(threshold / (1 - threshold))
