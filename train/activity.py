"""Where a word lies in a clip recorded by anybody anywhere, and clips that hold none or a cut one.

`kws_live.stages.activity` dates words in dry clips by level alone. Crowd-sourced clips need more:
their background is often within 25 dB of the word, so the threshold here rises with it.
"""

from typing import Literal

import numpy as np

from kws_live.stages.activity import ACTIVE_RANGE_DB, PIECE_SAMPLES, piece_rms
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

#: A word must stand out from its clip's own background by this much …
ABOVE_FLOOR_DB = 8.0
#: … unless that would leave only its loudest part.
LEAST_RANGE_DB = 8.0

SILENT_PEAK_DB = -50.0
CUT_EDGE_DB = 6.0
CUT_LONGEST_S = 0.2


def active_span(x: Float32Array) -> tuple[int, int]:
    """Return (start, end) in samples of the loud part of a short clip, end exclusive.

    A clip of under 10 ms is active as a whole.

    Args:
        x: float32 [n] in −1..1, a few seconds at most.
    """
    levels = _levels_db(x)
    if len(levels) == 0:
        return 0, len(x)
    loud = np.flatnonzero(levels >= _threshold_db(levels))
    return int(loud[0]) * PIECE_SAMPLES, (int(loud[-1]) + 1) * PIECE_SAMPLES


def is_silent(x: Float32Array) -> bool:
    """Say whether a recording (float32 [n] in −1..1) is too quiet throughout to hold speech."""
    levels = _levels_db(x)
    return len(levels) == 0 or bool(levels.max() < SILENT_PEAK_DB)


def clip_fault(x: Float32Array) -> Literal["silent", "cut"] | None:
    """Say whether a word clip is unusable: too quiet to hold a word, or cut off by its edge.

    A clip counts as cut if its active part is short, touches the beginning or the end, and is
    near its loudest there: the rest of the word lies outside the recording.

    Args:
        x: float32 [n] in −1..1, a clip that should hold one word.
    """
    if is_silent(x):
        return "silent"
    levels = _levels_db(x)
    start, end = active_span(x)
    at_edge = [levels[0]] * (start == 0) + [levels[-1]] * (end >= len(levels) * PIECE_SAMPLES)
    loud_at_edge = bool(at_edge) and max(at_edge) > levels.max() - CUT_EDGE_DB
    return "cut" if loud_at_edge and end - start < CUT_LONGEST_S * SAMPLE_RATE_HZ else None


def _levels_db(x: Float32Array) -> Float32Array:
    """RMS of each 10 ms piece in dB re full scale; digital silence is −120."""
    levels: Float32Array = 10 * np.log10(np.square(piece_rms(x)) + np.float32(1e-12))
    return levels


def _threshold_db(levels: Float32Array) -> float:
    peak = float(levels.max())
    above_floor = float(np.percentile(levels, 10)) + ABOVE_FLOOR_DB
    return min(max(peak - ACTIVE_RANGE_DB, above_floor), peak - LEAST_RANGE_DB)
