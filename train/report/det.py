"""Detection error trade-offs on clips: for each keyword, misses against false alarms as its threshold moves.

The axes are normal deviates, on which two Gaussian distributions of scores give a straight line
(Martin, Doddington, Kamm, Ordowski and Przybocki, "The DET curve in assessment of detection task
performance", Eurospeech 1997).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kws_live.eval.intervals import binomial_interval
from kws_live.eval.report.drawing import Palette
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL, Float32Array

from .judged import Judged

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_INCHES = (3.3, 2.9)
_GRID_PANEL_INCHES = (2.7, 2.5)
_COLUMNS = 4
_HIGHEST_FALSE_ALARM, _HIGHEST_MISS = 0.5, 0.9
#: The axes begin here at the latest, however few windows there are.
_COARSEST = 0.1
_TICKS = (1e-5, 1e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
#: Ticks are no nearer to each other than this share of the axis, or their labels would touch.
_TICK_DISTANCE = 0.1
#: Points of a band and of a faint curve: enough that they look smooth, and a page stays small.
_FEW = 100

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Det:
    """A keyword's curve: counts at falling thresholds, from one that nothing passes to one that all do.

    Attributes:
        keyword: Its label.
        misses: int64 [points], falling from the number of its windows to 0.
        false_alarms: int64 [points], rising from 0 to the number of all other windows.
    """

    keyword: str
    misses: Counts
    false_alarms: Counts

    @property
    def positives(self) -> int:
        """How many windows hold the keyword; at least one."""
        return int(self.misses[0])

    @property
    def negatives(self) -> int:
        """How many do not; at least one."""
        return int(self.false_alarms[-1])

    @cached_property
    def equal_error_rate(self) -> float:
        """Where the curve's miss rate and false-alarm rate meet, 0..1, on the line between two points."""
        miss, false_alarm = self.misses / self.positives, self.false_alarms / self.negatives
        after = int(np.argmax(false_alarm >= miss))
        gap = miss - false_alarm
        share = gap[after - 1] / (gap[after - 1] - gap[after])
        return float(miss[after - 1] + share * (miss[after] - miss[after - 1]))


