"""How counts, rates and dates are written in the generated sections.

Every rate comes with its 95 % interval; what was not measured is "–".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kws_live.eval.intervals import binomial_interval, poisson_interval

NONE = "–"


def condition(name: str) -> str:
    """Return "10 dB" for `10` and `10db`, other names as they are."""
    level = re.fullmatch(r"(-?\d+)(db)?", name)
    return f"{level[1]} dB" if level else name


def table(headings: Sequence[str], rows: Iterator[list[str]]) -> list[str]:
    """Return a Markdown table; the first column is text, the others are figures."""
    return [
        f"| {' | '.join(headings)} |",
        f"|---|{'---:|' * (len(headings) - 1)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def missed(count: Mapping[str, Any] | None) -> str:
    """Return how many of a word's utterances were missed, from its counts."""
    if not count or not count["words"]:
        return NONE
    misses, words = count["misses"], count["words"]
    return f"{misses} of {words} ({percents(misses / words, words)})"


def false_accepts(count: Mapping[str, Any] | None) -> str:
    """Return how often a word was set off wrongly, from its counts."""
    if not count or not count["negative_hours"]:
        return NONE
    events, hours = count["false_accepts"], count["negative_hours"]
    low, high = poisson_interval(events, hours)
    return f"{events} in {hours:.2f} h ({number(low)} – {number(high)} an hour)"


def recall(row: Mapping[str, Any] | None) -> str:
    """Return the share of a class's clips that were named rightly, from a classifier's metrics."""
    if not row or row["recall"] is None:
        return NONE
    return f"{100 * row['recall']:.0f} % of {row['n']} ({percents(row['recall'], row['n'])})"


def percents(share: float, n: int) -> str:
    """Return the interval of a share of `n`."""
    low, high = binomial_interval(round(share * n), n)
    return f"{100 * low:.0f} – {100 * high:.0f} %"


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


def number(value: float) -> str:
    """Return two digits, and no decimals from 10 on."""
    if value >= 10 or value == 0:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"


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
