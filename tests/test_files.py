"""Files are written whole or not at all, and never over what is read."""

import os
from pathlib import Path

import pytest

from kws_live.errors import OutputError
from kws_live.files import check_writable, refuse_over, replacing, write_text


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    """And nothing of its own."""
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail_halfway() -> None:
        with replacing(path) as waiting:
            waiting.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """With the name that the user gave."""
    with pytest.raises(OutputError, match="can't write /dev/full: No space left"):
        write_text(Path("/dev/full"), "text")
    assert Path("/dev/full").is_char_device()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it points to is replaced."""
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)
    write_text(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_missing_folder_is_found_before_the_work(tmp_path: Path) -> None:
    """And so is a folder in the place of the file."""
    with pytest.raises(OutputError, match="no folder"):
        check_writable(tmp_path / "missing" / "a.csv")
    with pytest.raises(OutputError, match="is a folder"):
        check_writable(tmp_path)
    check_writable(tmp_path / "a.csv")
    check_writable(Path("/dev/null"))


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    """Whatever way it is named."""
    path = tmp_path / "a.wav"
    path.touch()
    with pytest.raises(OutputError, match="would be destroyed"):
        refuse_over([tmp_path / "." / "a.wav"], [path])
    refuse_over([tmp_path / "b.wav"], [path])


def test_one_file_is_not_written_twice(tmp_path: Path) -> None:
    """The second would destroy the first; what is no file takes both."""
    with pytest.raises(OutputError, match="written twice"):
        refuse_over([tmp_path / "a.csv", tmp_path / "." / "a.csv"], [])
    refuse_over([Path("/dev/null"), Path("/dev/null")], [])


def test_a_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    """A file's name may be any bytes."""
    write_text(tmp_path / "a.csv", os.fsdecode(b"caf\xe9.wav"))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == r"caf\udce9.wav"
