"""Finding recordings."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train.corpus import find_recordings, label_of, manifest_hash
from kws_train.fit import Corpora

from kws_live.errors import InputError


def test_each_kind_of_folder_gives_its_kind_of_recording(corpora: Corpora) -> None:
    """Word folders hold words, `_background_noise_` noise, and --speech folders speech."""
    found = find_recordings(corpora.data, corpora.speech)
    assert {r.kind for r in found} == {"word", "speech", "noise"}
    assert {r.word for r in found if r.kind == "word"} == {"low", "high", "other"}
    assert all(r.path.startswith("_background_noise_/") for r in found if r.kind == "noise")


def test_a_speaker_of_longer_speech_is_in_one_split(tmp_path: Path) -> None:
    """Files below the same speaker's folder are never divided, whatever lies between."""
    for i in range(40):
        path = tmp_path / f"speaker{i % 4}" / f"chapter{i}" / "part.wav"
        path.parent.mkdir(parents=True)
        sf.write(path, np.zeros(100), 16_000)
    splits: dict[str, set[str]] = {}
    for r in find_recordings([], [tmp_path]):
        splits.setdefault(r.speaker, set()).add(r.split)
    assert sorted(splits) == [f"speaker{i}" for i in range(4)]
    assert all(len(s) == 1 for s in splits.values())


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("low", "low"),
        ("other", "_unknown_"),
        ("_silence_", "_silence_"),
        ("_unknown_", "_unknown_"),
    ],
)
def test_words_that_are_no_keyword_are_unknown(word: str, label: str) -> None:
    """Only keywords and silence keep the name of their folder."""
    assert label_of(word, ("low", "high")) == label


def test_the_hash_notices_a_rewritten_file(tmp_path: Path) -> None:
    """The cache is keyed by what lies on disk, not only by its names."""
    path = tmp_path / "low" / "a_nohash_0.wav"
    path.parent.mkdir()
    sf.write(path, np.zeros(100), 16_000)
    found = find_recordings([tmp_path])
    before = manifest_hash(found)
    assert manifest_hash(found) == before
    os.utime(path, ns=(1, 1))
    assert manifest_hash(found) != before


def test_the_hash_notices_another_recording(corpora: Corpora) -> None:
    """A corpus with a file more or less has another hash."""
    found = find_recordings(corpora.data)
    assert manifest_hash(found) != manifest_hash(found[1:])


def test_a_missing_folder_is_named_with_what_it_should_hold(tmp_path: Path) -> None:
    """The message names the folder and the layout that is expected of it."""
    with pytest.raises(InputError, match=r"nowhere: no such folder.*WORD/SPEAKER_nohash_N"):
        find_recordings([tmp_path / "nowhere"])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A folder without recordings is a wrong path more often than a wish."""
    with pytest.raises(InputError, match="no recordings found"):
        find_recordings([], [tmp_path])
