"""What was got wrong: a list to open in a spreadsheet, a sheet of waveforms, sound for the page."""

import base64
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import soundfile as sf

from kws_live.eval.report.csv_cells import text_cell
from kws_live.eval.report.drawing import Palette
from kws_live.text import printable
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

from .judged import Judged

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: How many are shown and can be heard.
SHOWN = 40
CSV_COLUMNS = ("file", "truth", "guess", "confidence")
_COLUMNS = 5
_CELL_INCHES = (2.3, 1.2)
_LONGEST_NAME = 34
#: Points of a waveform: one for each 10 ms.
_POINTS = 100


@dataclass(frozen=True)
class Mistake:
    """A window that was taken for another class.

    Attributes:
        source: The recording it is from, with `@sample` where it is a crop.
        truth: Its class.
        guess: The most likely class.
        confidence: The posterior of the guess, 0..1.
        clip: int16 [16000].
    """

    source: str
    truth: str
    guess: str
    confidence: float
    clip: Int16Array

    @property
    def peak_dbfs(self) -> float | None:
        """The highest sample relative to full scale; None for digital silence."""
        peak = int(np.abs(self.clip.astype(np.int32)).max())
        return float(20 * np.log10(peak / 32768)) if peak else None


def mistakes_of(judged: Judged) -> list[Mistake]:
    """Return all windows that were got wrong, the ones that the model was surest of first."""
    wrong = np.flatnonzero(~judged.right)
    surest_first = wrong[np.argsort(-judged.confidences[wrong], kind="stable")]
    windows = judged.windows
    return [
        Mistake(
            windows.sources[i],
            judged.labels[windows.labels[i]],
            judged.labels[judged.guesses[i]],
            float(judged.confidences[i]),
            windows.clips[i],
        )
        for i in surest_first
    ]


def mistakes_csv(mistakes: Sequence[Mistake]) -> str:
    """Return a table of mistakes, which no spreadsheet takes for formulas."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(CSV_COLUMNS)
    for m in mistakes:
        names = (text_cell(t) for t in (m.source, m.truth, m.guess))
        rows.writerow([*names, f"{m.confidence:.4f}"])
    return text.getvalue()


def sound_of(clip: Int16Array) -> str:
    """Return a clip as FLAC in base64, for a `data:` address."""
    file = io.BytesIO()
    sf.write(file, clip, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return base64.b64encode(file.getvalue()).decode("ascii")


def outline_of(clip: Int16Array) -> npt.NDArray[np.float64]:
    """Return how far a clip reaches down and up in each 10 ms, float64 [100, 2], −1..1 of its own peak."""
    pieces = clip[: len(clip) // _POINTS * _POINTS].reshape(_POINTS, -1).astype(np.float64)
    outline = np.stack([pieces.min(axis=1), pieces.max(axis=1)], axis=1)
    return outline / max(1.0, float(np.abs(outline).max()))


def outline_path(clip: Int16Array, height: float) -> str:
    """Return a clip's outline as the path of an SVG element that is 100 wide."""
    outline = height / 2 * (1 - outline_of(clip))
    up = [f"{x} {y:.1f}" for x, y in enumerate(outline[:, 1])]
    down = [f"{x} {y:.1f}" for x, y in reversed(list(enumerate(outline[:, 0])))]
    return f"M{'L'.join([*up, *down])}Z"


def sheet_inches(mistakes: int) -> tuple[float, float]:
    """Return the size of a sheet of waveforms."""
    rows = -(-max(1, mistakes) // _COLUMNS)
    return _CELL_INCHES[0] * _COLUMNS, _CELL_INCHES[1] * rows + 0.2


def draw_sheet(mistakes: Sequence[Mistake], figure: "Figure", colours: Palette) -> None:
    """Draw the waveform of each mistake, at least one, under what it was and where it is from."""
    rows = -(-len(mistakes) // _COLUMNS)
    cells: Any = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    for axes in cells:
        axes.set_axis_off()
    for axes, m in zip(cells, mistakes, strict=False):
        outline = outline_of(m.clip)
        axes.fill_between(range(_POINTS), outline[:, 0], outline[:, 1], color=colours.curve, lw=0.4)
        axes.set_xlim(0, _POINTS)
        axes.set_ylim(-1.05, 1.05)
        axes.set_title(
            f"{m.truth} → {m.guess}  {100 * m.confidence:.0f} %\n{shortened(printable(m.source))}",
            size=6.5,
            loc="left",
            pad=2,
        )


def shortened(name: str) -> str:
    """Return a name without its middle if it is too long for a cell of the sheet."""
    half = (_LONGEST_NAME - 1) // 2
    return name if len(name) <= _LONGEST_NAME else f"{name[:half]}…{name[-half:]}"
