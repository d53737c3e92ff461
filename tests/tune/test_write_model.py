"""A copy of a model with another operating point."""

from pathlib import Path
from typing import Any

import pytest
from support.tiny_model import make_tiny_model

from kws_live.errors import OutputError
from kws_live.model import Classifier, load_model_folder
from kws_live.tune.write_model import copy_model, with_point

OWN = {"threshold": 0.91234, "release": 0.4, "refractory_s": 0.5}
COUNTS = {"words": 5, "misses": 1, "false_accepts": 2, "negative_hours": 3.0}
POINT: dict[str, Any] = {
    "gate": {"mode": 1, "onset_s": 0.06, "hangover_s": 0.6, "preroll_s": 0.3},
    "decoder": {"smoothing_s": 0.2, "hold_s": 0.4},
    "keywords": {"yes": OWN, "no": OWN},
    "measured": {"data": "mine", "keywords": {"yes": COUNTS, "no": COUNTS}},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that guesses."""
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


def test_the_copy_runs_with_the_new_point(model: Path, tmp_path: Path) -> None:
    """It passes its self-test, and the model itself is as it was."""
    before = (model / "kws.json").read_bytes()
    copy_model(load_model_folder(model), tmp_path / "copy", POINT)
    copied = load_model_folder(tmp_path / "copy")
    assert copied.operating_point["keywords"]["yes"] == OWN
    assert Classifier(copied).runtime == copied.runtimes[0]
    assert (model / "kws.json").read_bytes() == before
    assert {path.name for path in model.iterdir()} == {path.name for path in copied.path.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]


def test_the_card_tells_of_the_new_point(model: Path, tmp_path: Path) -> None:
    """In the place of the old one."""
    copy_model(load_model_folder(model), tmp_path / "copy", POINT)
    card = (tmp_path / "copy" / "README.md").read_text()
    assert card.count("## Operating point") == 1
    assert (
        "| yes | 0.91234 | 0.4 | 0.5 s | 1 of 5 (1 – 72 %) | 2 in 3.00 h (0.08 – 2.4 an hour) |"
        in card
    )
    assert "- data: mine" in card
    assert "## Limits" in card


def test_a_card_without_such_a_section_gets_one() -> None:
    """At its end."""
    assert with_point("# mine\n", POINT).startswith("# mine\n\n## Operating point\n")


def test_a_folder_that_is_there_is_left_alone(model: Path, tmp_path: Path) -> None:
    """Whatever is in it."""
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "letter").touch()
    with pytest.raises(OutputError, match="is there already"):
        copy_model(load_model_folder(model), tmp_path / "copy", POINT)


def test_a_place_that_cannot_be_written_is_told(model: Path, tmp_path: Path) -> None:
    """Nothing is left behind."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="can't write"):
        copy_model(load_model_folder(model), tmp_path / "file" / "copy", POINT)