def det_curve(keyword: str, scores: Float32Array, positive: npt.NDArray[np.bool_]) -> Det:
    """Return a keyword's curve, without the points on a straight line between two others.

    Args:
        keyword: Its label.
        scores: float32 [windows]; a window passes a threshold that its score reaches.
        positive: bool [windows], where the keyword was said; some of both.
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)
    hits = np.concatenate([[0], np.cumsum(positive[order])[ends]])
    false_alarms = np.concatenate([[0], np.cumsum(~positive[order])[ends]])
    bends = (np.diff(hits, 2) != 0) | (np.diff(false_alarms, 2) != 0)
    kept = np.concatenate([[True], bends, [True]])
    return Det(keyword, hits[-1] - hits[kept], false_alarms[kept])


def det_curves(judged: Judged) -> list[Det]:
    """Return the curve of each keyword that was said in some windows, and not in others."""
    curves = []
    for number, label in enumerate(judged.labels):
        positive = judged.windows.labels == number
        if label not in (UNKNOWN_LABEL, SILENCE_LABEL) and positive.any() and not positive.all():
            curves.append(det_curve(label, judged.posteriors[:, number], positive))
    return curves


def grid_inches(curves: int) -> tuple[float, float]:
    """Return the size of a figure that holds a panel for each curve."""
    columns = min(_COLUMNS, curves)
    rows = -(-curves // columns)
    return _GRID_PANEL_INCHES[0] * columns + 0.4, _GRID_PANEL_INCHES[1] * rows + 0.4


def draw_det_grid(curves: Sequence[Det], figure: "Figure", colours: Palette) -> None:
    """Draw a panel for each curve, at least one, for `drawing.png`."""
    columns = min(_COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, curve in zip(panels, curves, strict=False):
        _panel(axes, curve, curves, colours)
        error = 100 * curve.equal_error_rate
        axes.set_title(f"{curve.keyword}  (EER {error:.1f} %)", size=9, loc="left")
    for axes in panels[len(curves) :]:
        axes.set_visible(False)
    figure.supxlabel("false alarms, % of all other windows", size=9)
    figure.supylabel("missed, % of its windows", size=9)


def draw_det(curve: Det, others: Sequence[Det], figure: "Figure", colours: Palette) -> None:
    """Draw one curve, and faintly the others, for `drawing.svg`."""
    axes = figure.subplots()
    _panel(axes, curve, others, colours)
    axes.set_xlabel("false alarms, %")
    axes.set_ylabel("missed, %")


def _panel(axes: Any, curve: Det, curves: Sequence[Det], colours: Palette) -> None:
    """Draw a curve in its band among the others, on axes that are the same for all.

    What never happened lies at minus infinity on such axes; it is drawn at the edge, marked 0,
    half an event below the lowest rate that could be seen.
    """
    lowest_x = min(_COARSEST, 0.5 / max(c.negatives for c in curves))
    lowest_y = min(_COARSEST, 0.5 / max(c.positives for c in curves))
    for other in curves:
        if other is not curve:
            faint = [[v[i] for i in _few(v)] for v in _points(other, lowest_x, lowest_y)]
            axes.plot(*faint, color=colours.grid, lw=0.9)
    x, y = _points(curve, lowest_x, lowest_y)
    at = _few(x)
    bounds = [binomial_interval(int(m), curve.positives) for m in curve.misses[at]]
    low, high = (_deviates(np.array([b[i] for b in bounds]), lowest_y) for i in (0, 1))
    axes.fill_between([x[i] for i in at], low, high, color=colours.curve, alpha=0.18, lw=0)
    axes.plot(x, y, color=colours.curve, lw=1.6)
    error = np.array([curve.equal_error_rate])
    axes.plot(
        _deviates(error, lowest_x), _deviates(error, lowest_y), "o", color=colours.point, ms=4
    )
    for axis, lowest, highest in (
        (axes.xaxis, lowest_x, _HIGHEST_FALSE_ALARM),
        (axes.yaxis, lowest_y, _HIGHEST_MISS),
    ):
        ticks = _ticks(lowest, highest)
        labels = ["0", *(f"{100 * t:g}" for t in ticks)]
        axis.set_ticks(_deviates(np.array([lowest, *ticks]), lowest), labels)
    axes.set_xlim(*_deviates(np.array([lowest_x, _HIGHEST_FALSE_ALARM]), lowest_x))
    axes.set_ylim(*_deviates(np.array([lowest_y, _HIGHEST_MISS]), lowest_y))


def _points(curve: Det, lowest_x: float, lowest_y: float) -> tuple[list[float], list[float]]:
    x = _deviates(curve.false_alarms / curve.negatives, lowest_x)
    return x, _deviates(curve.misses / curve.positives, lowest_y)


def _few(points: Sequence[float]) -> list[int]:
    """Return the positions of some points of a curve, evenly, the first two and the last among them.

    From the first to the second lies all that can be heard without a false alarm, often most.
    """
    return sorted({1, *(round(i) for i in np.linspace(0, len(points) - 1, _FEW).tolist())})


def _deviates(rates: npt.NDArray[np.float64], lowest: float) -> list[float]:
    """Return normal deviates of rates, those of 0 and 1 at the edges of what can be shown."""
    normal = NormalDist()
    return [normal.inv_cdf(float(r)) for r in np.clip(rates, lowest, 1 - 1e-6)]


def _ticks(lowest: float, highest: float) -> list[float]:
    """Return the rates to mark between the edges, so far apart that their labels can be read."""
    normal = NormalDist()
    bottom, top = normal.inv_cdf(lowest), normal.inv_cdf(highest)
    chosen, below = [], bottom
    for tick in (t for t in _TICKS if lowest < t <= highest):
        at = normal.inv_cdf(tick)
        if at - below >= _TICK_DISTANCE * (top - bottom):
            chosen.append(tick)
            below = at
    return chosen
