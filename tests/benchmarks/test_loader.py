"""Making examples: what is timed and weighed is what it says."""

import json
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

import pytest
from kws_train.cache import open_store
from kws_train.corpus import find_recordings
from kws_train.examples import ExampleMaker
from kws_train.holdout import choose_splits
from kws_train.recipe import Chain, load_recipe

from benchmarks import common, training_texts
from benchmarks.loader import batches, speeds, weigh
from benchmarks.loader_corpus import write_corpus


@pytest.fixture(scope="module")
def small() -> Chain:
    """The default recipe with small networks, in small batches."""
    chain = load_recipe("default")
    sizes = {"conv_dim": [16] * 3, "hidden_size": 32, "num_hidden_layers": 1}
    sizes |= {"intermediate_size": 64, "num_conv_pos_embedding_groups": 2}
    stages = tuple(
        replace(stage, training=replace(stage.training, batch_size=16, bf16=False))
        for stage in chain.stages
    )
    networks = {name: network | sizes for name, network in chain.networks.items()}
    return replace(chain, networks=networks, stages=stages)


def test_batches_are_those_of_a_run(small: Chain, tmp_path: Path) -> None:
    """Whole ones of the recipe's size, as many as fit."""
    corpora = write_corpus(tmp_path / "corpus", small.keywords, 120)
    found = find_recordings(corpora.data, corpora.speech, corpora.noise)
    store = open_store(choose_splits(found, small.last), tmp_path / "cache")
    assert set(store.faults) == {""}
    made = list(batches(ExampleMaker(store, small.last, 18), small.last, 40))
    assert [tuple(b["input_values"].shape) for b in made] == [(16, 16_000)] * 2
    assert [tuple(b["mask_time_indices"].shape) for b in made] == [(16, 18)] * 2


def test_speeds_are_of_work_that_was_done(small: Chain, tmp_path: Path) -> None:
    """Rooms take longer; none of them is without end."""
    corpora = write_corpus(tmp_path / "corpus", small.keywords, 120)
    options = Namespace(examples=128, steps=1, rooms=2)
    made, in_rooms, trained = speeds(small, corpora, tmp_path / "cache", options)
    assert 10 < in_rooms < made < 100_000
    assert 1 < trained < 100_000


def test_the_index_grows_and_the_audio_is_not_in_it(tmp_path: Path) -> None:
    """Memory of its own, for a corpus whose audio alone is several times as large."""
    weighed = weigh(200, load_recipe("default").keywords, tmp_path)
    assert weighed["clips"] == 200
    assert 32 <= weighed["audio_kb_per_clip"] < 100
    assert 0 < weighed["anonymous_mb"] < 200 * weighed["audio_kb_per_clip"] / 1000


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
    assert "Recipe `default`, batches of 64, words, more:" in text
    assert "| made on one core | 1000 | 1.00 |" in text
    assert "2.0 MB with 1,000 clips, 8.3 MB with 10,000 clips" in text
    assert "made on one core, ÷ trained on ≥ 3 – **missed**, 2.5." in text
