"""The confusion matrix: what was said along the rows, what was heard down the columns."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kws_live.eval.intervals import binomial_interval
from kws_live.eval.report.drawing import Palette
from kws_live.eval.report.figures import between, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: How strongly a share of 1 is coloured; a mistake's share is small, and shows all the same.
_RIGHT_STRENGTH, _WRONG_STRENGTH = 0.6, 3.0


def confusion_inches(classes: int) -> tuple[float, float]:
    """Return the size of a matrix in which each cell holds a count of four digits."""
    return 1.7 + 0.52 * classes, 1.5 + 0.46 * classes


def draw_confusion(
    labels: Sequence[str],
    confusion: npt.NDArray[np.int64],
    figure: "Figure",
    colours: Palette,
) -> None:
    """Draw counts, each cell coloured by its share of the row, for `drawing.png`.

    Args:
        labels: Names of the classes.
        confusion: int64 [classes, classes]; row is the truth, column the guess.
        figure: What to draw on.
        colours: What to draw in.
    """
    from matplotlib.colors import to_rgb  # noqa: PLC0415 - slow to import

    n = len(labels)
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    right = np.eye(n, dtype=bool)
    cells = np.empty((n, n, 4))
    cells[right, :3], cells[~right, :3] = to_rgb(colours.curve), to_rgb(colours.point)
    cells[..., 3] = np.minimum(1.0, shares * np.where(right, _RIGHT_STRENGTH, _WRONG_STRENGTH))
    axes = figure.subplots()
    axes.imshow(cells, aspect="auto")
    axes.set_xticks(range(n), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(n), labels)
    axes.set_xlabel("heard")
    axes.set_ylabel("said")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for i, j in zip(*np.nonzero(confusion), strict=True):
        colour = "white" if cells[i, j, 3] > 0.75 else colours.ink
        axes.text(j, i, str(confusion[i, j]), ha="center", va="center", color=colour, size=8)
    hits, windows = int(np.trace(confusion)), int(confusion.sum())
    if windows:
        interval = between(binomial_interval(hits, windows), "percent")
        title = f"{percent(hits / windows)} of {windows:,} windows (95 %: {interval} %)"
        axes.set_title(title, size=10, loc="left")
