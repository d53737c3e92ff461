"""Mixing speech into noise at a stated signal-to-noise ratio.

The level of speech is its active level: the RMS over its active part (`kws_live.stages.activity`),
so that the pauses around a word do not count.
"""

import numpy as np

from kws_live.stages.activity import active_extent, active_pieces, piece_rms
from kws_live.types import Float32Array

__all__ = ["active_extent", "active_rms", "mix_at_snr"]


def active_rms(samples: Float32Array) -> float:
    """Return the RMS over the active 10 ms pieces of `samples` (float32 [n]); 0.0 for digital silence."""
    active = active_pieces(samples)
    if not active.any():
        return 0.0
    return float(np.sqrt(np.mean(np.square(piece_rms(samples)[active]))))


def mix_at_snr(speech: Float32Array, noise: Float32Array, snr_db: float) -> Float32Array:
    """Return speech plus noise, the noise scaled so that active speech RMS ÷ noise RMS is `snr_db`.

    Args:
        speech: float32 [n]; keeps its level. Digital silence is returned with the noise as it is.
        noise: float32 [n]; digital silence is added as it is.
        snr_db: speech-active RMS to noise RMS, in dB.

    Returns:
        float32 [n], not clipped: the caller decides what happens above full scale.

    Raises:
        ValueError: the two differ in length.
    """
    if speech.shape != noise.shape:
        raise ValueError(f"speech {speech.shape} and noise {noise.shape} must have the same shape")
    speech_rms = active_rms(speech)
    noise_rms = float(np.sqrt(np.mean(np.square(noise)))) if len(noise) else 0.0
    if speech_rms == 0.0 or noise_rms == 0.0:
        return speech + noise
    return speech + noise * np.float32(speech_rms / noise_rms * 10.0 ** (-snr_db / 20.0))
