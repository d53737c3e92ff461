"""Audacity label tracks, as Audacity writes them and as people mistype them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.errors import InputError, OutputError
from kws_live.eval.tracks import Label, read_track, write_track


def track(folder: Path, text: str) -> Path:
    path = folder / "track.txt"
    path.write_bytes(text.encode())
    return path


def test_a_line_is_a_start_an_end_and_a_word(tmp_path: Path) -> None:
    """Times are seconds, the rest of the line is the label."""
    labels = read_track(track(tmp_path, "1.000000\t1.500000\tyes\n"))
    assert labels == [Label(1.0, 1.5, "yes")]


def test_labels_come_ordered_by_start(tmp_path: Path) -> None:
    """The file's own order does not matter."""
    labels = read_track(track(tmp_path, "3\t4\tno\n1\t2\tyes\n"))
    assert [label.text for label in labels] == ["yes", "no"]


@pytest.mark.parametrize("text", ["?no", "? no"])
def test_a_question_mark_makes_a_label_uncertain(tmp_path: Path, text: str) -> None:
    """`?no` is the word no, perhaps; a space between them changes nothing."""
    (label,) = read_track(track(tmp_path, f"1\t2\t{text}\n"))
    assert label.uncertain
    assert label.word == "no"


def test_a_plain_label_is_certain(tmp_path: Path) -> None:
    """`no` is the word no."""
    (label,) = read_track(track(tmp_path, "1\t2\tno\n"))
    assert not label.uncertain
    assert label.word == "no"


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_are_accepted(tmp_path: Path) -> None:
    """Tracks come from any platform."""
    labels = read_track(track(tmp_path, "\ufeff1\t2\tyes\r\n\r\n3\t4\tno\r\n"))
    assert labels == [Label(1.0, 2.0, "yes"), Label(3.0, 4.0, "no")]


def test_the_frequency_range_below_a_label_is_skipped(tmp_path: Path) -> None:
    """Audacity adds such a line when the label was made in a spectral selection."""
    labels = read_track(track(tmp_path, "1\t2\tyes\n\\\t300.000000\t3000.000000\n"))
    assert labels == [Label(1.0, 2.0, "yes")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("1 2 yes", "1 fields"),
        ("1\t2", "2 fields"),
        ("one\t2\tyes", "'one' is not a time"),
        ("1\tnan\tyes", "'nan' is not a time"),
        ("-1\t2\tyes", "'-1' is not a time"),
        ("2\t1\tyes", "the end 1 is before the start 2"),
        ("1\t2\t ", "the word is missing"),
        ("1\t2\t?", "the word is missing"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path: Path, line: str, problem: str) -> None:
    """The message says where, what, and what a label looks like."""
    with pytest.raises(InputError) as error:
        read_track(track(tmp_path, f"0\t1\tyes\n\n{line}\n"))
    assert "line 3" in str(error.value)
    assert problem in str(error.value)
    assert "start<TAB>end<TAB>word" in str(error.value)


def test_a_missing_track_is_an_input_error(tmp_path: Path) -> None:
    """The message names the path."""
    with pytest.raises(InputError, match=r"nowhere\.txt"):
        read_track(tmp_path / "nowhere.txt")


def test_a_track_that_is_not_text_is_an_input_error(tmp_path: Path) -> None:
    """As when the recording is given in place of its track."""
    path = tmp_path / "track.txt"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match="not UTF-8"):
        read_track(path)


def test_a_track_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    """A folder that is not there, for one."""
    with pytest.raises(OutputError, match="missing"):
        write_track(tmp_path / "missing" / "track.txt", [])


TIMES_S = st.integers(0, 10**11).map(lambda microseconds: microseconds / 1e6)
WORDS = st.from_regex(r"\??[a-z_][a-z_ ]{0,8}[a-z_]", fullmatch=True)


@given(st.lists(st.tuples(TIMES_S, TIMES_S, WORDS), max_size=20))
def test_what_was_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, raw: list[tuple[float, float, str]]
) -> None:
    """To the microsecond, in order."""
    labels = [Label(min(a, b), max(a, b), text) for a, b, text in raw]
    path = tmp_path_factory.mktemp("track") / "track.txt"
    write_track(path, labels)
    assert read_track(path) == sorted(labels, key=lambda x: (x.start_s, x.end_s, x.text))
