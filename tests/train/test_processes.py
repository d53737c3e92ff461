"""Several processes share one run, as torchrun starts them."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from accelerate import PartialState
from kws_train.chain import Chain, NetworkKind
from kws_train.checkpoints import step_of
from kws_train.errors import FlagError
from kws_train.evaluate import stored_validation
from kws_train.fit import Corpora, fit
from kws_train.networks import load_network
from kws_train.recipe import parse_recipe
from kws_train.run_folder import write_recipe
from kws_train.trainer import batch_of_a_pass
from kws_train.windows import to_float
from safetensors.torch import load_file

from .conftest import tiny_document


def exact() -> Chain:
    """The tiny recipe without dropout, which would depend on who draws it, and in fp32."""
    document = tiny_document()
    kinds = ("hidden", "attention", "activation", "feat_proj")
    document["networks"]["tiny"] |= {f"{kind}_dropout": 0.0 for kind in kinds}
    document["training"] |= {"ema_decay": 0.9, "head_only_epochs": 1}
    return parse_recipe(document)


def start(chain: Chain, corpora: Corpora, folder: Path, *more: str) -> subprocess.Popen[str]:
    """`kws-train fit` in two processes."""
    write_recipe(folder, chain)
    command = ["-m", "kws_train", "fit", "--recipe", folder / "recipe.toml"]
    folders = ["--out", folder / "run", "--cache", folder / "cache"]
    options = ["--data", corpora.data[0], "--speech", corpora.speech[0], "--workers", "0", *more]
    return launch(*command, *folders, *options)


def launch(*command: str | Path) -> subprocess.Popen[str]:
    """Two processes of a Python program, as torchrun starts them."""
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    return subprocess.Popen(
        [sys.executable, *launcher, *command],
        env=os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def losses(run: Path) -> list[float]:
    state = json.loads((run / "checkpoints" / "checkpoint-8" / "trainer_state.json").read_text())
    return [entry["loss"] for entry in state["log_history"] if "loss" in entry]


def test_two_processes_do_what_one_does(corpora: Corpora, tmp_path: Path) -> None:
    """Each step sees the same batch, in halves: losses, validation and weights agree."""
    chain, alone, shared = exact(), tmp_path / "alone", tmp_path / "shared"
    shared.mkdir()
    process = start(chain, corpora, shared)
    assert fit(chain, corpora, alone, cache_dir=tmp_path / "cache", workers=0) is None
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert out.count("validation: accuracy") == 1
    assert err.count("epoch 2 done") == 1
    expected, got = losses(alone), losses(shared / "run")
    assert len(expected) == 8
    assert got == pytest.approx(expected, rel=1e-4)
    a, b = (json.loads((run / "history.json").read_text()) for run in (alone, shared / "run"))
    assert [e["loss"] for e in b] == pytest.approx([e["loss"] for e in a], rel=1e-3)
    for name in ("model.safetensors", "averaged.safetensors"):
        one, two = (
            load_file(run / "checkpoints" / "checkpoint-8" / name)
            for run in (alone, shared / "run")
        )
        assert all(torch.allclose(one[k].float(), two[k].float(), atol=2e-3) for k in one)


def test_gradients_gathered_in_passes_are_those_of_the_batch(
    corpora: Corpora, tmp_path: Path
) -> None:
    """Four passes of four examples are one step of sixteen."""
    document = tiny_document()
    chain = exact()
    passes = parse_recipe(
        document
        | {
            "networks": {"tiny": chain.networks["tiny"]},
            "training": document["training"]
            | {"ema_decay": 0.9, "head_only_epochs": 1, "gradient_accumulation_steps": 4},
        }
    )
    for name, recipe in (("whole", chain), ("passes", passes)):
        fit(recipe, corpora, tmp_path / name, cache_dir=tmp_path / "cache", workers=0)
    assert losses(tmp_path / "passes") == pytest.approx(losses(tmp_path / "whole"), rel=1e-4)


def test_running_means_are_those_of_the_network_that_is_kept(
    corpora: Corpora, tmp_path: Path
) -> None:
    """Each process has its own of its share; validation is by the first one's, which are kept."""
    document = tiny_document()
    document["networks"]["teacher"] = {"kind": "log_mel", "widths": [8, 12]}
    # Batches so small that both processes judge some.
    document["training"] |= {"epochs": 1, "ema_decay": 0.9, "batch_size": 4}
    document["stages"] = [
        {"name": "teach", "network": "teacher"},
        {"name": "learn", "network": "tiny", "taught_by": ["teach"]},
    ]
    chain = parse_recipe(document)
    process = start(chain, corpora, tmp_path)
    _, err = process.communicate()
    assert process.returncode == 0, err
    folder = tmp_path / "run" / "stages" / "teach"
    model = load_network(folder, NetworkKind.LOG_MEL, chain.labels).model.eval()
    windows = stored_validation(tmp_path / "run")
    with torch.no_grad():
        logits = model(torch.from_numpy(to_float(windows.clips))).logits
    loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(windows.labels))
    (epoch,) = json.loads((folder / "history.json").read_text())
    assert epoch["loss"] == pytest.approx(float(loss), rel=1e-5)


