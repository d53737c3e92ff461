"""Convolutions that learn to hear before they are asked for words."""

import json
from pathlib import Path

import pytest
import torch
from kws_train.fit import Corpora, fit
from kws_train.log_mel import LogMel
from kws_train.networks import load_network, start_network
from kws_train.objectives import Spectrum
from kws_train.recipe import parse_recipe
from kws_train.spectrum import SpectrumLearner
from safetensors.torch import load_file

from .conftest import tiny_document


@pytest.fixture
def learner() -> SpectrumLearner:
    """One of the tiny network, nothing learned yet."""
    chain = parse_recipe(tiny_document())
    return SpectrumLearner(start_network(chain, chain.stages[0], {}).model)


def tones(n: int) -> torch.Tensor:
    t = torch.arange(16_000) / 16_000
    hz = torch.linspace(200, 4_000, n)
    return 0.1 * torch.sin(2 * torch.pi * hz[:, None] * t)


def test_each_frame_tells_the_energies_around_its_middle(learner: SpectrumLearner) -> None:
    """The tiny network's first frame sees samples 0 to 1455: its middle lies between frames 4 and 5."""
    frames = learner.convolutions(torch.zeros(1, 16_000)).shape[-1]
    assert learner.places.shape == (frames, 8)
    assert learner.places[0].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    steps = torch.diff(learner.places[:, 0])  # a frame every 800 samples, five of the spectrum
    assert steps.unique().tolist() == [5]
    assert int(learner.places.max()) <= LogMel()(torch.zeros(1, 16_000)).shape[-1] - 1


def test_level_means_nothing(learner: SpectrumLearner) -> None:
    """What is to be told of loud windows is what is to be told of quiet ones."""
    learner.eval()
    with torch.no_grad():
        for window in tones(3):
            loud, quiet = learner(torch.stack([window, 0.3 * window]))
            assert float(loud[1]) == pytest.approx(float(quiet[1]), rel=0.05)


def test_silence_teaches_nothing(learner: SpectrumLearner) -> None:
    """Digital zero has no variance to explain, and makes no error that is not finite."""
    squares = learner(torch.zeros(2, 16_000))
    assert torch.isfinite(squares).all()
    assert float(squares[:, 1].detach().abs().max()) < 1e-6


def test_only_the_convolutions_learn(learner: SpectrumLearner) -> None:
    """A step lowers the error; the transformer and the classifier stay as they were."""
    objective, x = Spectrum(), tones(8)
    inputs = {"input_values": x, "labels": torch.zeros(8)}
    optimiser = torch.optim.AdamW([p for p in learner.parameters() if p.requires_grad], lr=1e-2)
    losses = []
    for _ in range(8):
        loss, _ = objective.loss(learner, inputs)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_a_stage_that_hears_gives_the_next_one_its_convolutions(
    corpora: Corpora, tmp_path: Path
) -> None:
    """They alone differ from what the network began with, and its validation says how much is told."""
    document = tiny_document()
    hearing = {"name": "hear", "network": "tiny", "learns": "log_mel"}
    document["stages"] = [
        hearing | {"training": {"epochs": 3, "learning_rate": 1e-2}},
        {"name": "learn", "starts_from": "hear"},
    ]
    chain = parse_recipe(document)
    run = tmp_path / "run"
    assert fit(chain, corpora, run, cache_dir=tmp_path / "cache", workers=0) is None
    before = start_network(chain, chain.stages[0], {}).model.state_dict()
    after = load_file(run / "stages" / "hear" / "model.safetensors")
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    heard = ("wav2vec2.feature_extractor.", "wav2vec2.feature_projection.layer_norm.")
    assert changed
    assert all(name.startswith(heard) for name in changed)
    history = json.loads((run / "stages" / "hear" / "history.json").read_text())
    explained = [epoch["explained"] for epoch in history]
    assert explained[-1] > explained[0]
    best = json.loads((run / "stages" / "hear" / "finished.json").read_text())["best"]
    assert best["explained"] == max(explained)
    begun = load_network(run / "stages" / "hear", "wav2vec2", chain.labels).model.state_dict()
    assert all(torch.equal(begun[name], after[name]) for name in changed)
