"""Finding the word in a clip."""

import numpy as np
import pytest
from kws_train.activity import active_span, clip_fault


def clip_with_tone(start: int, end: int, noise_rms: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    x = noise_rms * rng.standard_normal(16_000)
    x[start:end] += 0.2 * np.sin(np.arange(end - start) * 0.3)
    return x.astype(np.float32)


@pytest.mark.parametrize("noise_rms", [0.0, 1e-4, 0.02, 0.04])
def test_a_word_is_found_in_quiet_and_in_noise(noise_rms: float) -> None:
    """Both ends are found to 20 ms, up to an SNR of about 10 dB."""
    start, end = active_span(clip_with_tone(4800, 9600, noise_rms))
    assert abs(start - 4800) <= 320
    assert abs(end - 9600) <= 320


def test_a_clip_without_a_word_is_silent() -> None:
    """Zeros, hiss and a clip without samples hold no word."""
    hiss = 1e-3 * np.random.default_rng(0).standard_normal(16_000)
    assert clip_fault(np.zeros(16_000, np.float32)) == "silent"
    assert clip_fault(hiss.astype(np.float32)) == "silent"
    assert clip_fault(np.zeros(0, np.float32)) == "silent"


@pytest.mark.parametrize(("start", "end"), [(0, 1200), (14_800, 16_000)])
def test_a_scrap_at_the_edge_is_cut(start: int, end: int) -> None:
    """A short loud part that touches an edge is what remains of a word."""
    assert clip_fault(clip_with_tone(start, end, 0.0)) == "cut"


@pytest.mark.parametrize(("start", "end"), [(0, 8000), (3200, 4400), (8000, 16_000)])
def test_a_whole_word_is_kept(start: int, end: int) -> None:
    """Long words may touch an edge, and short ones may stand in the middle."""
    assert clip_fault(clip_with_tone(start, end, 1e-3)) is None