class AfterFirstEpoch(logging.Handler):
    """Does what a user does who presses Ctrl-C when an epoch is done."""

    def emit(self, record: logging.LogRecord) -> None:
        """Look for the line that reports an epoch."""
        if " done: validation" in record.getMessage():
            signal.raise_signal(signal.SIGINT)


def test_a_signal_stops_all_processes_at_one_step(
    corpora: Corpora, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SIGTERM to them and their workers leaves one whole checkpoint, from which one process can go on."""
    document = tiny_document()
    document["training"] |= {"epochs": 400}
    chain, run = parse_recipe(document), tmp_path / "run"
    process = start(chain, corpora, tmp_path, "--workers", "1")
    history = run / "history.json"
    deadline_s = time.monotonic() + 120
    while not history.is_file():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline_s
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "stopped; the same command with --resume goes on" in err
    (checkpoint,) = (run / "checkpoints").iterdir()
    assert {"sealed.json", "rng_state_0.pth", "rng_state_1.pth"} <= {
        p.name for p in checkpoint.iterdir()
    }
    caplog.set_level(logging.INFO, logger="kws_train")
    logger, handler = logging.getLogger("kws_train"), AfterFirstEpoch()
    logger.addHandler(handler)
    try:
        stopped_by = fit(chain, corpora, run, cache_dir=tmp_path / "cache", resume=True, workers=0)
    finally:
        logger.removeHandler(handler)
    assert stopped_by == signal.SIGINT
    assert f"resuming at step {step_of(checkpoint)} of 1600" in caplog.text
    assert "written by 2 processes, and 1 go on: dropout is drawn anew" in caplog.text


def test_a_signal_to_one_process_after_its_last_step_stops_all(
    corpora: Corpora, tmp_path: Path
) -> None:
    """Neither begins the next stage and waits there for the other."""
    document = tiny_document()
    document["stages"].append({"name": "second", "starts_from": "only"})
    write_recipe(tmp_path, parse_recipe(document))
    program = Path(__file__).with_name("late_signal.py")
    process = launch(program, corpora.data[0], corpora.speech[0], tmp_path)
    try:
        out, err = process.communicate(timeout=120)
    finally:
        process.terminate()  # torchrun ends the others
    assert process.returncode == 0, err
    assert out.count(f"stopped by {signal.SIGTERM:d}") == 2
    assert (tmp_path / "run" / "stages" / "only" / "finished.json").is_file()
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_batch_that_cannot_be_shared_is_refused(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes take 8 of 16 examples each; three cannot take as many each."""
    monkeypatch.setattr(PartialState(), "num_processes", 2)
    assert batch_of_a_pass(chain.last) == 8
    monkeypatch.setattr(PartialState(), "num_processes", 3)
    with pytest.raises(
        FlagError, match=r"in 1 passes cannot be shared by 3 processes; .* divides 16"
    ):
        batch_of_a_pass(chain.last)
