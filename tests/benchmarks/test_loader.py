"""Making examples: what is timed and weighed is what it says."""

import json
from argparse import Namespace
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
from kws_train.cache import open_store
from kws_train.chain import Stage
from kws_train.corpus import find_recordings
from kws_train.datasets import RunDataset
from kws_train.examples import ExampleMaker
from kws_train.holdout import choose_splits
from kws_train.recipe import Chain, load_recipe

from benchmarks import common, training_texts
from benchmarks.loader import batches, speeds, training_speed, untrained, weigh
from benchmarks.loader_corpus import write_corpus


@pytest.fixture(scope="module")
def small() -> Chain:
    """The default recipe with small networks, in small batches."""
    chain = load_recipe("default")
    sizes = {"conv_dim": [16] * 5, "hidden_size": 32, "num_hidden_layers": 1}
    sizes |= {"intermediate_size": 64, "num_conv_pos_embedding_groups": 2}
    networks = {
        "compact": chain.networks["compact"] | sizes,
        "log_mel": {"kind": "log_mel", "widths": [8, 8, 8], "stem_channels": 4},
    }

    def in_small_batches(stage: Stage) -> Stage:
        return replace(stage, training=replace(stage.training, batch_size=16, bf16=False))

    return replace(chain, networks=networks, stages=tuple(map(in_small_batches, chain.stages)))


def examples_of(chain: Chain, folder: Path) -> RunDataset:
    """Those of the chain's last stage, but for rooms, out of a corpus of tones."""
    dry = replace(chain.last, augment=replace(chain.last.augment, room_share=0.0))
    corpora = write_corpus(folder / "corpus", chain.keywords, 120)
    found = find_recordings(corpora.data, corpora.speech, corpora.noise)
    store = open_store(choose_splits(found, dry), folder / "cache")
    assert set(store.faults) == {""}
    return RunDataset(ExampleMaker(store, dry, 17), 1, 64, normalize=False)


def test_batches_are_those_of_a_run(small: Chain, tmp_path: Path) -> None:
    """Whole ones of the recipe's size, as many as fit."""
    made = list(batches(examples_of(small, tmp_path), 16, 40))
    assert [tuple(b["input_values"].shape) for b in made] == [(16, 16_000)] * 2
    assert [tuple(b["mask_time_indices"].shape) for b in made] == [(16, 17)] * 2


def test_the_last_stage_is_timed(small: Chain, tmp_path: Path) -> None:
    """It has the frames of the network that an earlier stage started with, and hears its teachers."""
    network = untrained(small, small.last)
    assert network.frames == 17
    heard = []
    teacher = untrained(small, small.stages[0])
    teacher.model.register_forward_hook(lambda model, given, found: heard.append(len(given[0])))
    assert training_speed(examples_of(small, tmp_path), small.last, network, [teacher], 1) > 0
    assert heard == [16] * 3


def test_speeds_are_of_work_that_was_done(small: Chain, tmp_path: Path) -> None:
    """Rooms take longer; none of them is without end."""
    corpora = write_corpus(tmp_path / "corpus", small.keywords, 120)
    options = Namespace(examples=128, steps=1, rooms=2)
    made, in_rooms, trained = speeds(small, corpora, tmp_path / "cache", options)
    assert 10 < in_rooms < made < 100_000
    assert 0 < trained < 100_000


def test_the_index_grows_and_the_audio_is_not_in_it(tmp_path: Path) -> None:
    """Memory of its own, for a corpus whose audio alone is several times as large."""
    weighed = weigh(200, "default", tmp_path)
    assert weighed["clips"] == 200
    assert 32 <= weighed["audio_kb_per_clip"] < 100
    assert 0 < weighed["anonymous_mb"] < 200 * weighed["audio_kb_per_clip"] / 1000


def test_the_index_is_that_of_the_recipe(tmp_path: Path) -> None:
    """The words that are spotted are the recipe's, wherever it lies."""
    text = (resources.files("kws_train") / "recipes/default.toml").read_text()
    recipe = tmp_path / "mine.toml"
    recipe.write_text(text.replace('"go"]', '"go", "halt"]'))
    weighed = weigh(100, str(recipe), tmp_path / "made")
    assert weighed["clips"] == 100
    assert (tmp_path / "made/corpus/words/halt").is_dir()


def test_the_section_says_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whether it was kept."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    assert training_texts.loader(tmp_path).startswith("Not measured yet")
    index = {"clips": 1000, "anonymous_mb": 2.0, "audio_kb_per_clip": 35.0}
    figures = {
        "date": "2026-01-02T03:04:05+00:00",
        "commit": None,
        "machine": {"cores": 2, "cpu": "X"},
        "data": ["words", "more"],
        "recipe": "default",
        "stage": "words",
        "taught_by": ["teacher"],
        "room_share": 0.3,
        "batch_size": 64,
        "made_per_s": 1000.0,
        "made_in_rooms_per_s": 800.0,
        "trained_per_s": 400.0,
        "threads": 2,
        "index": [index, index | {"clips": 10_000, "anonymous_mb": 8.3}],
        "index_kb_per_clip": 0.7,
        "targets": {"ratio": 3.0},
    }
    (tmp_path / "loader.jsonl").write_text(json.dumps(figures) + "\n")
    text = training_texts.loader(tmp_path)
    assert (
        "Recipe `default`, stage `words`, taught by `teacher`, batches of 64, words, more:" in text
    )
    assert "| made on one core, 30 % in rooms | 1000 | 1.00 |" in text
    assert "2.0 MB with 1,000 clips, 8.3 MB with 10,000 clips" in text
    assert "made on one core, ÷ trained on ≥ 3 – **missed**, 2.5." in text
