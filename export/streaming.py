"""Whether encoder and head, fed hop by hop, compute what the whole graph computes of each window."""

import numpy as np

from kws_live.types import Int16Array

from .errors import StreamingError
from .grid import Grid
from .measure import Graph
from .run_folder import WINDOW_SAMPLES

MAX_DIFFERENCE = 1e-4
"""Largest difference of a logit of float32 files; int8 ones must agree bit for bit."""

HOPS = 40


def check_streaming(
    whole: Graph, parts: Graph, clips: Int16Array, grid: Grid, allowed: float
) -> float:
    """Return the largest difference of a logit between whole windows and the two ways to stream them.

    One way keeps the frames of the window before and adds those of a hop, as the daemon does as it listens; the other
    runs the encoder once over a long span, as it does with files.

    Args:
        whole: takes whole windows.
        parts: encoder and head.
        clips: int16 [n, samples], which are strung together.
        grid: of the model.
        allowed: largest difference that passes.

    Raises:
        StreamingError: they differ by more than that.
    """
    hop = grid.hop_samples
    audio = np.resize(clips, WINDOW_SAMPLES + (HOPS - 1) * hop)
    span = parts.frames(audio)
    kept = span[:, : grid.window_frames]
    difference = 0.0
    for i in range(HOPS):
        window = audio[i * hop : i * hop + WINDOW_SAMPLES]
        if i:
            new = parts.frames(window[-grid.new_samples :])
            kept = np.concatenate([kept[:, grid.hop_frames :], new], axis=1)
        first = i * grid.hop_frames
        wanted = whole.logits(window[np.newaxis])
        for frames in (kept, span[:, first : first + grid.window_frames]):
            off = float(np.abs(parts.head(frames) - wanted).max())
            # Written so that a difference that is not a number fails too.
            if not off <= allowed:
                raise StreamingError(
                    f"encoder and head differ from the whole graph by {off:.2g} in a logit (at most {allowed:g} is "
                    "allowed), so no model was written. This is a fault of the export or of an operator's version: "
                    "please report it with the versions of torch, transformers and onnxruntime"
                )
            difference = max(difference, off)
    return difference
