"""Where in a piece of audio somebody speaks, judged by level alone.

The active part is made of the 10 ms pieces within 25 dB of the loudest one. This is the definition
by which the end of a word is dated everywhere: in the estimate a detection carries, in spliced
streams and in benchmarks.
"""

import numpy as np
import numpy.typing as npt

from kws_live.types import SAMPLE_RATE_HZ, Float32Array, Int16Array

ACTIVE_RANGE_DB = 25.0
PIECE_SAMPLES = SAMPLE_RATE_HZ // 100
_WORD_PAUSE_PIECES = 12
"""A pause of 120 ms separates words; the closure of a stop consonant inside one is shorter."""
_SHORTEST_WORD_PIECES = 8
"""What is active for less than 80 ms is a click, a breath, or noise that just reaches the range."""


def piece_rms(samples: Float32Array) -> Float32Array:
    """Return the RMS of each whole 10 ms piece of `samples` (float32 [n]) as float32 [n // 160]."""
    pieces = samples[: len(samples) // PIECE_SAMPLES * PIECE_SAMPLES].reshape(-1, PIECE_SAMPLES)
    rms: Float32Array = np.sqrt(np.mean(np.square(pieces), axis=1))
    return rms


def active_pieces(samples: Float32Array) -> npt.NDArray[np.bool_]:
    """Return bool [n // 160]: the 10 ms pieces within 25 dB of the loudest; all False for digital silence."""
    rms = piece_rms(samples)
    if not len(rms) or rms.max() == 0.0:
        return np.zeros(len(rms), dtype=bool)
    active: npt.NDArray[np.bool_] = rms >= rms.max() * 10.0 ** (-ACTIVE_RANGE_DB / 20.0)
    return active


def active_extent(samples: Float32Array) -> tuple[int, int]:
    """Return (start, end) in samples of the active part of `samples`; (0, 0) for digital silence."""
    active = np.flatnonzero(active_pieces(samples))
    if not len(active):
        return 0, 0
    return int(active[0]) * PIECE_SAMPLES, (int(active[-1]) + 1) * PIECE_SAMPLES


def last_word_extent(window: Int16Array) -> tuple[int, int]:
    """Estimate (start, end) in samples, within `window`, of the last word in it.

    Going back from the last active piece, the word reaches as far as no pause of 120 ms interrupts
    it; what is shorter than 80 ms is no word, unless there is nothing longer. A word cut by the
    window's edge is reported as cut.

    Args:
        window: int16 [n], the deciding window.

    Returns:
        Sample offsets with 0 <= start <= end <= n; the whole window where it is digitally silent.
    """
    active = np.flatnonzero(active_pieces(window.astype(np.float32)))
    if not len(active):
        return 0, len(window)
    breaks = np.flatnonzero(np.diff(active) > _WORD_PAUSE_PIECES) + 1
    words = [(int(run[0]), int(run[-1]) + 1) for run in np.split(active, breaks)]
    long_enough = [word for word in words if word[1] - word[0] >= _SHORTEST_WORD_PIECES]
    first, end = (long_enough or words)[-1]
    return first * PIECE_SAMPLES, end * PIECE_SAMPLES
