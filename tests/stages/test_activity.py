"""The active part of a piece of audio, by level."""

import numpy as np

from kws_live.stages.activity import active_extent, last_word_extent

RATE = 16_000


def word(seconds: float, level: float = 0.3) -> np.ndarray:
    """Noise at a level, float32."""
    return (np.random.default_rng(2).normal(0, level, round(seconds * RATE))).astype(np.float32)


def pause(seconds: float) -> np.ndarray:
    """Silence 60 dB below full scale."""
    return word(seconds, 0.001)


def test_the_extent_is_what_lies_within_25_db_of_the_peak() -> None:
    """A word between pauses is found to 10 ms."""
    audio = np.concatenate([pause(0.3), word(0.4), pause(0.3)])
    assert active_extent(audio) == (0.3 * RATE, 0.7 * RATE)


def test_digital_silence_has_no_extent() -> None:
    """Nothing is active where there is nothing."""
    assert active_extent(np.zeros(RATE, dtype=np.float32)) == (0, 0)


def test_the_last_word_of_a_window_is_the_one_meant() -> None:
    """A pause of more than 120 ms separates it from the word before."""
    audio = np.concatenate([word(0.2), pause(0.2), word(0.3), pause(0.3)])
    assert last_word_extent((audio * 32767 / 2).astype(np.int16)) == (0.4 * RATE, 0.7 * RATE)


def test_a_short_closure_does_not_split_a_word() -> None:
    """The silence of a stop consonant belongs to the word."""
    audio = np.concatenate([pause(0.2), word(0.2), pause(0.08), word(0.1), pause(0.42)])
    start, end = last_word_extent((audio * 32767 / 2).astype(np.int16))
    assert (start, end) == (0.2 * RATE, 0.58 * RATE)


def test_a_click_behind_a_word_is_none() -> None:
    """Nor is one before it; alone in the window it is all there is."""
    audio = np.concatenate([word(0.02), pause(0.2), word(0.3), pause(0.2), word(0.02), pause(0.26)])
    assert last_word_extent((audio * 32767 / 2).astype(np.int16)) == (0.22 * RATE, 0.52 * RATE)
    alone = np.concatenate([pause(0.5), word(0.02), pause(0.48)])
    assert last_word_extent((alone * 32767 / 2).astype(np.int16)) == (0.5 * RATE, 0.52 * RATE)
