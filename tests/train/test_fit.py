"""Training runs: what a run leaves behind, and that stopping and resuming changes nothing."""

import json
import logging
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from kws_train.chain import Chain
from kws_train.checkpoints import last_whole
from kws_train.errors import FlagError
from kws_train.evaluate import load_run, logits_of, stored_validation
from kws_train.fit import Corpora, fit
from kws_train.recipe import parse_recipe
from kws_train.stopping import StopOnSignal
from safetensors.torch import load_file

from kws_live.errors import ConfigError, InputError

from .conftest import tiny_document


class SignalAfterFirstEpoch(logging.Handler):
    """Does what a user does who presses Ctrl-C when the first epoch is done."""

    def emit(self, record: logging.LogRecord) -> None:
        """Raise SIGINT on the line that reports the epoch."""
        if record.getMessage().startswith("epoch 1 done"):
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def log_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="kws_train")


def final_weights(run: Path) -> dict[str, torch.Tensor]:
    """The weights after the last step, which need not be the best ones."""
    return load_file(run / "checkpoints" / "checkpoint-8" / "model.safetensors")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def whole_run(chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path) -> Path:
    assert fit(chain, corpora, tmp_path / "run", cache_dir=cache, workers=0) is None
    return tmp_path / "run"


def test_a_run_leaves_a_model_and_its_history(
    whole_run: Path, chain: Chain, corpora: Corpora
) -> None:
    """The run folder holds all that export and a repetition need."""
    model, recipe, normalize = load_run(whole_run)
    assert recipe == chain.last
    assert not normalize
    assert model.config.label2id == {"low": 0, "high": 1, "_unknown_": 2, "_silence_": 3}
    history = json.loads((whole_run / "history.json").read_text())
    assert [h["epoch"] for h in history] == [1, 2]
    manifest = json.loads((whole_run / "manifest.json").read_text())
    assert manifest["counts"]["low"] == {"training": 8, "validation": 3, "testing": 1}
    assert {c["reason"] for c in manifest["left_out"]} == {"silent", "cut"}
    assert set(manifest["versions"]) >= {"torch", "transformers", "python"}
    validation = np.load(whole_run / "validation.npz")
    assert validation["clips"].shape == (len(manifest["validation"]), 16_000)
    assert validation["clips"].dtype == np.int16
    calibration = np.load(whole_run / "calibration.npy")
    assert calibration.shape == (480, 16_000)
    assert calibration.dtype == np.int16


def test_a_resumed_run_ends_as_an_uninterrupted_one(
    whole_run: Path, chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Ctrl-C, then --resume with another number of workers: the last weights are the same bits."""
    run = tmp_path / "stopped"
    handler = SignalAfterFirstEpoch()
    logger = logging.getLogger("kws_train")
    logger.addHandler(handler)
    try:
        assert fit(chain, corpora, run, cache_dir=cache, workers=0) == signal.SIGINT
    finally:
        logger.removeHandler(handler)
    assert not (run / "checkpoints" / "checkpoint-8").exists()
    assert fit(chain, corpora, run, cache_dir=cache, resume=True, workers=1) is None
    manifest = json.loads((run / "manifest.json").read_text())
    assert [(r["stage"], r["from_step"]) for r in manifest["resumed"]] == [("only", 5)]
    expected, got = final_weights(whole_run), final_weights(run)
    assert all(torch.equal(expected[k], got[k]) for k in expected)
    assert (run / "history.json").read_text() == (whole_run / "history.json").read_text()


def test_a_run_folder_in_use_is_refused(
    whole_run: Path, chain: Chain, corpora: Corpora, cache: Path
) -> None:
    """A second run does not overwrite the first; the message says how to go on."""
    with pytest.raises(FlagError, match="holds a run already: continue it with --resume"):
        fit(chain, corpora, whole_run, cache_dir=cache)


def test_resuming_with_another_recipe_is_refused(
    whole_run: Path, chain: Chain, corpora: Corpora, cache: Path
) -> None:
    """A run is what its recipe says, from the first step to the last."""
    other = replace(chain, seed=4)
    with pytest.raises(FlagError, match="begun with another recipe"):
        fit(other, corpora, whole_run, cache_dir=cache, resume=True)


def test_resuming_nothing_is_refused(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """There must be a run to resume."""
    with pytest.raises(FlagError, match="holds no run"):
        fit(chain, corpora, tmp_path / "none", cache_dir=cache, resume=True)


def test_a_keyword_without_clips_is_named(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """The message names the word and what its folder needs."""
    with pytest.raises(InputError, match="no usable training clip of 'middle'"):
        fit(
            chain.with_keywords(("low", "middle")),
            corpora,
            tmp_path / "run",
            cache_dir=cache,
        )


def test_keywords_alone_are_refused(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Without other words a model would take every word for a keyword."""
    shutil.copytree(corpora.data[0], tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "other")
    with pytest.raises(InputError, match="no folder of other words"):
        fit(chain, Corpora([tmp_path / "data"]), tmp_path / "run", cache_dir=cache)


def test_a_fine_tuned_model_is_judged_on_what_it_was_trained_on(
    chain: Chain,
    corpora: Corpora,
    cache: Path,
    tmp_path: Path,
    checkpoint: Path,
) -> None:
    """The checkpoint normalises its input: so do training, validation and evaluation alike."""
    document = tiny_document()
    document["training"]["examples_per_epoch"] = 32
    recipe = parse_recipe(document)
    run = tmp_path / "run"
    fit(recipe, corpora, run, cache_dir=cache, init=str(checkpoint), workers=0)
    model, _, normalize = load_run(run)
    assert normalize
    windows = stored_validation(run)
    logits = torch.from_numpy(logits_of(model, windows.clips, normalize))
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(windows.labels))
    accuracy = float((logits.argmax(1).numpy() == windows.labels).mean())
    history = json.loads((run / "history.json").read_text())
    best = max(history, key=lambda epoch: epoch["accuracy"])
    calibration = json.loads((run / "metrics.json").read_text())["calibration"]
    assert accuracy == pytest.approx(best["accuracy"])
    assert calibration["nll_before"] == pytest.approx(best["loss"], abs=1e-3)
    assert calibration["nll_after"] == pytest.approx(float(loss), abs=1e-3)


