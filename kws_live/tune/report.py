"""What a tuning found, for people."""

import math
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from kws_live.display.theme import FAINT, STRONG
from kws_live.eval.counts import Count, Counts
from kws_live.eval.ladder import CEILING
from kws_live.eval.predict import RULE_OF_THREE, Prediction
from kws_live.text import clock, printable
from kws_live.tune.tuning import Tuning


def table(tuning: Tuning) -> Table:
    """Return a row for each keyword, and one for all: its settings, old and new, and what to expect.

    Refractory times are shown where one moved.
    """
    shown = Table(header_style=STRONG, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("keyword")
    shown.add_column("threshold", justify="right")
    timed = any(
        own.refractory_s != tuning.before.keywords[keyword].refractory_s
        for keyword, own in tuning.after.keywords.items()
    )
    if timed:
        shown.add_column("refractory", justify="right")
    shown.add_column("missed", justify="right")
    shown.add_column("95 %", justify="right")
    shown.add_column("false/h", justify="right")
    shown.add_column("95 %", justify="right")
    for keyword, one in tuning.choice.keywords.items():
        old = tuning.before.keywords[keyword]
        shown.add_row(
            Text(printable(keyword)),
            _change(f"{old.threshold:.5g}", f"{one.settings.threshold:.5g}"),
            *(
                [_change(f"{old.refractory_s:g}", f"{one.settings.refractory_s:g} s")]
                if timed
                else []
            ),
            *_missed(tuning.words.keywords[keyword]),
            *_rate(one.prediction),
            style="" if keyword in tuning.keywords else FAINT,
        )
    shown.add_section()
    shown.add_row(
        "all",
        "",
        *([""] if timed else []),
        *_missed(tuning.words),
        *_rate(tuning.choice.prediction),
    )
    return shown


def sentences(tuning: Tuning) -> Iterator[str]:
    """Yield what has to be said beside the table, the refusals first."""
    if not tuning.choice.supported:
        yield _refusal(tuning)
    yield from _exceeding(tuning)
    if tuning.heard_h == 0.0:
        yield (
            "Nothing in the background was loud enough, or like enough to a voice, to be listened to. Was "
            "the microphone muted? That silence sets nothing off says little of your days."
        )
    before, after = tuning.before.smoothing_s, tuning.after.smoothing_s
    if len(tuning.misses_by_smoothing) > 1:
        tried = ", ".join(f"{s:g} s misses {n}" for s, n in tuning.misses_by_smoothing.items())
        moved = f"{before:g} s → {after:g} s" if after != before else f"stays {before:g} s"
        yield f"smoothing: {moved} ({tried})."
    yield from _check(tuning)


def deciders(tuning: Tuning) -> Iterator[str]:
    """Yield for each keyword what in the background kept its threshold from being lower."""
    for keyword in tuning.keywords:
        event = tuning.choice.keywords[keyword].stopped_by
        if event is not None:
            yield (f"{keyword}: {event.score:.4f} at {clock(event.time_s)} in {event.path}")


def figure(value: float) -> str:
    """Return a rate with as many digits as it deserves: "0.25", "4.1", "210"."""
    return f"{value:.0f}" if value >= 10 or value == 0 else f"{value:.2g}"


def rate(per_hour: float) -> str:
    """Return a rate of false accepts in words."""
    return f"{per_hour:g} false accept{'' if per_hour == 1 else 's'} per hour"


def span(hours: float) -> str:
    """Return a length of time as people say it: "10 minutes", "2.5 hours"."""
    if hours >= 2:
        return f"{hours:.1f} hours"
    value, unit = (hours * 60, "minute") if hours >= 1 / 60 else (hours * 3600, "second")
    return f"{value:.0f} {unit}" if round(value) == 1 else f"{value:.0f} {unit}s"


def _refusal(tuning: Tuning) -> str:
    target, hours = tuning.target, tuning.hours
    bound = f"{_rounded_up(RULE_OF_THREE / hours):g}"
    whose = "all keywords together" if target.total else "a keyword"
    raised = [
        keyword
        for keyword in tuning.keywords
        if tuning.after.keywords[keyword].threshold > tuning.before.keywords[keyword].threshold
    ]
    moved = f"; raised: {', '.join(raised)}" if raised else ", and none had to be raised"
    return (
        f"{span(hours)} can't show {rate(target.fa_per_hour)}: even without any, "
        f"{span(hours)} bound {whose} at {bound}/h (95 %). So that is not promised. "
        f"No threshold was lowered{moved}. Record at least "
        f"{span(target.needed_h)}, or ask for {bound} with --fa-per-hour."
    )


def _rounded_up(value: float) -> float:
    """Return `value` with two digits: who asks for that gets it promised."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    # Division leaves 18.000000000000004 and the like.
    return round(math.ceil(value / unit - 1e-6) * unit, 9)


def _exceeding(tuning: Tuning) -> Iterator[str]:
    choice, target = tuning.choice, tuning.target
    if not choice.exceeding:
        return
    if target.total:
        yield (
            f"no thresholds keep all keywords together to {rate(target.fa_per_hour)}: "
            f"at the highest, {CEILING}, {figure(choice.prediction.per_hour)} are to be expected. "
            "Ask for that with --fa-per-hour, or train the model on such sounds."
        )
        return
    for keyword in choice.exceeding:
        one = choice.keywords[keyword]
        yield (
            f"no threshold keeps {keyword!r} to {rate(target.fa_per_hour)}: at "
            f"{one.settings.threshold:g} it had {one.false_accepts} in {span(one.hours)}, so "
            f"{figure(one.prediction.per_hour)} are to be expected. Ask for that with --fa-per-hour, "
            "or train the model on such sounds."
        )


def _check(tuning: Tuning) -> Iterator[str]:
    check = tuning.check
    if check is None:
        yield (
            "The intervals are for hours like these. One recording can't show how much yours differ: "
            "give several, of different days and people."
        )
        return
    if check.agrees and not tuning.choice.supported:
        return  # so few hours agree with nearly everything
    (first, second), (first_limits, second_limits) = check.false_accepts, check.expected
    yield (
        "check: chosen on half of the recordings, the other half gave "
        f"{first} false accepts ({first_limits[0]} to {first_limits[1]} were to be expected); the other "
        f"way round {second} ({second_limits[0]} to {second_limits[1]})."
    )
    if not check.agrees:
        yield (
            "Your recordings differ from each other by more than chance, so the intervals are too "
            "narrow: record more of what your days are like."
        )


def _change(old: str, new: str) -> str:
    return new if old == new else f"{old} → {new}"


def _missed(count: Count | Counts) -> tuple[str, str]:
    if count.frr_ci95 is None:
        return "no clips", ""
    low, high = count.frr_ci95
    return f"{count.misses} of {count.words}", f"{100 * low:.0f} – {100 * high:.0f} %"


def _rate(prediction: Prediction) -> tuple[str, str]:
    low, high = prediction.per_hour_interval
    at_most = "≤ " if prediction.low < prediction.high else ""
    return f"{at_most}{figure(prediction.per_hour)}", f"{figure(low)} – {figure(high)}"
