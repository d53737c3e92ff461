"""The frontend turns any rate and channel count into mono int16 at 16 kHz."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.stages.frontend import Frontend
from kws_live.types import Block

RATES_HZ = [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]


def convert(samples: np.ndarray, rate_hz: int, sizes: list[int]) -> np.ndarray:
    """Push `samples` in blocks of the given sizes, repeated, and flush."""
    frontend = Frontend()
    out = []
    at = 0
    while at < len(samples):
        size = sizes[len(out) % len(sizes)]
        out.append(frontend.push(Block(samples[at : at + size], rate_hz)))
        at += size
    return np.concatenate([*out, frontend.flush()])


def tone(rate_hz: int, frequency_hz: float, seconds: float = 1.0) -> np.ndarray:
    """A sine at half of full scale, float32 [frames, 1]."""
    time_s = np.arange(int(rate_hz * seconds)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)[:, np.newaxis]


def test_mono_int16_at_16_khz_passes_bit_for_bit() -> None:
    """Every int16 value comes out as it went in, whether as such or as a float."""
    values = np.arange(-32768, 32768, dtype=np.int16)
    samples = (values.astype(np.float32) / 32768)[:, np.newaxis]
    assert np.array_equal(convert(samples, 16_000, [480]), values)
    assert np.array_equal(convert(values[:, np.newaxis], 16_000, [480]), values)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("rate_hz", [16_000, 44_100])
def test_int16_and_float_samples_give_the_same(rate_hz: int, channels: int) -> None:
    """A recording of a microphone, read as floats, is what the microphone gave."""
    values = np.random.default_rng(2).integers(-32768, 32768, (rate_hz // 4, channels), np.int16)
    as_floats = convert(values.astype(np.float32) / 32768, rate_hz, [480])
    assert np.array_equal(convert(values, rate_hz, [480]), as_floats)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_length_is_kept(rate_hz: int) -> None:
    """A second at any rate is 16,000 samples, give or take one for rounding."""
    assert abs(len(convert(tone(rate_hz, 440), rate_hz, [100])) - 16_000) <= 1


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_tone_keeps_its_level_and_pitch(rate_hz: int) -> None:
    """1 kHz at half of full scale is that after resampling."""
    out = convert(tone(rate_hz, 1_000), rate_hz, [441])[2_000:14_000] / 32768
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    assert np.argmax(spectrum) * 16_000 / len(out) == pytest.approx(1_000, abs=2)
    assert np.sqrt(2 * np.mean(out**2)) == pytest.approx(0.5, rel=0.01)


def test_what_lies_above_8_khz_does_not_fold_back() -> None:
    """A 10 kHz tone at 48 kHz leaves less than -60 dB."""
    out = convert(tone(48_000, 10_000), 48_000, [480])[2_000:14_000] / 32768
    assert 20 * np.log10(np.sqrt(np.mean(out**2)) / 0.354 + 1e-12) < -60


def test_channels_are_averaged() -> None:
    """Opposite channels cancel; equal ones stay."""
    left = tone(16_000, 300)
    assert not convert(np.hstack([left, -left]), 16_000, [480]).any()
    assert np.array_equal(
        convert(np.hstack([left, left]), 16_000, [480]), convert(left, 16_000, [480])
    )


def test_over_full_scale_is_clipped_not_wrapped() -> None:
    """Samples beyond ±1 end at the int16 limits."""
    out = convert(np.array([[2.0], [-2.0], [1.0]], dtype=np.float32), 16_000, [3])
    assert out.tolist() == [32767, -32768, 32767]


@given(
    sizes=st.lists(st.integers(1, 5_000), min_size=1, max_size=8),
    rate_hz=st.sampled_from(RATES_HZ),
    channels=st.integers(1, 3),
)
def test_any_block_size_gives_the_same_samples(
    sizes: list[int], rate_hz: int, channels: int
) -> None:
    """The output does not depend on how the input is cut."""
    noise = np.random.default_rng(1).uniform(-1, 1, (rate_hz // 4, channels)).astype(np.float32)
    assert np.array_equal(convert(noise, rate_hz, sizes), convert(noise, rate_hz, [len(noise)]))
