"""Chains of stages: teacher, student and a second training, as one run."""

import json
import logging
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from kws_train.averaging import AveragedWeights
from kws_train.chain import Chain, NetworkKind
from kws_train.evaluate import load_run, logits_of, stored_validation
from kws_train.fit import Corpora, fit
from kws_train.log_mel import LogMelClassifier
from kws_train.networks import Network, Teachers, load_network, start_network
from kws_train.objectives import Words
from kws_train.recipe import parse_recipe
from kws_train.spectrum import SpectrumLearner
from safetensors.torch import load_file
from torch.nn import functional as F

from kws_live.errors import ConfigError, InputError

from .conftest import tiny_document


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def log_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="kws_train")


@pytest.fixture
def four_stages() -> Chain:
    """A teacher, a student that hears first, averaged weights, and a second training of it."""
    document = tiny_document()
    document["networks"]["teacher"] = {"kind": "log_mel", "widths": [8, 12]}
    document["training"] |= {"epochs": 1, "ema_decay": 0.9}
    document["stages"] = [
        {"name": "teach", "network": "teacher"},
        {"name": "hear", "network": "tiny", "learns": "log_mel"},
        {
            "name": "learn",
            "starts_from": "hear",
            "taught_by": ["teach"],
            "training": {"epochs": 2},
        },
        {"name": "finish", "starts_from": "learn", "taught_by": ["teach", "learn"]},
    ]
    return parse_recipe(document)


class SignalAt(logging.Handler):
    """Does what a user does who presses Ctrl-C when a line of the log comes the nth time."""

    def __init__(self, line: str, nth: int) -> None:
        super().__init__()
        self._line, self._left = line, nth

    def emit(self, record: logging.LogRecord) -> None:
        """Raise SIGINT on the nth such line."""
        if record.getMessage().startswith(self._line):
            self._left -= 1
            if self._left == 0:
                signal.raise_signal(signal.SIGINT)


