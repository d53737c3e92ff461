"""The official split of Speech Commands."""

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kws_train.split import hash_percent, speech_commands_split, two_way_split
from kws_train.voices import training_voices

NAMES = st.text("0123456789abcdef", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("file_name", "split"),
    [
        ("026290a7_nohash_0.wav", "validation"),
        ("060cd039_nohash_0.wav", "validation"),
        ("0c540988_nohash_0.wav", "testing"),
        ("87070229_nohash_2.wav", "testing"),
        ("004ae714_nohash_0.wav", "training"),
        ("00f0204f_nohash_0.wav", "training"),
    ],
)
def test_published_speakers_fall_into_their_published_split(file_name: str, split: str) -> None:
    """Speakers of the published validation and testing lists are put where those lists say."""
    assert speech_commands_split(file_name) == split


@given(NAMES, st.integers(0, 99), st.sampled_from([".wav", ".flac", ".ogg"]))
def test_all_clips_of_a_speaker_share_a_split(speaker: str, n: int, suffix: str) -> None:
    """Number and format of a clip have no say in its split."""
    assert speech_commands_split(f"{speaker}_nohash_{n}{suffix}") == speech_commands_split(
        f"{speaker}_nohash_0.wav"
    )


def test_a_tenth_of_the_speakers_validates_and_a_tenth_tests() -> None:
    """The hash spreads speakers by the published percentages."""
    splits = [speech_commands_split(f"{i:08x}_nohash_0.wav") for i in range(5000)]
    assert 0.085 < splits.count("validation") / 5000 < 0.115
    assert 0.085 < splits.count("testing") / 5000 < 0.115


def test_synthetic_voices_only_train() -> None:
    """No clip of a synthetic voice is ever measured with."""
    import numpy as np

    for voice in training_voices(200, np.random.default_rng(0)):
        assert speech_commands_split(f"{voice.speaker}_nohash_0.flac") == "training"


def test_recordings_without_official_split_are_never_kept_for_testing() -> None:
    """Noise and long speech are divided into training and a tenth of validation."""
    splits = [two_way_split(f"rain{i}") for i in range(2000)]
    assert set(splits) == {"training", "validation"}
    assert 0.08 < splits.count("validation") / 2000 < 0.12


def test_a_name_that_is_no_utf_8_has_a_split() -> None:
    """It is hashed as the bytes that it is on disk, like any other."""
    name = b"caf\xe9"
    bits = int(hashlib.sha1(name).hexdigest(), 16) % 2**27
    assert hash_percent(os.fsdecode(name)) == pytest.approx(100 * bits / (2**27 - 1))
