"""Generated noise: its level, its colour, and that it is the same every time."""

import numpy as np
import pytest

from kws_live.eval.noise import NoiseColour, generate_noise
from kws_live.types import SAMPLE_RATE_HZ

COLOURS: tuple[NoiseColour, ...] = ("white", "pink", "brown")


def octave_db(noise: np.ndarray, low_hz: float) -> float:
    power = np.square(np.abs(np.fft.rfft(noise)))
    frequencies_hz = np.fft.rfftfreq(len(noise), 1.0 / SAMPLE_RATE_HZ)
    band = (frequencies_hz >= low_hz) & (frequencies_hz < 2.0 * low_hz)
    return float(10.0 * np.log10(power[band].mean()))


@pytest.mark.parametrize("colour", COLOURS)
def test_noise_has_the_level_asked_for(colour: NoiseColour) -> None:
    """RMS in dB below full scale."""
    noise = generate_noise(colour, SAMPLE_RATE_HZ, seed=1, level_dbfs=-30.0)
    assert noise.dtype == np.float32
    assert 20.0 * np.log10(np.sqrt(np.mean(np.square(noise)))) == pytest.approx(-30.0, abs=0.01)


@pytest.mark.parametrize(("colour", "slope_db"), [("white", 0.0), ("pink", -3.0), ("brown", -6.0)])
def test_its_power_density_falls_with_the_octave_as_its_colour_says(
    colour: NoiseColour, slope_db: float
) -> None:
    """Measured from 250 Hz to 4 kHz."""
    noise = generate_noise(colour, 20 * SAMPLE_RATE_HZ, seed=2)
    assert (octave_db(noise, 4000.0) - octave_db(noise, 250.0)) / 4.0 == pytest.approx(
        slope_db, abs=0.2
    )


@pytest.mark.parametrize("colour", COLOURS)
def test_there_is_nothing_below_what_can_be_heard(colour: NoiseColour) -> None:
    """Brown noise would otherwise wander away from zero."""
    noise = generate_noise(colour, 10 * SAMPLE_RATE_HZ, seed=3, level_dbfs=0.0)
    assert abs(float(noise.mean())) < 1e-6


def test_the_seed_decides_the_noise() -> None:
    """The same seed gives the same samples, another one others."""
    first = generate_noise("pink", 4_000, seed=5)
    assert np.array_equal(first, generate_noise("pink", 4_000, seed=5))
    assert not np.array_equal(first, generate_noise("pink", 4_000, seed=6))


def test_its_end_joins_its_beginning() -> None:
    """Looped brown noise steps no further at the seam than anywhere else."""
    noise = generate_noise("brown", SAMPLE_RATE_HZ, seed=4)
    assert abs(noise[0] - noise[-1]) <= np.abs(np.diff(noise)).max()


def test_too_short_a_noise_is_refused() -> None:
    """There would be no frequencies to shape."""
    with pytest.raises(ValueError, match="100 samples"):
        generate_noise("pink", 100, seed=0)
