"""One-second windows cut from recordings, and windows that hold no speech."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from kws_live.types import SAMPLE_RATE_HZ, Float32Array, Int16Array

from .augment import apply_gain, coloured_noise

WINDOW_SAMPLES = SAMPLE_RATE_HZ

#: Kinds of silent window; the rest are crops of noise recordings.
ZEROS_SHARE, FAINT_SHARE, MADE_SHARE = 0.05, 0.10, 0.25
Silence = Literal["zeros", "faint hiss", "made noise", "recorded noise"]


def to_float(x: Int16Array) -> Float32Array:
    """Return int16 samples as float32 in −1..1."""
    return x * np.float32(1 / 32768)


def to_int16(x: Float32Array) -> Int16Array:
    """Return float samples in −1..1 as int16, rounded and clipped."""
    rounded: Int16Array = np.clip(np.rint(x * 32768.0), -32768, 32767).astype(np.int16)
    return rounded


def prepare(x: Float32Array, normalize: bool) -> Float32Array:
    """Return windows as the model takes them: as they are, or of zero mean and unit variance.

    Mean, population variance and epsilon are those of Hugging Face's Wav2Vec2FeatureExtractor,
    which is what the exported model's preprocessor stands for.

    Args:
        x: float32 [..., n] in −1..1; each window is normalised on its own.
        normalize: The `do_normalize` of the model's preprocessor.
    """
    if not normalize:
        return x
    mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    normalized: Float32Array = ((x - mean) / np.sqrt(variance + 1e-7)).astype(np.float32)
    return normalized


def centred_window(x: Int16Array, span: tuple[int, int] | npt.NDArray[np.int64]) -> Int16Array:
    """Return one second of a clip, int16 [16000]: around its word, or the clip between zeros.

    Of a clip longer than the window, the middle of the window is that of the word, unless the
    window would then reach beyond the clip. A word longer than the window loses as much at its
    beginning as at its end. A shorter clip stands in the middle, wherever its word is.

    Args:
        x: The clip, int16 [n].
        span: Where its word begins and ends in it, in samples.
    """
    window = np.zeros(WINDOW_SAMPLES, np.int16)
    spare = len(x) - WINDOW_SAMPLES
    if spare >= 0:
        at = min(max((int(span[0]) + int(span[1]) - WINDOW_SAMPLES) // 2, 0), spare)
        window[:] = x[at : at + WINDOW_SAMPLES]
    else:
        window[-spare // 2 : -spare // 2 + len(x)] = x
    return window


def draw_crop(x: Int16Array, peak: int, rng: np.random.Generator) -> tuple[Int16Array, int]:
    """Return a second of a recording that is no pause, int16 [16000], and where it begins.

    A shorter recording is repeated. A crop counts as a pause if it stays 12 dB below the
    recording's peak; after four of them the last is taken.

    Args:
        x: The recording, at least one sample.
        peak: Its highest absolute sample.
        rng: Draws the place.
    """
    if len(x) < WINDOW_SAMPLES:
        return np.resize(x, WINDOW_SAMPLES), 0
    for _ in range(4):
        at = int(rng.integers(0, len(x) - WINDOW_SAMPLES + 1))
        crop = x[at : at + WINDOW_SAMPLES]
        if 4 * peak_of(crop) >= peak:
            break
    return crop, at


def silent_window(noise: Float32Array | None, rng: np.random.Generator) -> Float32Array:
    """Return a window without speech, float32 [16000], as `draw_silence` does."""
    return draw_silence(noise, rng)[0]


def draw_silence(
    noise: Float32Array | None, rng: np.random.Generator
) -> tuple[Float32Array, Silence]:
    """Return a window without speech, float32 [16000], and what it is of.

    Args:
        noise: float32 [16000] of recorded noise, or None to make noise instead.
        rng: Draws the kind and the level.
    """
    draw = rng.random()
    if draw < ZEROS_SHARE:
        return np.zeros(WINDOW_SAMPLES, np.float32), "zeros"
    if draw < ZEROS_SHARE + FAINT_SHARE:
        faint = rng.standard_normal(WINDOW_SAMPLES).astype(np.float32) * rng.uniform(0.2, 3) / 32768
        return apply_gain(faint.astype(np.float32), 0.0), "faint hiss"
    if noise is None or draw < ZEROS_SHARE + FAINT_SHARE + MADE_SHARE:
        made = coloured_noise(WINDOW_SAMPLES, rng.uniform(0, 2), rng)
        return apply_gain(made, rng.uniform(-50, 6)), "made noise"
    return apply_gain(noise, rng.uniform(-30, 6)), "recorded noise"


def peak_of(x: Int16Array) -> int:
    """Return the highest absolute sample; 0 of none."""
    return max(int(x.max()), -int(x.min())) if len(x) else 0
