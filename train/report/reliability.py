"""The reliability diagram: of what the model is so sure of, how much is right."""

from typing import TYPE_CHECKING

import numpy as np

from kws_live.eval.calibration import BINS, Reliability
from kws_live.eval.intervals import binomial_interval
from kws_live.eval.report.drawing import Palette

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_INCHES = (4.2, 4.4)


def draw_reliability(found: Reliability, figure: "Figure", colours: Palette) -> None:
    """Draw the share that is right in each bin of confidence over how many windows are in it.

    Whiskers are the exact 95 % intervals of the shares. Where the bars end below the diagonal, the
    model is surer than it should be.

    Args:
        found: At least one guess, in bins.
        figure: What to draw on.
        colours: What to draw in.
    """
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    filled = np.flatnonzero(found.counts)
    counts, right = found.counts[filled], found.right[filled]
    centres, width = (filled + 0.5) / BINS, 0.9 / BINS
    shares = right / counts
    bounds = np.array(
        [binomial_interval(int(r), int(n)) for r, n in zip(right, counts, strict=True)]
    )
    upper.bar(centres, shares, width, color=colours.curve, alpha=0.45)
    upper.vlines(centres, bounds[:, 0], bounds[:, 1], color=colours.curve, lw=1.4)
    confidence = found.confidence[filled] / counts
    upper.plot([0, 1], [0, 1], color=colours.other, lw=1.0, ls=(0, (4, 2)))
    upper.plot(confidence, shares, "o", color=colours.point, ms=4, clip_on=False)
    upper.set_ylim(0.0, 1.0)
    upper.set_ylabel("of these, right")
    upper.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    assert found.ece is not None
    upper.set_title(
        f"ECE {100 * found.ece:.2f} %, {found.counts.sum():,} windows", size=9, loc="left"
    )
    lower.bar(centres, counts, width, color=colours.other)
    lower.set_yscale("log")
    lower.set_ylim(0.7, 2 * counts.max())
    lower.set_yticks([10**i for i in range(len(str(counts.max())))])
    lower.minorticks_off()
    lower.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    lower.set_ylabel("windows")
    lower.set_xlabel("confidence (posterior of the guess)")
    lower.set_xlim(0.0, 1.0)
    lower.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    lower.grid(visible=False, axis="x")
