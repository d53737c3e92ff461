"""Transcribed speech: its layouts, and which keywords a text may hold."""

from pathlib import Path

import pytest
from support.corpus import write_librispeech

from kws_live.errors import InputError
from kws_live.eval.transcripts import HOMOPHONES, keywords_in, read_transcripts, sounds_like

KEYWORDS = ("yes", "no", "up", "right", "on", "off", "go")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("NO I WILL NOT GO UP", ["no", "up", "go"]),
        ("I know, I know!", ["no"]),
        ("they write the last rites", ["right"]),
        ("a playwright's rite", ["right"]),
        ("a known goat goes upon one of the offers", []),
        ("the book of the off-licence", ["off"]),
        ("no-one nodded; a right's right", ["no", "right"]),
        ("", []),
    ],
)
def test_keywords_are_whole_words_or_sound_like_them(text: str, found: list[str]) -> None:
    """In any case; not parts of longer words; `of` is not `off`."""
    assert keywords_in(text, KEYWORDS) == found


def test_a_keyword_may_be_a_phrase() -> None:
    """Written with a space or an underscore."""
    assert keywords_in("say hey  computer now", ["hey computer", "hey_computer", "hey you"]) == [
        "hey computer",
        "hey_computer",
    ]


def test_sounding_alike_is_mutual() -> None:
    """And no word is in two groups, which would have to be one."""
    words = [word for group in HOMOPHONES for word in group]
    assert len(words) == len(set(words))
    for word in words:
        assert all(word in sounds_like(other) for other in sounds_like(word))


def test_librispeech_is_read_with_its_speakers(tmp_path: Path) -> None:
    """From any folder above the chapters, in the order of the paths."""
    write_librispeech(tmp_path, {"84": ["GO ON", "STAY"], "1272": ["MISTER QUILTER"]})
    read = [(u.path.name, u.text, u.speaker) for u in read_transcripts(tmp_path)]
    assert read == [
        ("1272-7-0000.flac", "MISTER QUILTER", "1272"),
        ("84-7-0000.flac", "GO ON", "84"),
        ("84-7-0001.flac", "STAY", "84"),
    ]


def test_a_table_names_files_beside_it_or_in_the_folder_of_its_name(tmp_path: Path) -> None:
    """Quotation marks are part of the text, further columns don't matter, nobody may be known."""
    (tmp_path / "talk").mkdir()
    for name in ("b.wav", "talk/a.wav"):
        (tmp_path / name).touch()
    rows = ["file\tseconds\ttext\tspeaker", 'a.wav\t1.0\tsaid "no\tann', "b.wav\t2.0\tgo on\t"]
    (tmp_path / "talk.tsv").write_text("\n".join(rows))
    read = [(u.path.name, u.text, u.speaker) for u in read_transcripts(tmp_path / "talk.tsv")]
    assert read == [("b.wav", "go on", None), ("a.wav", 'said "no', "ann")]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("file\tspeaker\na.wav\tann\n", "no column text"),
        ("file\ttext\ngone.wav\tyes\n", r"line 2: no file gone\.wav"),
        ("file\ttext\na.wav\n", "line 2: the file or the text is missing"),
        ("file\ttext\n", "names no utterance"),
    ],
)
def test_a_table_that_cannot_be_used_says_where(tmp_path: Path, table: str, problem: str) -> None:
    """With the line, or the columns it should have."""
    (tmp_path / "a.wav").touch()
    (tmp_path / "talk.tsv").write_text(table)
    with pytest.raises(InputError, match=problem):
        read_transcripts(tmp_path / "talk.tsv")


def test_a_folder_without_transcripts_says_what_to_give(tmp_path: Path) -> None:
    """Audio alone doesn't tell where a keyword is said."""
    with pytest.raises(InputError, match="a folder of LibriSpeech or a table"):
        read_transcripts(tmp_path)


def test_a_transcript_without_its_audio_is_refused(tmp_path: Path) -> None:
    """A corpus that was unpacked in part."""
    write_librispeech(tmp_path, {"84": ["GO ON"]})
    (tmp_path / "84" / "7" / "84-7-0000.flac").unlink()
    with pytest.raises(InputError, match="84-7-0000"):
        read_transcripts(tmp_path)
