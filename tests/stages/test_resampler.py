"""The resampler: what passes, what doesn't, and how soon."""

import numpy as np
import pytest

from kws_live.stages.resampler import Resampler
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

MICROPHONE_RATES_HZ = [32_000, 44_100, 48_000, 96_000]
FRAME_SAMPLES = 320


def resampled(rate_hz: int, samples: Float32Array) -> Float32Array:
    """Return all of the output."""
    resampler = Resampler(rate_hz)
    return np.concatenate([resampler.push(samples), resampler.flush()])


def level_db(rate_hz: int, frequency_hz: float) -> float:
    """Return the level of a tone behind the resampler, away from its ends, against the one before."""
    tone = np.sin(2 * np.pi * frequency_hz * np.arange(rate_hz) / rate_hz).astype(np.float32)
    inner = resampled(rate_hz, tone)[2_000:-2_000]
    return float(20 * np.log10(np.sqrt(2 * np.mean(inner**2)) + 1e-12))


@pytest.mark.parametrize("frequency_hz", [50, 3_000, 7_200])
@pytest.mark.parametrize("rate_hz", MICROPHONE_RATES_HZ)
def test_the_band_of_speech_passes_flat(rate_hz: int, frequency_hz: float) -> None:
    """Up to 7.2 kHz a tone keeps its level to 0.05 dB."""
    assert abs(level_db(rate_hz, frequency_hz)) < 0.05


@pytest.mark.parametrize("frequency_hz", [8_700, 11_000, 15_000])
@pytest.mark.parametrize("rate_hz", MICROPHONE_RATES_HZ)
def test_what_cannot_be_held_is_damped(rate_hz: int, frequency_hz: float) -> None:
    """What would fold back into the band is 65 dB down."""
    assert level_db(rate_hz, frequency_hz) < -65


@pytest.mark.parametrize("rate_hz", [8_000, 11_025])
def test_nothing_is_invented_above_the_band_of_a_slower_rate(rate_hz: int) -> None:
    """The images of a tone are 65 dB down."""
    tone = np.sin(2 * np.pi * 1_000 * np.arange(rate_hz) / rate_hz).astype(np.float32)
    inner = resampled(rate_hz, tone)[2_000:14_000]
    spectrum = np.abs(np.fft.rfft(inner * np.blackman(len(inner))))
    above = spectrum[int(rate_hz * 0.55 * len(inner) / SAMPLE_RATE_HZ) :]
    assert 20 * np.log10(above.max() / spectrum.max()) < -65


@pytest.mark.parametrize("rate_hz", [8_000, *MICROPHONE_RATES_HZ])
def test_a_click_stays_where_it_was(rate_hz: int) -> None:
    """Sound at 0.5 s is at 0.5 s afterwards: no delay in the time of the stream."""
    click = np.zeros(rate_hz, dtype=np.float32)
    click[rate_hz // 2] = 1
    assert np.argmax(np.abs(resampled(rate_hz, click))) == SAMPLE_RATE_HZ // 2


@pytest.mark.parametrize("rate_hz", MICROPHONE_RATES_HZ)
def test_a_frame_is_out_less_than_3_ms_after_its_sound(rate_hz: int) -> None:
    """With each millisecond pushed as it comes, 20 ms of output are complete 3 ms later at the latest."""
    resampler = Resampler(rate_hz)
    out = 0
    for pushed in range(0, 10 * rate_hz // 10, rate_hz // 1000):
        out += len(resampler.push(np.zeros(rate_hz // 1000, dtype=np.float32)))
        sounded_s = (pushed + rate_hz // 1000) / rate_hz
        complete = int(max(0.0, sounded_s - 0.003) * SAMPLE_RATE_HZ) // FRAME_SAMPLES
        assert out >= complete * FRAME_SAMPLES


@pytest.mark.parametrize("rate_hz", [7_919, 22_050, 44_101])
def test_odd_rates_keep_level_and_length(rate_hz: int) -> None:
    """Rates that meet 16 kHz but once a second, or not at all within a frame, are no special case."""
    assert abs(level_db(rate_hz, 1_000)) < 0.05
    assert len(resampled(rate_hz, np.zeros(3 * rate_hz, dtype=np.float32))) == 3 * SAMPLE_RATE_HZ


def test_nothing_in_is_nothing_out() -> None:
    """A stream that ends before it began has no samples."""
    assert len(resampled(48_000, np.zeros(0, dtype=np.float32))) == 0
