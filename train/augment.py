"""Augmentation: pure functions of (samples, generator) on float32 audio at 16 kHz.

Nothing here keeps state or draws from a global generator, so the same generator gives the same
example on any worker, rank or resumed run.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from kws_live.eval.mixing import mix_at_snr
from kws_live.stages.activity import PIECE_SAMPLES
from kws_live.types import Float32Array

#: Long enough that joining two recordings makes no click.
FADE_SAMPLES = 80
#: A clip's own background is continued only from a stretch of this length.
LEAST_BACKGROUND_SAMPLES = 5 * PIECE_SAMPLES

_RAMP = np.linspace(0, 1, FADE_SAMPLES, dtype=np.float32)


def change_speed(
    x: Float32Array, span: tuple[int, int], factor: float
) -> tuple[Float32Array, tuple[int, int]]:
    """Play a clip faster or slower, pitch included, by linear interpolation.

    Args:
        x: float32 [n].
        span: Active samples of `x` (start, end).
        factor: 1.1 is 10 % faster and shorter.

    Returns:
        float32 [round(n / factor)] and the span within it.
    """
    n = max(1, round(len(x) / factor))
    at = np.arange(n, dtype=np.float64)
    at *= factor
    np.minimum(at, len(x) - 1, out=at)
    before = at.astype(np.intp)
    at -= before
    # np.interp would look for each place between samples that lie a whole number apart.
    steps = np.zeros_like(x)
    np.subtract(x[1:], x[:-1], out=steps[:-1])
    y = steps.take(before)
    y *= at.astype(np.float32)
    y += x.take(before)
    return y, (int(span[0] / factor), min(n, int(np.ceil(span[1] / factor))))


def place_word(
    x: Float32Array, span: tuple[int, int], start: int, n_samples: int, fill: bool
) -> Float32Array:
    """Put a clip into a window so that its word begins at a given sample.

    What the clip does not cover stays zero, or is filled with the clip's own background there
    and back; parts outside of the window are lost.

    Args:
        x: float32 [n].
        span: Active samples of `x`.
        start: Where in the window the span's beginning goes; may be negative.
        n_samples: Length of the window.
        fill: Continue the background before and after the clip.

    Returns:
        The window, float32 [n_samples].
    """
    window = np.zeros(n_samples, np.float32)
    if fill:
        sides = [s for s in (x[: span[0]], x[span[1] :]) if len(s) >= LEAST_BACKGROUND_SAMPLES]
        if sides:
            quiet = min(sides, key=lambda s: float(np.mean(np.square(s))))
            window[:] = np.resize(np.concatenate([quiet, quiet[::-1]]), n_samples)
    at = start - span[0]
    lo, hi = max(0, at), min(n_samples, at + len(x))
    if lo < hi:
        window[lo:hi] = _fade(x)[lo - at : hi - at]
    return window


def draw_start(span: tuple[int, int], n_samples: int, rng: np.random.Generator) -> int:
    """Return where a word begins in a window, uniform over all places that hold it whole.

    A word longer than the window is centred.
    """
    room = n_samples - (span[1] - span[0])
    return int(rng.integers(0, room + 1)) if room > 0 else room // 2


def draw_fragment_start(span: tuple[int, int], n_samples: int, rng: np.random.Generator) -> int:
    """Return a place that leaves 10 to 45 % of a word inside the window, at one of its edges."""
    length = span[1] - span[0]
    inside = int(length * rng.uniform(0.10, 0.45))
    return inside - length if rng.random() < 0.5 else n_samples - inside


def add_neighbours(
    window: Float32Array,
    span: tuple[int, int],
    speech: Float32Array,
    gap_samples: tuple[int | None, int | None],
    level_db: float,
) -> Float32Array:
    """Let other speech end shortly before a word and begin shortly after it.

    Args:
        window: float32 [n] that holds the word.
        span: The word's samples in the window; may reach beyond it.
        speech: float32 [n] of other speech.
        gap_samples: Quiet before and after the word; None leaves that side alone.
        level_db: The other speech's RMS relative to the word's.
    """
    n = len(window)
    lo, hi = max(0, span[0]), min(n, span[1])
    speech_rms = _rms(speech)
    if hi <= lo or speech_rms == 0.0:
        return window
    scaled = speech * np.float32(_rms(window[lo:hi]) / speech_rms * 10 ** (level_db / 20))
    out = window.copy()
    before, after = gap_samples
    if before is not None and (ends := lo - before) > FADE_SAMPLES:
        out[:ends] += _fade(scaled[n - ends :])
    if after is not None and (begins := hi + after) < n - FADE_SAMPLES:
        out[begins:] += _fade(scaled[: n - begins])
    return out


def add_noise(window: Float32Array, noise: Float32Array, snr_db: float) -> Float32Array:
    """Return the window with noise at an SNR; where either is digital silence, as it was."""
    if not np.any(noise) or not np.any(window):
        return window
    return mix_at_snr(window, noise, snr_db)


def apply_gain(window: Float32Array, gain_db: float) -> Float32Array:
    """Return the window at another level, clipped and rounded as a 16-bit recording would be."""
    louder: Float32Array = window * np.float32(32768 * 10 ** (gain_db / 20))
    np.rint(louder, out=louder)
    np.minimum(louder, np.float32(32767), out=louder)
    np.maximum(louder, np.float32(-32768), out=louder)
    louder *= np.float32(1 / 32768)
    return louder


def coloured_noise(n_samples: int, exponent: float, rng: np.random.Generator) -> Float32Array:
    """Return noise whose power falls as 1/f^exponent, float32 [n_samples] with an RMS of 0.1.

    Exponent 0 is white, 1 pink, 2 brown.
    """
    log_f = _log_frequencies(n_samples)
    spectrum = rng.standard_normal((len(log_f), 2), dtype=np.float32).view(np.complex64)[:, 0]
    spectrum *= np.exp(log_f * np.float32(-exponent / 2))
    noise: Float32Array = np.fft.irfft(spectrum, n_samples).astype(np.float32, copy=False)
    noise *= np.float32(0.1 / _rms(noise))
    return noise


def draw_time_mask(n_frames: int, longest: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return SpecAugment's time masks for one window, bool [n_frames]: one or two short spans.

    After SpecAugment (Park et al., 2019), time masking alone.
    """
    mask = np.zeros(n_frames, bool)
    for _ in range(int(rng.integers(1, 3))):
        length = int(rng.integers(1, longest + 1))
        start = int(rng.integers(0, max(1, n_frames - length + 1)))
        mask[start : start + length] = True
    return mask


@lru_cache(maxsize=1)
def _log_frequencies(n_samples: int) -> Float32Array:
    """Logarithms of the bins' frequencies, those below 20 bins as that: no microphone passes them."""
    log_f: Float32Array = np.log(np.maximum(np.arange(n_samples // 2 + 1), 20)).astype(np.float32)
    return log_f


def _rms(x: Float32Array) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def _fade(x: Float32Array) -> Float32Array:
    n = min(FADE_SAMPLES, len(x) // 2)
    y = x.copy()
    if n:
        ramp = _RAMP if n == FADE_SAMPLES else np.linspace(0, 1, n, dtype=np.float32)
        y[:n] *= ramp
        y[-n:] *= ramp[::-1]
    return y
