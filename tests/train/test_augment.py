"""Augmentation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kws_train import augment

N = 16_000
SEEDS = st.integers(0, 2**32 - 1)
SPANS = st.tuples(st.integers(0, 6000), st.integers(800, 10_000)).map(lambda s: (s[0], sum(s)))


def word_clip(span: tuple[int, int]) -> np.ndarray:
    """A clip whose word is 1 and whose background is 0.01."""
    x = np.full(N, 0.01, np.float32)
    x[span[0] : span[1]] = 1.0
    return x


@given(SPANS, SEEDS)
def test_a_shifted_word_stays_whole(span: tuple[int, int], seed: int) -> None:
    """Wherever a word is put, all its samples lie inside the window."""
    start = augment.draw_start(span, N, np.random.default_rng(seed))
    window = augment.place_word(word_clip(span), span, start, N, fill=False)
    # The clip's own edges are faded; a word that touches one loses that much.
    assert abs(int((window > 0.5).sum()) - (span[1] - span[0])) <= augment.FADE_SAMPLES


@given(SPANS, SEEDS)
def test_a_fragment_is_less_than_half_a_word(span: tuple[int, int], seed: int) -> None:
    """What remains of the word lies at an edge and is at most 45 % of it."""
    start = augment.draw_fragment_start(span, N, np.random.default_rng(seed))
    window = augment.place_word(word_clip(span), span, start, N, fill=False)
    inside = np.flatnonzero(window > 0.5)
    assert len(inside) <= 0.46 * (span[1] - span[0])
    if len(inside):
        assert inside[0] <= augment.FADE_SAMPLES or inside[-1] >= N - 1 - augment.FADE_SAMPLES


def test_filling_continues_the_clips_background() -> None:
    """Around a shifted clip its own background goes on; without filling there are zeros."""
    span = (4000, 8000)
    filled = augment.place_word(word_clip(span), span, 12_000, N, fill=True)
    bare = augment.place_word(word_clip(span), span, 12_000, N, fill=False)
    assert np.all(filled[:7000] > 0.005)
    assert not bare[:7000].any()
    assert np.array_equal(filled[9000:], bare[9000:])


@given(st.floats(0.7, 1.4), SPANS)
def test_speed_moves_the_span_with_the_word(factor: float, span: tuple[int, int]) -> None:
    """After a change of speed, the span still is where the word is."""
    y, (start, end) = augment.change_speed(word_clip(span), span, factor)
    loud = np.flatnonzero(y > 0.5)
    assert abs(len(y) - N / factor) <= 1
    assert abs(loud[0] - start) <= 2
    assert abs(loud[-1] + 1 - end) <= 2


@given(SEEDS, st.integers(0, 4000), st.integers(0, 4000))
def test_neighbours_leave_the_word_alone(seed: int, before: int, after: int) -> None:
    """Other speech keeps its distance from the word, at the level asked for."""
    rng = np.random.default_rng(seed)
    span = (6000, 10_000)
    window = word_clip(span)
    speech = rng.standard_normal(N).astype(np.float32)
    out = augment.add_neighbours(window, span, speech, (before, after), -6.0)
    quiet = slice(6000 - before, 10_000 + after)
    assert np.array_equal(out[quiet], window[quiet])
    added = (out - window)[: 6000 - before - augment.FADE_SAMPLES]
    assert 20 * np.log10(np.sqrt(np.mean(added**2))) == pytest.approx(-6.0, abs=1.0)


def test_one_side_can_be_left_alone() -> None:
    """None instead of a distance keeps that side as it was."""
    window, speech = word_clip((6000, 10_000)), np.ones(N, np.float32)
    out = augment.add_neighbours(window, (6000, 10_000), speech, (None, 100), 0.0)
    assert np.array_equal(out[:10_000], window[:10_000])
    assert not np.array_equal(out[10_000:], window[10_000:])


@given(st.floats(-60, 40), SEEDS)
def test_gain_gives_what_a_16_bit_recording_holds(gain_db: float, seed: int) -> None:
    """Every sample is a whole 32768th within full scale."""
    x = np.random.default_rng(seed).standard_normal(500).astype(np.float32)
    y = augment.apply_gain(x, gain_db)
    assert y.dtype == np.float32
    assert np.array_equal(y * 32768, np.rint(y * 32768))
    assert y.min() >= -1.0
    assert y.max() <= 32767 / 32768


@pytest.mark.parametrize(("exponent", "slope_db"), [(0, 0.0), (1, -3.0), (2, -6.0)])
def test_coloured_noise_falls_as_asked(exponent: float, slope_db: float) -> None:
    """Power falls by 3 dB an octave for each unit of the exponent, and the RMS is 0.1."""
    x = augment.coloured_noise(N, exponent, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(x)) ** 2
    octave = 10 * np.log10(power[2000:4000].mean() / power[1000:2000].mean())
    assert octave == pytest.approx(slope_db, abs=0.6)
    assert np.sqrt(np.mean(x**2)) == pytest.approx(0.1, rel=1e-4)


def test_noise_comes_at_the_snr_asked_for() -> None:
    """The word's own level, not the window's, is the reference."""
    rng = np.random.default_rng(0)
    window = np.zeros(N, np.float32)
    window[4800:8000] = 0.3 * rng.standard_normal(3200)
    noise = rng.standard_normal(N).astype(np.float32)
    added = augment.add_noise(window, noise, 10.0) - window
    snr = 20 * np.log10(0.3 / np.sqrt(np.mean(added**2)))
    assert snr == pytest.approx(10.0, abs=0.5)


@given(SEEDS, st.integers(1, 60), st.integers(1, 12))
def test_masks_are_short(seed: int, n_frames: int, longest: int) -> None:
    """At least one frame is hidden, and at most two spans of the longest length."""
    mask = augment.draw_time_mask(n_frames, longest, np.random.default_rng(seed))
    assert mask.shape == (n_frames,)
    assert 1 <= mask.sum() <= 2 * longest


@given(st.floats(0.5, 2.0), st.integers(2, 3000), SEEDS)
def test_speed_is_changed_by_linear_interpolation(factor: float, n: int, seed: int) -> None:
    """As numpy interpolates, sample by sample."""
    x = np.random.default_rng(seed).standard_normal(n).astype(np.float32)
    y, _ = augment.change_speed(x, (0, n), factor)
    expected = np.interp(np.arange(len(y)) * factor, np.arange(n), x)
    assert y.dtype == np.float32
    assert np.abs(y - expected).max() < 1e-5
