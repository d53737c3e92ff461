"""Recordings as the model leaves them, with posteriors that a test chooses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kws_live.eval.posteriors import Stored
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ

__all__ = ["stored_recording"]

_HOP_SAMPLES = SAMPLE_RATE_HZ // 10


def stored_recording(
    model_labels: Sequence[str],
    scores: dict[float, tuple[str, float]],
    *labels: Label,
    duration_s: float = 3600.0,
    path: Path = Path("words.wav"),
) -> Stored:
    """Return a recording, all of it inferred, whose model gives a keyword a posterior at some times and else none.

    Args:
        model_labels: of the model, in the order of its outputs.
        scores: time in s, a multiple of 0.1 → keyword and posterior.
        labels: what is said in it.
        duration_s: its length.
        path: the audio, which nobody opens.
    """
    ends = np.arange(1, round(duration_s * 10) + 1, dtype=np.int64) * _HOP_SAMPLES
    posteriors = np.zeros((len(ends), len(model_labels)), dtype=np.float32)
    for time_s, (keyword, value) in scores.items():
        posteriors[round(time_s * 10) - 1, list(model_labels).index(keyword)] = value
    return Stored(path, labels, duration_s, ends, posteriors, duration_s, SAMPLE_RATE_HZ)
