"""A model folder appears whole or not at all."""

from pathlib import Path

import pytest
from kws_export.errors import ParityError, TargetError
from kws_export.staging import staged

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


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"can't write .*file.*folder you may write"),
        staged(tmp_path / "file/model"),
    ):
        pytest.fail("it was begun")