def test_other_recordings_are_no_resumption(
    whole_run: Path, chain: Chain, corpora: Corpora, cache: Path
) -> None:
    """Half of a run on some clips and half on others would be neither."""
    with pytest.raises(FlagError, match="begun with other recordings"):
        fit(chain, Corpora(corpora.data), whole_run, cache_dir=cache, resume=True)


def test_a_folder_of_silence_is_told_where_it_belongs(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Clips that would silently be left out are refused with the right name for their folder."""
    shutil.copytree(corpora.data[0], tmp_path / "data")
    (tmp_path / "data" / "_background_noise_").rename(tmp_path / "data" / "_silence_")
    with pytest.raises(InputError, match=r"_silence_.*name it _background_noise_"):
        fit(chain, Corpora([tmp_path / "data"]), tmp_path / "run", cache_dir=cache)


def test_a_signal_in_a_worker_is_the_main_process_affair(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ctrl-C reaches every process of a run; one of them says so, and no other dies of it."""
    with StopOnSignal() as stop:
        child = os.fork()
        if child == 0:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            os._exit(0 if stop.stopped_by is None and not caplog.records else 1)
        signal.raise_signal(signal.SIGINT)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert [r.getMessage().split(",")[0] for r in caplog.records] == ["stopping after this step"]


def test_a_run_that_diverges_says_so_and_keeps_nothing_of_it(
    corpora: Corpora, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends at the first loss that is no number; what was kept before is whole, and is numbers."""
    monkeypatch.setattr("kws_train.checkpoints.CHECKPOINT_EVERY_S", 0.0)
    document = tiny_document()
    document["training"] |= {"learning_rate": 1e30, "ema_decay": 0.9}
    run = tmp_path / "run"
    with pytest.raises(ConfigError, match=r"stage 'only', epoch 1: .* lower .* than 1e\+30"):
        fit(parse_recipe(document), corpora, run, cache_dir=cache, workers=0)
    assert not (run / "finished.json").exists()
    assert not (run / "history.json").exists()
    checkpoint = last_whole(run)
    assert checkpoint is not None
    for name in ("model.safetensors", "averaged.safetensors"):
        assert all(torch.isfinite(value).all() for value in load_file(checkpoint / name).values())


def test_the_same_seed_gives_the_same_first_epoch(
    whole_run: Path, chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Another run, fed by a worker, has the same losses and accuracy; another seed has others."""
    runs = {}
    for name, recipe in (("same", chain), ("other", parse_recipe(tiny_document() | {"seed": 4}))):
        fit(recipe, corpora, tmp_path / name, cache_dir=cache, workers=1)
        runs[name] = json.loads((tmp_path / name / "history.json").read_text())[0]
    expected = json.loads((whole_run / "history.json").read_text())[0]
    assert runs["same"] == expected
    assert runs["other"]["loss"] != expected["loss"]


def test_tensorboard_is_given_the_curves(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Losses and validation accuracy of each stage are events in a folder of its name."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = tmp_path / "run"
    fit(chain, corpora, run, cache_dir=cache, workers=0, tensorboard=True)
    events = EventAccumulator(str(run / "tensorboard" / "only"))
    events.Reload()
    history = json.loads((run / "history.json").read_text())
    accuracy = [event.value for event in events.Scalars("eval/accuracy")]
    assert accuracy == pytest.approx([h["accuracy"] for h in history])
    assert [event.step for event in events.Scalars("train/loss")] == list(range(1, 9))


def test_tensorboard_that_is_missing_is_asked_for(
    chain: Chain, corpora: Corpora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flag alone needs it; the message names what to install."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard", raising=False)
    with pytest.raises(FlagError, match=r"pip install 'kws-live\[tensorboard\]'"):
        fit(chain, corpora, tmp_path / "run", cache_dir=tmp_path, tensorboard=True)
