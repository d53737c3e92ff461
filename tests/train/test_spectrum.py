"""Convolutions that learn to hear before they are asked for words."""

import json
from pathlib import Path

import pytest
import torch
from kws_train.chain import NetworkKind
from kws_train.fit import Corpora, fit
from kws_train.log_mel import LogMel
from kws_train.networks import load_network, start_network
from kws_train.objectives import Spectrum
from kws_train.recipe import parse_recipe
from kws_train.spectrum import SpectrumLearner
from safetensors.torch import load_file
from transformers import Wav2Vec2ForSequenceClassification

from .conftest import tiny_document


@pytest.fixture
def network() -> Wav2Vec2ForSequenceClassification:
    """The tiny one, nothing learned yet."""
    chain = parse_recipe(tiny_document())
    return start_network(chain, chain.stages[0], {}).model


@pytest.fixture
def learner(network: Wav2Vec2ForSequenceClassification) -> SpectrumLearner:
    """That learns what the tiny network's convolutions hear."""
    return SpectrumLearner(network)


#: What hears of a network: its convolutions, and the norm of their outputs.
HEARD = ("wav2vec2.feature_extractor.", "wav2vec2.feature_projection.layer_norm.")


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
    """What is to be told of a loud window is what is to be told of the same one, only quiet."""
    torch.nn.init.zeros_(learner.tell.weight)
    generator = torch.Generator().manual_seed(0)
    learner.tell.bias.data.copy_(torch.randn(learner.tell.bias.shape, generator=generator))
    hiss = 0.1 * torch.randn(3, 16_000, generator=generator)
    # Each frame tells the same whatever it hears, so the error says how far off what is asked is.
    with torch.no_grad():
        loud, quiet = learner(hiss), learner(0.3 * hiss)
        other = learner(hiss.flip(1))
    torch.testing.assert_close(quiet, loud, rtol=1e-3, atol=0.0)
    assert float((other - loud)[:, 0].abs().min()) > 10 * float((quiet - loud)[:, 0].abs().max())


def test_of_digital_silence_nothing_is_asked(learner: SpectrumLearner) -> None:
    """It has no variance: what is to be told is zero everywhere, and all that is told is error."""
    torch.nn.init.zeros_(learner.tell.weight)
    torch.nn.init.constant_(learner.tell.bias, 0.5)
    error, power = learner(torch.zeros(2, 16_000)).detach().T
    torch.testing.assert_close(power, torch.zeros(2), rtol=0.0, atol=1e-6)
    torch.testing.assert_close(error, torch.full((2,), 0.25), rtol=1e-3, atol=0.0)


def test_only_the_convolutions_learn(
    network: Wav2Vec2ForSequenceClassification, learner: SpectrumLearner
) -> None:
    """Steps lower the error; the transformer and the classifier stay as they were."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
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
    changed = {n for n, value in network.state_dict().items() if not torch.equal(value, before[n])}
    assert any(name.startswith(HEARD[0]) for name in changed)
    assert all(name.startswith(HEARD) for name in changed)


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
    assert changed
    assert all(name.startswith(HEARD) for name in changed)
    history = json.loads((run / "stages" / "hear" / "history.json").read_text())
    explained = [epoch["explained"] for epoch in history]
    assert explained[-1] > explained[0]
    best = json.loads((run / "stages" / "hear" / "finished.json").read_text())["best"]
    assert best["explained"] == max(explained)
    begun = load_network(
        run / "stages" / "hear", NetworkKind.WAV2VEC2, chain.labels
    ).model.state_dict()
    assert all(torch.equal(begun[name], after[name]) for name in changed)
