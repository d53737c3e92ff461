"""Recipes and their mistakes."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kws_train.cli import main
from kws_train.recipe import load_recipe, parse_recipe

from kws_live.errors import ConfigError

from .conftest import tiny_document


@pytest.mark.parametrize("name", ["default", "finish", "wav2vec2-base"])
def test_built_in_recipes_name_twelve_labels_in_order(name: str) -> None:
    """All recipes have the ten command words, then unknown, then silence."""
    assert load_recipe(name).labels == (
        *("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"),
        *("_unknown_", "_silence_"),
    )


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("training", "epoch", 3, r"\[training\] epoch: unknown key. Did you mean 'epochs'"),
        ("training", "epochs", 0, r"\[training\] epochs = 0: must be 1 or more"),
        ("training", "learning_rate", -1.0, r"learning_rate = -1.0: must be above 0"),
        ("mix", "unknown", 1.5, r"\[mix\] unknown = 1.5: a share lies between 0 and 1"),
        ("mix", "speech_crops", 0.9, r"speech_crops \+ fragments = 1.12"),
        ("augment", "snr_db_range", [9, 1], r"the lower value comes first"),
        (None, "keywords", ["a", "a"], r"name each word once"),
        (None, "keywords", "yes", r"keywords = 'yes': must be a list of texts"),
        (None, "keywords", ["_silence_"], r"keywords: '_silence_' can't be spotted"),
        (None, "model", 3, r"model = 3: must be a table"),
        (None, "training", 3, r"training = 3: must be a table"),
        ("training", "epochs", "3", r"\[training\] epochs = '3': must be a whole number"),
        ("training", "epochs", True, r"\[training\] epochs = True: must be a whole number"),
        ("training", "bf16", 1, r"\[training\] bf16 = 1: must be true or false"),
        ("training", "learning_rate", float("nan"), r"learning_rate = nan: must be a number"),
        ("training", "examples_per_epoch", 15, r"examples_per_epoch = 15: must be batch_size = 16"),
        ("augment", "speed_range", [0, 1], r"speed_range = \[0.0, 1.0\]: speeds lie above 0"),
        ("augment", "speed_range", [1], r"speed_range = \[1\]: must be a list of two numbers"),
        (None, "seed", -1, r"seed = -1: must be 0 or more"),
        (None, "schema", 2, r"schema = 2, but this version reads schema = 1"),
        (None, "sed", 1, r"sed: unknown key. Did you mean 'seed'"),
    ],
)
def test_a_wrong_value_is_named(section: str | None, key: str, value: Any, message: str) -> None:
    """The message names the place, the value and what is expected."""
    document = tiny_document()
    (document if section is None else document.setdefault(section, {}))[key] = value
    with pytest.raises(ConfigError, match=message):
        parse_recipe(document)


def test_a_missing_value_is_named() -> None:
    """A recipe without epochs says so."""
    document = tiny_document()
    del document["training"]["epochs"]
    with pytest.raises(ConfigError, match=r"\[training\] epochs is missing"):
        parse_recipe(document)


def test_whole_numbers_may_stand_for_any(tmp_path: Path) -> None:
    """`learning_rate = 1` is a number like 1.0, and means the same recipe."""
    document = tiny_document()
    document["training"]["learning_rate"] = 1
    rate = parse_recipe(document).training.learning_rate
    assert rate == 1.0
    assert isinstance(rate, float)


def fit_with(recipe: str) -> Any:
    """`kws-train fit` with a recipe and a folder that is never reached."""
    return CliRunner().invoke(main, ["fit", "--recipe", recipe, "--data", "x", "--out", "y"])


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    """A wrong name ends as a wrong configuration and tells the right ones."""
    result = fit_with("defautl")
    assert result.exit_code == 78
    assert "Built in are default, finish, wav2vec2-base" in result.output


def test_a_recipe_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    """The parser's complaint comes with the file's name."""
    path = tmp_path / "mine.toml"
    path.write_text("schema = = 1")
    result = fit_with(str(path))
    assert result.exit_code == 78
    assert "mine.toml" in result.output


def test_a_missing_recipe_file_is_missing_input(tmp_path: Path) -> None:
    """A path that does not exist ends as missing input."""
    result = fit_with(str(tmp_path / "none.toml"))
    assert result.exit_code == 66
    assert "no such file" in result.output
