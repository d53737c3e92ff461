"""Generated background noise, the same on every machine for the same seed."""

from typing import Literal, get_args

import numpy as np

from kws_live.types import SAMPLE_RATE_HZ, Float32Array

NoiseColour = Literal["white", "pink", "brown"]
COLOURS: tuple[NoiseColour, ...] = get_args(NoiseColour)

LOWEST_HZ = 20.0
_AMPLITUDE_EXPONENT = {"white": 0.0, "pink": -0.5, "brown": -1.0}


def generate_noise(
    colour: NoiseColour, samples: int, seed: int, level_dbfs: float = -40.0
) -> Float32Array:
    """Return Gaussian noise as float32 [samples] at 16 kHz whose RMS is `level_dbfs`.

    Its power falls by 0 (white), 3 (pink) or 6 (brown) dB per octave and is nil below 20 Hz. The
    noise is made in the frequency domain, so its end joins its beginning without a click.

    Raises:
        ValueError: fewer than 0.1 s are asked for.
    """
    if samples < SAMPLE_RATE_HZ // 10:
        raise ValueError(f"{samples} samples are too few to shape noise in: ask for 0.1 s or more")
    rng = np.random.default_rng(seed)
    frequencies_hz = np.fft.rfftfreq(samples, 1.0 / SAMPLE_RATE_HZ)
    audible = frequencies_hz >= LOWEST_HZ
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    spectrum[~audible] = 0.0
    spectrum[audible] *= frequencies_hz[audible] ** _AMPLITUDE_EXPONENT[colour]
    noise = np.fft.irfft(spectrum, samples)
    noise *= 10.0 ** (level_dbfs / 20.0) / np.sqrt(np.mean(np.square(noise)))
    result: Float32Array = noise.astype(np.float32)
    return result
