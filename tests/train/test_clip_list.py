"""A table of clips: which columns it needs, and what is said of mistakes in it."""

from pathlib import Path

import pytest
from kws_train.clip_list import ListedClip, read_clip_list

from kws_live.errors import InputError


def folder(tmp_path: Path, table: str, *files: str, name: str = "clips.tsv") -> Path:
    """A folder with a table and empty files."""
    (tmp_path / name).write_text(table, encoding="utf-8")
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    return tmp_path


def test_a_folder_without_a_table_has_none(tmp_path: Path) -> None:
    """The layout of its folders then tells."""
    assert read_clip_list(tmp_path) is None


def test_a_table_names_file_word_and_speaker(tmp_path: Path) -> None:
    """Whatever the order of its columns, and with columns that mean nothing here."""
    table = "speaker\tage\tword\tfile\nanna\t31\tgo\tx/2.wav\nben\t\tstop\t1.wav\n"
    assert read_clip_list(folder(tmp_path, table, "x/2.wav", "1.wav")) == [
        ListedClip(Path("1.wav"), "stop", "ben"),
        ListedClip(Path("x/2.wav"), "go", "anna"),
    ]


def test_commas_do_as_well_as_tabs(tmp_path: Path) -> None:
    """As a spreadsheet saves it: quotes, a mark at the beginning, lines that end as on Windows."""
    table = '\ufefffile,word,speaker\r\n"a, b.wav",go,anna\r\n\r\n'
    assert read_clip_list(folder(tmp_path, table, "a, b.wav", name="clips.csv")) == [
        ListedClip(Path("a, b.wav"), "go", "anna")
    ]


def test_a_table_of_common_voice_is_understood(tmp_path: Path) -> None:
    """With its own names of the columns, and its clips in a folder of theirs."""
    table = "client_id\tpath\tsentence\tup_votes\n3f9a\tcv_1.mp3\tyes\t2\n"
    assert read_clip_list(folder(tmp_path, table, "clips/cv_1.mp3")) == [
        ListedClip(Path("clips/cv_1.mp3"), "yes", "3f9a")
    ]


def test_without_a_word_the_folder_tells_it(tmp_path: Path) -> None:
    """A table may add nothing but speakers to folders of words."""
    table = "file\tspeaker\ngo/1.wav\tanna\n"
    assert read_clip_list(folder(tmp_path, table, "go/1.wav")) == [
        ListedClip(Path("go/1.wav"), "go", "anna")
    ]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name\tword\n1.wav\tgo\n", r"no column file.*file, word, speaker; it reads 'name, word'"),
        ("", "no column file"),
        ("file\tword\n1.wav\t\n", r"clips\.tsv, line 2: it does not say which word 1\.wav holds"),
        ("file\tword\n\tgo\n", "line 2: no file is named"),
        ("file\tword\n2.wav\tgo\n3.wav\tgo\n", "names 2 files that are not there, such as 2.wav"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, table: str, message: str) -> None:
    """With the line, and what belongs there."""
    with pytest.raises(InputError, match=message):
        read_clip_list(folder(tmp_path, table, "1.wav"))


def test_two_tables_are_one_too_many(tmp_path: Path) -> None:
    """Nothing says which of them holds."""
    folder(tmp_path, "file\n", name="clips.csv")
    with pytest.raises(InputError, match=r"clips\.tsv and clips\.csv: remove the one"):
        read_clip_list(folder(tmp_path, "file\n"))


def test_a_table_that_is_no_text_is_named(tmp_path: Path) -> None:
    """As one saved in UTF-16 is not."""
    (tmp_path / "clips.tsv").write_bytes("file\tword\n".encode("utf-16"))
    with pytest.raises(InputError, match=r"clips\.tsv can't be read: .*Save it as UTF-8 text"):
        read_clip_list(tmp_path)


def test_a_link_to_nothing_is_a_row_like_any_other(tmp_path: Path) -> None:
    """What git-annex hasn't fetched is unreadable, and no mistake in the table."""
    (tmp_path / "a.wav").symlink_to(tmp_path / "annexed")
    (tmp_path / "clips.tsv").write_text("file\tword\na.wav\tgo\n")
    clips = read_clip_list(tmp_path)
    assert clips == [ListedClip(Path("a.wav"), "go", "")]
