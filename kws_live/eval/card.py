"""The section of a model card on its operating point: settings, and what was measured with them.

Training's export, `kws-live tune --out` and the generated tables write the same one. Every rate
comes with its 95 % interval; what was not measured is "–".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kws_live.eval.intervals import binomial_interval, poisson_interval

HEADING = "## Operating point"
BEGIN = "<!-- table:operating-point begin -->"
END = "<!-- table:operating-point end -->"
"""What stands between the two is written anew when more was measured."""

NONE = "–"


def point_lines(point: Mapping[str, Any]) -> list[str]:
    """Return the lines of the section, without heading and marks.

    Args:
        point: an entry of `operating_points` in a model's `kws.json`; its `measured` may be None.
    """
    measured: Mapping[str, Any] = point["measured"] or {}
    counts: Mapping[str, Mapping[str, Any]] = measured.get("keywords", {})
    lines = table(
        ["keyword", "threshold", "release", "refractory", "missed", "false accepts"],
        (
            [
                keyword,
                f"{own['threshold']:g}",
                f"{own['release']:g}",
                f"{own['refractory_s']:g} s",
                missed(counts.get(keyword)),
                false_accepts(counts.get(keyword)),
            ]
            for keyword, own in point["keywords"].items()
        ),
    )
    if not measured:
        general = "These are general settings: false accepts per hour and false rejects were not measured for them."
        return [*lines, "", general]
    notes = [
        f"- {key}: {value}" for key, value in measured.items() if not isinstance(value, Mapping)
    ]
    return [*lines, "", "Measured with these settings:", "", *notes]


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
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


def percents(share: float, n: int) -> str:
    """Return the interval of a share of `n`."""
    low, high = binomial_interval(round(share * n), n)
    return f"{100 * low:.0f} – {100 * high:.0f} %"


def number(value: float) -> str:
    """Return two digits, and no decimals from 10 on."""
    if value >= 10 or value == 0:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2f}"
