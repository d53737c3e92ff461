"""A sound drawn with characters; pure."""

from dataclasses import dataclass

import numpy as np

from kws_live.types import Float32Array, Int16Array

_RANGE_DB = 36.0
"""Shown below the loudest sample: the range of speech in a quiet room."""
_FULL_SCALE = 32_768.0


def heights(samples: Int16Array, columns: int) -> Float32Array:
    """Return how high the sound stands in each of `columns` ≥ 1 columns: float32 [columns], 0..1.

    1 is the loudest sample of all, 0 lies 36 dB or more below it.

    Args:
        samples: int16 [n], at least one.
        columns: what `samples` is spread over.
    """
    edges = np.linspace(0, len(samples), columns, endpoint=False).astype(int)
    peaks = np.maximum.reduceat(np.abs(samples.astype(np.float32)), edges)
    loudest = float(peaks.max())
    if loudest == 0:
        return np.zeros(columns, dtype=np.float32)
    below_db = 20 * np.log10(np.maximum(peaks, 1e-3) / loudest)
    shown: Float32Array = np.clip(1 + below_db / _RANGE_DB, 0, 1).astype(np.float32)
    return shown


def peak_db(samples: Int16Array) -> float | None:
    """Return the loudest sample in dB of full scale; None for silence."""
    loudest = float(np.abs(samples.astype(np.float32)).max(initial=0))
    return 20 * float(np.log10(loudest / _FULL_SCALE)) if loudest else None


def rows(levels: Float32Array, lines: int, blocks: str) -> list[str]:
    """Return `lines` ≥ 1 rows of characters, the top first, with a column of blocks for each level.

    Args:
        levels: float32 [columns], 0..1.
        lines: height of the drawing.
        blocks: characters that fill a cell from below, from none to all of it.
    """
    steps = len(blocks) - 1
    filled = np.rint(levels * lines * steps).astype(int)
    return [
        "".join(blocks[step] for step in np.clip(filled - below * steps, 0, steps))
        for below in reversed(range(lines))
    ]


@dataclass(frozen=True, slots=True)
class Marks:
    """Where in a clip, in columns from 0 on, the deciding window begins and the word begins and ends."""

    window: int
    word_start: int
    word_end: int


def marks(
    total_samples: int, window_start: int, word_start: int, word_end: int, columns: int
) -> Marks:
    """Return the columns of three places in a clip; those outside of it are moved to its edge."""

    def column(sample: int) -> int:
        return min(max(sample * columns // total_samples, 0), columns)

    return Marks(
        column(window_start), column(word_start), max(column(word_end), column(word_start))
    )
