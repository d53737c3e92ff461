"""A model folder appears whole or not at all."""

from pathlib import Path

import pytest
from kws_export.errors import ParityError, TargetError
from kws_export.staging import staged, writing

from kws_live.errors import OutputError


def fail_in(target: Path) -> None:
    """Begin a model and find that it differs."""
    with staged(target) as folder:
        (folder / "kws.json").write_text("new")
        raise ParityError("it differs")


def test_it_appears_at_the_end(tmp_path: Path) -> None:
    """Until then there is nothing under its name."""
    target = tmp_path / "models/new"
    with staged(target) as folder:
        (folder / "kws.json").write_text("{}")
        assert not target.exists()
    assert [path.name for path in target.iterdir()] == ["kws.json"]
    assert [path.name for path in target.parent.iterdir()] == ["new"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """Not even the folder it was made in."""
    with pytest.raises(ParityError):
        fail_in(tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_a_failure_leaves_the_older_model(tmp_path: Path) -> None:
    """As it was."""
    target = tmp_path / "model"
    target.mkdir()
    (target / "kws.json").write_text("old")
    with pytest.raises(ParityError):
        fail_in(target)
    assert (target / "kws.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A slip of the tongue must not cost anybody a home directory."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/one.txt").write_text("dear")
    with (
        pytest.raises(TargetError, match="letters exists and is no model folder"),
        staged(tmp_path / "letters"),
    ):
        pytest.fail("it was begun")
    assert (tmp_path / "letters/one.txt").read_text() == "dear"


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    """Somebody has made it for the model."""
    target = tmp_path / "model"
    target.mkdir()
    with staged(target) as folder:
        (folder / "kws.json").write_text("{}")
    assert (target / "kws.json").exists()


def test_the_current_folder_can_be_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.` has no name of its own."""
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path / "model")
    with staged(Path()) as folder:
        (folder / "kws.json").write_text("{}")
    assert (tmp_path / "model/kws.json").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_link_goes_on_leading_to_the_model(tmp_path: Path) -> None:
    """The folder that it leads to is replaced, not the link."""
    (tmp_path / "v1").mkdir()
    (tmp_path / "latest").symlink_to(tmp_path / "v1")
    with staged(tmp_path / "latest") as folder:
        (folder / "kws.json").write_text("{}")
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "v1/kws.json").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"v1", "latest"}


def test_errors_of_the_body_stay_what_they_are(tmp_path: Path) -> None:
    """A file that can't be read is no file that can't be written."""
    with pytest.raises(FileNotFoundError), staged(tmp_path / "model"):
        (tmp_path / "nowhere").read_bytes()
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_is_named() -> None:
    """With the file and what to do."""
    with (
        pytest.raises(OutputError, match=r"can't write /dev/full: No space left.*Free some"),
        writing(Path("/dev/full")),
    ):
        Path("/dev/full").write_text("x")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"can't write .*file.*folder you may write"),
        staged(tmp_path / "file/model"),
    ):
        pytest.fail("it was begun")
