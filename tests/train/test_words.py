"""Choosing words: `--keywords`, and folders of one's own."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from click.testing import CliRunner
from kws_train.cli import main
from kws_train.errors import FlagError
from kws_train.fit import Corpora
from kws_train.recipe import Chain, load_recipe
from kws_train.run_folder import write_recipe
from kws_train.words import keywords_from

from .conftest import tone_clip


def test_keywords_come_in_the_order_given() -> None:
    """Spaces around the commas are no part of a word, those inside are."""
    assert keywords_from("stop, go,hey you") == ("stop", "go", "hey you")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("go,go", r"--keywords: \['go', 'go'\]: name each word once"),
        ("go,", "'' can't be spotted"),
        ("", "'' can't be spotted"),
        ("_silence_", "'_silence_' can't be spotted; name the folder of a word's clips"),
    ],
)
def test_a_wrong_choice_is_named(text: str, message: str) -> None:
    """As in a recipe, and as a wrong flag."""
    with pytest.raises(FlagError, match=message):
        keywords_from(text)


def fit(recipe: Path, out: Path, *arguments: str) -> str:
    """Run `kws-train fit`, and return what it said."""
    always = ["--recipe", str(recipe), "--out", str(out), "--cache", str(out.parent / "cache")]
    result = CliRunner().invoke(main, ["fit", *always, "--workers", "0", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture
def recipe(chain: Chain, tmp_path: Path) -> Path:
    """The tiny recipe as a file."""
    write_recipe(tmp_path, chain)
    return tmp_path / "recipe.toml"


def test_keywords_pick_classes_out_of_a_folder_of_words(
    recipe: Path, corpora: Corpora, tmp_path: Path
) -> None:
    """They take the recipe's place; its words are unknown now. The run's own recipe says so."""
    fit(recipe, tmp_path / "run", "--keywords", "other", "--data", str(corpora.data[0]))
    assert load_recipe(str(tmp_path / "run" / "recipe.toml")).keywords == ("other",)
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert list(config["id2label"].values()) == ["other", "_unknown_", "_silence_"]
    counts = json.loads((tmp_path / "run" / "manifest.json").read_text())["counts"]
    assert counts["other"]["training"] == 8
    assert counts["_unknown_"]["training"] == 16


def test_a_folder_of_ones_own_is_enough(
    recipe: Path, corpora: Corpora, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """`computer/*.wav` without any speaker, beside a corpus of other words: it trains, and warns."""
    rng = np.random.default_rng(2)
    (tmp_path / "mine" / "computer").mkdir(parents=True)
    for n in range(10):
        sf.write(tmp_path / "mine" / "computer" / f"{n}.wav", tone_clip(1500, rng), 16_000)
    shutil.copyfile(
        tmp_path / "mine" / "computer" / "0.wav", tmp_path / "mine" / "computer" / "copy.wav"
    )
    data = ["--data", str(tmp_path / "mine"), "--data", str(corpora.data[0])]
    fit(recipe, tmp_path / "run", "--keywords", "computer", *data)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert set(manifest["counts"]["computer"]) >= {"training", "validation"}
    assert sum(manifest["counts"]["computer"].values()) == 10
    assert manifest["left_out_counts"]["duplicate"] == 1
    assert manifest["speakers_known_by"]["file"] == 11
    assert "nothing tells who speaks in 11 clips: computer (11)" in caplog.text
    assert (tmp_path / "run" / "model.safetensors").is_file()
