"""Choosing word clips from a folder."""

from pathlib import Path

import pytest

from kws_live.errors import InputError
from kws_live.eval.word_clips import find_word_clips, only_listed, parted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "yes/0a_nohash_0.wav",
        "yes/0a_nohash_1.wav",
        "no/ann/1.flac",
        "no/bob/1.ogg",
        "no/3.wav",
        "no/notes.txt",
        "_background_noise_/hum.wav",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_word_and_speaker_come_from_names_and_folders(folder: Path) -> None:
    """Speech Commands' names, a folder per speaker, or nobody knows; no noise, no notes."""
    found = [(clip.word, clip.path.name, clip.speaker) for clip in find_word_clips(folder)]
    assert found == [
        ("no", "3.wav", None),
        ("no", "1.flac", "ann"),
        ("no", "1.ogg", "bob"),
        ("yes", "0a_nohash_0.wav", "0a"),
        ("yes", "0a_nohash_1.wav", "0a"),
    ]


def test_a_list_chooses_clips_whatever_their_endings(folder: Path) -> None:
    """As a corpus that was converted keeps its official split; lines without a clip don't matter."""
    (folder / "list.txt").write_text("yes/0a_nohash_1.flac\n\nno/bob/1.wav\nno/9.wav\n")
    chosen = only_listed(find_word_clips(folder), folder, folder / "list.txt")
    assert [clip.path.name for clip in chosen] == ["1.ogg", "0a_nohash_1.wav"]


def test_a_list_of_nothing_here_says_how_a_line_looks(folder: Path) -> None:
    """Absolute paths, say."""
    (folder / "list.txt").write_text("/data/yes/0a_nohash_1.wav\n")
    with pytest.raises(InputError, match="WORD/FILE"):
        only_listed(find_word_clips(folder), folder, folder / "list.txt")


def test_a_missing_list_is_named(folder: Path) -> None:
    """With its path."""
    with pytest.raises(InputError, match=r"nowhere\.txt"):
        only_listed(find_word_clips(folder), folder, folder / "nowhere.txt")


def test_keywords_part_the_clips(folder: Path) -> None:
    """The other words are negatives."""
    keywords, others = parted(find_word_clips(folder), ["no"])
    assert {clip.word for clip in keywords} == {"no"}
    assert {clip.word for clip in others} == {"yes"}


def test_a_keyword_without_a_clip_is_refused_with_the_nearest(folder: Path) -> None:
    """It may be misspelt."""
    with pytest.raises(InputError, match="Did you mean 'yes'"):
        parted(find_word_clips(folder), ["yess"])


def test_a_folder_without_clips_says_what_belongs_there(tmp_path: Path) -> None:
    """A folder per word."""
    with pytest.raises(InputError, match="folder per word"):
        find_word_clips(tmp_path)
