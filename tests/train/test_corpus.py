"""Finding recordings."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train.corpus import Recording, files_hash, find_recordings, label_of
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
    before = files_hash(found)
    assert files_hash(found) == before
    os.utime(path, ns=(1, 1))
    assert files_hash(found) != before


def test_the_hash_notices_another_recording(corpora: Corpora) -> None:
    """A corpus with a file more or less has another hash."""
    found = find_recordings(corpora.data)
    assert files_hash(found) != files_hash(found[1:])


def test_a_missing_folder_is_named_with_what_it_should_hold(tmp_path: Path) -> None:
    """The message names the folder and the layout that is expected of it."""
    with pytest.raises(InputError, match=r"nowhere: no such folder.*WORD/SPEAKER_nohash_N"):
        find_recordings([tmp_path / "nowhere"])


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """A folder without recordings is a wrong path more often than a wish."""
    with pytest.raises(InputError, match="no recordings found"):
        find_recordings([], [tmp_path])


def put(root: Path, *files: str) -> Path:
    """Files that are found; what is in them doesn't matter here."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def who(root: Path) -> dict[str, tuple[str, str]]:
    """For each word clip its speaker, and how that is known."""
    found = find_recordings([root])
    return {r.path: (r.speaker, r.known_by) for r in found if r.kind == "word"}


def test_a_speaker_is_told_by_name_or_folder(tmp_path: Path) -> None:
    """Else each file counts as its own; the name tells before the folder."""
    root = put(tmp_path, "go/1.wav", "go/ben/2.wav", "go/ben/x/3.flac", "go/ben/anna_nohash_4.ogg")
    assert who(root) == {
        "go/1.wav": ("1", "file"),
        "go/ben/2.wav": ("ben", "folder"),
        "go/ben/x/3.flac": ("ben", "folder"),
        "go/ben/anna_nohash_4.ogg": ("anna", "name"),
    }


def test_a_table_tells_words_and_speakers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Exactly its clips count, and noise beside them; what it leaves out is said."""
    root = put(tmp_path, "a.wav", "b.wav", "go/c.wav", "_background_noise_/hum.wav", "go/d.wav")
    (root / "clips.tsv").write_text(
        "file\tword\tspeaker\na.wav\tgo\tanna\nb.wav\tstop\t\ngo/c.wav\tgo\t\n"
    )
    found = find_recordings([root])
    assert {r.path: r.word for r in found if r.kind == "word"} == {
        "a.wav": "go",
        "b.wav": "stop",
        "go/c.wav": "go",
    }
    assert [r.path for r in found if r.kind == "noise"] == ["_background_noise_/hum.wav"]
    assert who(root)["a.wav"] == ("anna", "list")
    assert who(root)["b.wav"] == ("b", "file")
    assert "1 audio files are not in its table of clips and not used, such as go/d.wav" in (
        caplog.text
    )


def test_the_same_speaker_is_in_one_split_however_told(tmp_path: Path) -> None:
    """By name, folder and table, in all folders of data."""
    for i in range(30):
        put(tmp_path / "a", f"go/s{i}/1.wav", f"stop/s{i}_nohash_0.wav")
        put(tmp_path / "b", f"{i}.wav")
    rows = "".join(f"{i}.wav\tgo\ts{i}\n" for i in range(30))
    (tmp_path / "b" / "clips.tsv").write_text("file\tword\tspeaker\n" + rows)
    splits: dict[str, set[str]] = {}
    for r in find_recordings([tmp_path / "a", tmp_path / "b"]):
        splits.setdefault(r.speaker, set()).add(r.split)
    assert len(splits) == 30
    assert all(len(s) == 1 for s in splits.values())
    assert len(set.union(*splits.values())) == 3


def test_recordings_come_in_one_order_wherever_they_lie(tmp_path: Path) -> None:
    """Neither the order of the folders nor the place above them changes a run."""

    def names(found: list[Recording]) -> list[str]:
        return [r.path for r in found]

    for place in ("x", "y"):
        put(tmp_path / place / "a", "go/1.wav")
        put(tmp_path / place / "b", "go/0.wav", "stop/2.wav")
    (tmp_path / "x").rename(tmp_path / "z")
    y, z = tmp_path / "y", tmp_path / "z"
    assert names(find_recordings([y / "a", y / "b"])) == names(find_recordings([z / "b", z / "a"]))


def test_a_word_folder_without_clips_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is no error by itself; whether the word is needed is checked later."""
    (put(tmp_path, "go/1.wav") / "stop").mkdir()
    assert {r.word for r in find_recordings([tmp_path])} == {"go"}
    assert f"{tmp_path / 'stop'} holds no audio files" in caplog.text


def test_the_folder_of_one_word_asks_for_the_one_above(tmp_path: Path) -> None:
    """Who gives `computer` instead of the folder that holds it is told so."""
    root = put(tmp_path / "computer", "1.wav", "2.wav")
    with pytest.raises(InputError, match=r"give the folder that holds .*computer"):
        find_recordings([root])


def test_what_macos_leaves_beside_files_is_no_audio(tmp_path: Path) -> None:
    """`._1.wav` holds attributes of 1.wav."""
    assert list(who(put(tmp_path, "go/1.wav", "go/._1.wav"))) == ["go/1.wav"]


def talkers(root: Path) -> dict[str, tuple[str, str]]:
    """For each file of longer speech its speaker, and how that is known."""
    return {r.path: (r.speaker, r.known_by) for r in find_recordings([], [root])}


@pytest.mark.parametrize(
    ("file", "speaker", "known_by"),
    [
        ("84/121123/84-121123-0000.flac", "84", "folder"),
        ("train-clean-5/84/121123/84-121123-0000.flac", "84", "folder"),
        ("LibriSpeech/dev-clean/84/121123/84-121123-0000.flac", "84", "folder"),
        ("train-clean-100/84/121123/84_121123_000007_000001.wav", "84", "folder"),
        ("wav48/p225/p225_001.wav", "p225", "folder"),
        ("118/118-47824-0010.ogg", "118", "folder"),
        ("anna/monday/talk.wav", "anna", "folder"),
        ("talks/anna_nohash_3.wav", "anna", "name"),
        ("anna.wav", "anna", "file"),
    ],
)
def test_who_speaks_at_length(tmp_path: Path, file: str, speaker: str, known_by: str) -> None:
    """The folder that the file is called after, as in LibriSpeech and VCTK; else the topmost one."""
    assert talkers(put(tmp_path, file)) == {file: (speaker, known_by)}
