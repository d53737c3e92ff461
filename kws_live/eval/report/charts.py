"""The charts of the HTML report, drawn by matplotlib as SVG that takes its colours from the page's style sheet."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kws_live.eval.counts import Count, Counts
from kws_live.eval.report.drawing import Palette, svg
from kws_live.eval.report.figures import rate
from kws_live.types import Float32Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BINS = 40
_LARGE, _SMALL = (7.6, 4.0), (3.3, 2.4)


def det_chart(
    sweep: Sequence[Count | Counts], point: Count | Counts, *, large: bool = False
) -> str | None:
    """Return the DET curve: false accepts an hour (log) against the share of words missed.

    The curve is the sweep, in a band of the 95 % interval of its FRR; the cross is the operating
    point with its intervals on both axes. What had no false accept at all is drawn at the left
    edge, which is labelled 0.

    Args:
        sweep: counts at ascending thresholds.
        point: counts at the operating point.
        large: for the width of a page rather than of a third of it.

    Returns:
        An SVG element, or None where there are no words or no negative hours.
    """
    points = [one for one in sweep if one.frr is not None and one.fa_per_hour is not None]
    if not points or point.frr is None or point.fa_per_hour is None:
        return None
    rates = [one.fa_per_hour or 0.0 for one in (*points, point)]
    above = [value for value in rates if value > 0.0]
    left = min(above) / 3.0 if above else 0.1
    right = max([*above, (point.fa_per_hour_ci95 or (0.0, left * 10))[1]]) * 1.5

    def draw(figure: "Figure", colours: Palette) -> None:
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.set_xlim(left, right)
        axes.set_ylim(0.0, _top([one.frr or 0.0 for one in points]))
        x = [max(one.fa_per_hour or 0.0, left) for one in points]
        bounds = [one.frr_ci95 or (0.0, 1.0) for one in points]
        axes.fill_between(
            x, [b[0] for b in bounds], [b[1] for b in bounds], color=colours.curve, alpha=0.18, lw=0
        )
        axes.plot(x, [one.frr or 0.0 for one in points], color=colours.curve, lw=1.6)
        _cross(axes, point, left, colours)
        axes.set_xlabel("false accepts an hour")
        axes.set_ylabel("words missed")
        ticks = _rate_ticks(left, right, 8 if large else 4)
        axes.set_xticks([left, *ticks], ["0", *map(_plain, ticks)])
        axes.minorticks_off()
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")

    return svg(draw, _LARGE if large else _SMALL)


def histogram_chart(words: Sequence[float], background: Float32Array, threshold: float) -> str:
    """Return how high a keyword's words and everything else score, counts on a log axis.

    Args:
        words: the highest score of each time that it was said.
        background: the highest score in each second in which it was not.
        threshold: the operating point, drawn as a line.
    """
    edges = np.linspace(0.0, 1.0, _BINS + 1)

    def draw(figure: "Figure", colours: Palette) -> None:
        axes = figure.subplots()
        axes.set_yscale("log")
        series = (
            (background, colours.other, "seconds without it"),
            (words, colours.words, "times it was said"),
        )
        for values, colour, label in series:
            counts, _ = np.histogram(np.clip(values, 0.0, 1.0), edges)
            axes.stairs(
                np.maximum(counts, 0.5), edges, baseline=0.5, fill=True, color=colour, alpha=0.35
            )
            axes.stairs(
                np.maximum(counts, 0.5), edges, baseline=0.5, color=colour, lw=1.2, label=label
            )
        axes.axvline(threshold, color=colours.point, lw=1.2, ls=(0, (4, 2)))
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(bottom=0.5)
        axes.set_xlabel("highest score")
        axes.set_ylabel("how often")
        axes.grid(visible=False, axis="x")
        axes.yaxis.set_major_formatter(lambda value, _: _plain(value))
        axes.minorticks_off()

    return svg(draw, _SMALL)


def _cross(axes: Any, point: Count | Counts, left: float, colours: Palette) -> None:
    """Draw the operating point and its two intervals."""
    assert point.frr is not None
    assert point.fa_per_hour is not None
    x, y = max(point.fa_per_hour, left), point.frr
    if point.fa_per_hour_ci95 is not None:
        low, high = point.fa_per_hour_ci95
        axes.plot(
            [max(low, left), high], [y, y], color=colours.point, lw=1.4, solid_capstyle="butt"
        )
    if point.frr_ci95 is not None:
        axes.plot([x, x], point.frr_ci95, color=colours.point, lw=1.4, solid_capstyle="butt")
    axes.plot([x], [y], "o", color=colours.point, ms=4.5, clip_on=False)


def _top(shares: Sequence[float]) -> float:
    return min(1.0, max(0.1, math.ceil(max(shares) * 10 + 0.5) / 10))


def _rate_ticks(left: float, right: float, at_most: int) -> list[float]:
    """Return 1-2-5 or whole decades between the edges, no more than `at_most`."""
    decades = range(math.floor(math.log10(left)), math.ceil(math.log10(right)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        ticks = [tick for tick in ticks if 1.6 * left < tick <= right]
        if len(ticks) <= at_most:
            break
    return ticks


def _plain(value: float) -> str:
    return f"{value:g}" if value < 1e6 else rate(value)
