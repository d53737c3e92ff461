"""Checkpoints: which are whole, and that a run survives what breaks one."""

import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from kws_train.chain import Chain
from kws_train.checkpoints import Checkpointing, last_whole, seal
from kws_train.fit import Corpora, fit
from kws_train.stopping import StopOnSignal
from safetensors.torch import load_file
from support.disk import disk_full_at
from transformers import TrainerControl

from kws_live.errors import OutputError


@pytest.fixture(autouse=True)
def log_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="kws_train")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint after each step."""
    monkeypatch.setattr("kws_train.checkpoints.CHECKPOINT_EVERY_S", 0.0)


def write_checkpoint(folder: Path, step: int, sealed: bool = True) -> Path:
    checkpoint = folder / "checkpoints" / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    (checkpoint / "trainer_state.json").write_text("{}")
    if sealed:
        seal(checkpoint)
    return checkpoint


def test_the_last_checkpoint_is_the_last_whole_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Steps are numbers; one that was cut off or damaged is named and removed, older ones stay."""
    assert last_whole(tmp_path) is None
    whole = [write_checkpoint(tmp_path, step) for step in (90, 100)]
    damaged, cut_off = write_checkpoint(tmp_path, 110), write_checkpoint(tmp_path, 120, False)
    (damaged / "model.safetensors").write_bytes(b"weighty")
    assert last_whole(tmp_path) == whole[1]
    assert [p.exists() for p in (*whole, damaged, cut_off)] == [True, True, False, False]
    assert "checkpoint-110 is damaged (model.safetensors)" in caplog.text
    assert "checkpoint-120 was not finished" in caplog.text


class AfterFirstEpoch(logging.Handler):
    """Does something when the first epoch is done."""

    def __init__(self, what: object) -> None:
        super().__init__()
        self._what = what

    def emit(self, record: logging.LogRecord) -> None:
        """Look for the line that reports the epoch."""
        if record.getMessage().startswith("epoch 1 done"):
            self._what()  # type: ignore[operator]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def whole_run(often: None, chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path) -> Path:
    assert fit(chain, corpora, tmp_path / "run", cache_dir=cache, workers=0) is None
    return tmp_path / "run"


def last_weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoints" / "checkpoint-8" / "model.safetensors")


def test_a_full_disk_leaves_the_last_good_checkpoint(
    whole_run: Path, chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """The disk fills up while a checkpoint is written; with space again, the run ends as any."""
    run = tmp_path / "full"
    # Room for the weights, but not for the optimiser's state, which is twice as large.
    filling = disk_full_at(round(1.5 * (whole_run / "model.safetensors").stat().st_size))
    handler = AfterFirstEpoch(filling.__enter__)
    logger = logging.getLogger("kws_train")
    logger.addHandler(handler)
    try:
        with pytest.raises(OutputError, match="If the disk is full, free some space"):
            fit(chain, corpora, run, cache_dir=cache, workers=0)
    finally:
        logger.removeHandler(handler)
        filling.__exit__(None, None, None)
    left = sorted(p.name for p in (run / "checkpoints").iterdir())
    assert left == ["checkpoint-2", "checkpoint-3"]
    assert last_whole(run) == run / "checkpoints" / "checkpoint-3"
    assert fit(chain, corpora, run, cache_dir=cache, resume=True, workers=0) is None
    expected, got = last_weights(whole_run), last_weights(run)
    assert all(torch.equal(expected[k], got[k]) for k in expected)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(
    whole_run: Path,
    chain: Chain,
    corpora: Corpora,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Bits flipped in the newest one: the log says so, and the run ends with the same weights."""
    expected = last_weights(whole_run)
    (whole_run / "finished.json").unlink()
    file = whole_run / "checkpoints" / "checkpoint-8" / "optimizer.pt"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert fit(chain, corpora, whole_run, cache_dir=cache, resume=True, workers=0) is None
    assert "checkpoint-8 is damaged (optimizer.pt): removed, going on from the one before" in (
        caplog.text
    )
    assert "resuming at step 7 of 8" in caplog.text
    got = last_weights(whole_run)
    assert all(torch.equal(expected[k], got[k]) for k in expected)


def test_two_checkpoints_are_kept(whole_run: Path) -> None:
    """With one after each step, those of the last two remain."""
    kept = sorted(p.name for p in (whole_run / "checkpoints").iterdir())
    assert kept == ["checkpoint-7", "checkpoint-8"]


def test_a_checkpoint_is_due_in_less_than_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the clock, not by epochs: a slow machine loses no more than a fast one."""
    clock = SimpleNamespace(now_s=0.0, monotonic=lambda: clock.now_s)
    monkeypatch.setattr("kws_train.checkpoints.time", clock)
    checkpointing, control = Checkpointing(StopOnSignal()), TrainerControl()
    checkpointing.on_train_begin(None, None, control)  # type: ignore[arg-type]
    due = []
    for now_s in (60.0, 300.0, 500.0):
        clock.now_s = now_s
        checkpointing.on_step_end(None, None, control)  # type: ignore[arg-type]
        due.append(control.should_save)
    assert due == [False, False, True]
    assert not control.should_training_stop
