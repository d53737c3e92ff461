"""Where in a recording what went right and wrong, as a strip to look along."""

from collections.abc import Sequence
from dataclasses import dataclass

from kws_live.eval.outcomes import Kind, Outcome
from kws_live.eval.posteriors import Stored
from kws_live.eval.report.figures import clock

WIDTH = 1000.0
_STEPS_S = (10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400)
_MOST_STEPS = 12


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a place of the strip, 0..`WIDTH`, with the words that explain it."""

    x: float
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A recording as a strip.

    Attributes:
        hits: places of the words that were detected.
        marks: everything else.
        uncertain: (place, width) of the stretches in which one of the words may be said.
        ticks: (place, time).
    """

    hits: Sequence[float]
    marks: Sequence[Mark]
    uncertain: Sequence[tuple[float, float]]
    ticks: Sequence[tuple[float, str]]


def timeline(stored: Stored, outcomes: Sequence[Outcome], keywords: Sequence[str]) -> Timeline:
    """Return the strip of one recording."""
    scale = WIDTH / stored.duration_s
    step_s = next(
        (step for step in _STEPS_S if stored.duration_s / step <= _MOST_STEPS), _STEPS_S[-1]
    )
    return Timeline(
        hits=[round(one.start_s * scale, 1) for one in outcomes if one.kind == "hit"],
        marks=[
            Mark(round(one.start_s * scale, 1), one.kind, describe(one))
            for one in outcomes
            if one.kind != "hit"
        ],
        uncertain=[
            (round(label.start_s * scale, 1), round((label.end_s - label.start_s) * scale, 2))
            for label in stored.labels
            if label.uncertain and label.word in keywords
        ],
        ticks=[
            (round(at * scale, 1), clock(at).removesuffix(".0"))
            for at in range(0, int(stored.duration_s), step_s)
        ],
    )


def describe(one: Outcome) -> str:
    """Return an outcome in a few words: "2:03.4 missed go, score 0.41, heard as no"."""
    verb = {
        "hit": "heard",
        "miss": "missed",
        "duplicate": "heard again",
        "false": "false",
        "ignored": "perhaps",
    }[one.kind]
    score = "gate closed" if one.score is None else f"score {one.score:.2f}"
    other = ""
    if one.other is not None:
        other = f", heard as {one.other}" if one.kind == "miss" else f", {one.other} was said"
    return f"{clock(one.start_s)} {verb} {one.keyword}, {score}{other}"
