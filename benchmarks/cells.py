"""How counts, rates and dates are written in the generated sections.

Every rate comes with its 95 % interval; what was not measured is "–".
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from kws_live.eval.card import NONE, false_accepts, missed, number, percents, table

__all__ = [
    "NONE",
    "Bar",
    "bars",
    "clips",
    "condition",
    "fa_per_hour",
    "false_accepts",
    "frr",
    "frr_at",
    "missed",
    "not_yet",
    "number",
    "percents",
    "share",
    "table",
    "times",
    "when",
]


class Bar(NamedTuple):
    """A figure and what is asked of it.

    Attributes:
        what: what it is a figure of.
        value: the figure, unrounded.
        sign: which side of the limit is good.
        limit: what is asked.
        unit: of both, with a space before it where one belongs.
        digits: of the figure, behind the point.
    """

    what: str
    value: float
    sign: Literal["≤", "≥"]
    limit: float
    unit: str
    digits: int = 0

    @property
    def met(self) -> bool:
        """Whether the figure keeps to it."""
        return self.value <= self.limit if self.sign == "≤" else self.value >= self.limit


def bars(those: Sequence[Bar]) -> str:
    """Return what was asked of some figures, and which keep to it."""
    return (
        "Asked: "
        + "; ".join(
            f"{bar.what} {bar.sign} {bar.limit:g}{bar.unit} – "
            f"{'met' if bar.met else '**missed**'}, {bar.value:.{bar.digits}f}{bar.unit}"
            for bar in those
        )
        + "."
    )


def condition(name: str) -> str:
    """Return "10 dB" for `10` and `10db`, other names as they are."""
    level = re.fullmatch(r"(-?\d+)(db)?", name)
    return f"{level[1]} dB" if level else name


def share(row: Mapping[str, Any]) -> str:
    """Return a share that is right, from `accuracy_figures`."""
    low, high = row["ci95"]
    return f"{100 * row['accuracy']:.1f} % ({100 * low:.1f} – {100 * high:.1f})"


def clips(row: Mapping[str, Any] | None) -> str:
    """Return how many clips are right of how many, from `accuracy_figures`."""
    return f"{row['right']} of {row['n']}, {share(row)}" if row else NONE


def frr(figures: Mapping[str, Any]) -> str:
    """Return a false-reject rate, from `halves.figures`."""
    if figures["frr"] is None:
        return NONE
    low, high = figures["frr_ci95"]
    return f"{100 * figures['frr']:.1f} % ({100 * low:.1f} – {100 * high:.1f})"


def frr_at(figures: Mapping[str, Any] | None) -> str:
    """Return a false-reject rate and the false accepts it was had at."""
    return NONE if figures is None else f"{frr(figures)} at {fa_per_hour(figures)}"


def fa_per_hour(figures: Mapping[str, Any]) -> str:
    """Return false accepts per hour, from `halves.figures`."""
    if figures["fa_per_hour"] is None:
        return NONE
    low, high = figures["fa_per_hour_ci95"]
    return f"{number(figures['fa_per_hour'])} an hour ({number(low)} – {number(high)})"


def times(rate: float) -> str:
    """Return how often, as one says it: "once", "34 times", "0.7 times"."""
    said = number(rate)
    return "once" if said in ("1", "1.0") else f"{said} times"


def when(figures: Mapping[str, Any]) -> str:
    """Return when and where a result was measured."""
    machine = figures["machine"]
    return (
        f"Measured on {figures['date'][:10]}, commit {figures['commit'] or NONE}, "
        f"{machine['cores']} cores of {machine['cpu']}."
    )


def not_yet(benchmark: str) -> str:
    """Return what stands where there is no result."""
    return f"Not measured yet: `python -m benchmarks.{benchmark}` does it."