def test_a_chain_is_one_run_that_resumes_in_any_stage(
    four_stages: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Stopped in its third stage and resumed, it ends with the very same model in each folder."""
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    assert fit(four_stages, corpora, whole, cache_dir=cache, workers=0) is None
    handler = SignalAt("epoch 1 done", 3)
    logger = logging.getLogger("kws_train")
    logger.addHandler(handler)
    try:
        assert fit(four_stages, corpora, stopped, cache_dir=cache, workers=0) == signal.SIGINT
    finally:
        logger.removeHandler(handler)
    assert (stopped / "stages" / "teach" / "finished.json").is_file()
    assert not (stopped / "stages" / "learn" / "finished.json").exists()
    assert not (stopped / "model.safetensors").exists()
    teacher = (stopped / "stages" / "teach" / "model.safetensors").stat().st_mtime_ns
    assert fit(four_stages, corpora, stopped, cache_dir=cache, resume=True, workers=0) is None
    assert (stopped / "stages" / "teach" / "model.safetensors").stat().st_mtime_ns == teacher
    resumed = json.loads((stopped / "manifest.json").read_text())["resumed"]
    assert [(r["stage"], r["from_step"]) for r in resumed] == [("learn", 5)]
    for folder in ("stages/teach", "stages/hear", "stages/learn", "."):
        for name in ("model.safetensors", "history.json"):
            assert (whole / folder / name).read_bytes() == (stopped / folder / name).read_bytes()
    model, recipe, _ = load_run(whole)
    assert recipe == four_stages.last
    assert model.config.label2id["_silence_"] == 3


def test_a_finished_run_has_nothing_to_resume(
    four_stages: Chain,
    corpora: Corpora,
    cache: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Every stage is skipped, and no weight changes."""
    run = tmp_path / "run"
    fit(four_stages, corpora, run, cache_dir=cache, workers=0)
    before = (run / "model.safetensors").stat().st_mtime_ns
    assert fit(four_stages, corpora, run, cache_dir=cache, resume=True, workers=0) is None
    assert (run / "model.safetensors").stat().st_mtime_ns == before
    assert "stage finish is finished" in caplog.text


def test_a_mistake_in_a_later_network_shows_before_anything_is_trained(
    four_stages: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """Hours of training a teacher do not end with a complaint about the student."""
    four_stages.networks["tiny"]["conv_stride"] = [80]
    with pytest.raises(ConfigError, match=r"\[networks\.tiny\]"):
        fit(four_stages, corpora, tmp_path / "run", cache_dir=cache)
    assert not (tmp_path / "run").exists()


def test_the_loss_is_shared_by_labels_and_teachers() -> None:
    """(1 − w) · cross entropy + w · T² · KL(mean teacher at T, student at T)."""
    document = tiny_document()
    document["networks"]["teacher"] = {"kind": "log_mel", "widths": [8, 12]}
    document["training"]["label_smoothing"] = 0.1
    learn = {"name": "learn", "network": "tiny", "taught_by": ["a", "b"]}
    document["stages"] = [
        {"name": "a", "network": "teacher"},
        {"name": "b", "network": "teacher"},
        learn | {"distillation": {"weight": 0.3, "temperature": 3.0}},
    ]
    chain = parse_recipe(document)
    networks = [start_network(chain, stage, {}) for stage in chain.stages]
    teachers, student = [n.model.eval() for n in networks[:2]], networks[2].model.eval()
    words = Words(chain.last, Teachers(networks[:2], torch.device("cpu")))
    x = 0.1 * torch.randn(5, 16_000, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([0, 1, 2, 3, 0])
    with torch.no_grad():
        got, _ = words.loss(student, {"input_values": x, "labels": y})
        logits = student(x).logits
        taught = sum(torch.softmax(t(x).logits / 3.0, -1) for t in teachers) / 2
        learnt = torch.log_softmax(logits / 3.0, -1)
        distance = (taught * (taught.log() - learnt)).sum(-1).mean()
        expected = 0.7 * F.cross_entropy(logits, y, label_smoothing=0.1) + 0.3 * 9.0 * distance
    assert float(got) == pytest.approx(float(expected), rel=1e-5)


def test_a_teacher_hears_windows_as_it_is_used_to(four_stages: Chain) -> None:
    """One that normalises its input does so for itself; level means nothing to it then."""
    plain = start_network(four_stages, four_stages.stages[0], {})

    class Normalising(Network):
        normalize = True

    x = 0.01 * torch.randn(2, 16_000, generator=torch.Generator().manual_seed(0))
    here = torch.device("cpu")
    loud, quiet = (
        Teachers([Normalising(plain.model, plain.extractor)], here).posteriors(w, 1.0)
        for w in (10 * x, x)
    )
    assert torch.allclose(loud, quiet, atol=1e-4)
    loud, quiet = (Teachers([plain], here).posteriors(w, 1.0) for w in (10 * x, x))
    assert not torch.allclose(loud, quiet, atol=1e-4)


def test_a_log_mel_network_comes_back_as_it_was_saved(four_stages: Chain, tmp_path: Path) -> None:
    """Weights, running means and settings survive; loud and quiet speech differ in its features."""
    network = start_network(four_stages, four_stages.stages[0], {})
    assert isinstance(network.model, LogMelClassifier)
    x = 0.1 * torch.randn(2, 16_000)
    network.model(x)  # moves the running means
    network.save(tmp_path)
    again = load_network(tmp_path, NetworkKind.LOG_MEL, four_stages.labels).model.eval()
    with torch.no_grad():
        logits = network.model.eval()(x).logits
        assert logits.shape == (2, 4)
        assert torch.equal(again(x).logits, logits)


def test_averaged_weights_are_judged_and_kept(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """The kept model is the average in the checkpoint, and gives the accuracy of the history."""
    document = tiny_document()
    document["training"] |= {"ema_decay": 0.9, "epochs": 1}
    run = tmp_path / "run"
    fit(parse_recipe(document), corpora, run, cache_dir=cache, workers=0)
    kept = load_file(run / "model.safetensors")
    checkpoint = run / "checkpoints" / "checkpoint-4"
    raw = load_file(checkpoint / "model.safetensors")
    averaged = load_file(checkpoint / "averaged.safetensors")
    metrics = json.loads((run / "metrics.json").read_text())
    temperature = metrics["calibration"]["temperature"]
    for name, value in kept.items():
        cooled = name.startswith("classifier.")
        expected = averaged[f"module.{name}"] / (temperature if cooled else 1.0)
        torch.testing.assert_close(value, expected, rtol=1e-3 if cooled else 0.0, atol=0.0)
    assert not torch.equal(raw["classifier.weight"], kept["classifier.weight"])
    model, _, normalize = load_run(run)
    windows = stored_validation(run)
    logits = logits_of(model, windows.clips, normalize)
    history = json.loads((run / "history.json").read_text())
    assert np.mean(logits.argmax(1) == windows.labels) == pytest.approx(history[0]["accuracy"])


def test_an_average_follows_its_formula() -> None:
    """W ← d · w + (1 − d) · new, d rising to the decay asked for."""
    model = torch.nn.Linear(1, 1, bias=False)
    average = AveragedWeights(model, 0.5)
    expected = None
    for step, value in enumerate((1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)):
        model.weight.data.fill_(value)
        average.on_step_end(None, None, None, model=model)  # type: ignore[arg-type]
        decay = min(0.5, (1 + step) / (10 + step))
        expected = value if expected is None else decay * expected + (1 - decay) * value
    with average.in_place_of(model):
        assert model.weight.item() == pytest.approx(expected)
    assert model.weight.item() == 128.0


def test_an_average_leaves_whole_numbers_alone(chain: Chain) -> None:
    """Which frames a network that learns to hear is asked for does not drift as its weights do."""
    learner = SpectrumLearner(start_network(chain, chain.last, {}).model)
    average, places = AveragedWeights(learner, 0.9), learner.places.clone()
    for _ in range(60):
        average.on_step_end(None, None, None, model=learner)  # type: ignore[arg-type]
    with average.in_place_of(learner):
        assert torch.equal(learner.places, places)


def test_a_damaged_stage_says_what_to_do(four_stages: Chain, tmp_path: Path) -> None:
    """It is the run's own: neither `--init` nor the network connection has to do with it."""
    tiny = start_network(four_stages, four_stages.stages[1], {})
    tiny.save(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"cut off")
    for kind in NetworkKind:
        with pytest.raises(InputError, match="restore the folder from a copy") as caught:
            load_network(tmp_path, kind, four_stages.labels)
        assert "--init" not in str(caught.value)


def test_a_stage_ends_when_it_no_longer_gains(
    chain: Chain, corpora: Corpora, cache: Path, tmp_path: Path
) -> None:
    """With next to no learning rate nothing is gained: two such epochs end the stage, for good."""
    document = tiny_document()
    document["training"] |= {
        "learning_rate": 1e-30,
        "epochs": 6,
        "stop_after_epochs_without_gain": 2,
    }
    stuck, run = parse_recipe(document), tmp_path / "run"
    assert fit(stuck, corpora, run, cache_dir=cache, workers=0) is None
    assert [h["epoch"] for h in json.loads((run / "history.json").read_text())] == [1, 2, 3]
    finished = (run / "finished.json").read_text()
    assert json.loads(finished)["best"]["epoch"] == 1
    # The process was killed between its last checkpoint and the note that the stage is finished.
    (run / "finished.json").unlink()
    assert fit(stuck, corpora, run, cache_dir=cache, resume=True, workers=0) is None
    assert [h["epoch"] for h in json.loads((run / "history.json").read_text())] == [1, 2, 3]
    assert (run / "finished.json").read_text() == finished
