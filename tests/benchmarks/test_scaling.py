"""The arithmetic behind what a hop costs."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import Wav2Vec2Config, Wav2Vec2ForSequenceClassification

from benchmarks.arithmetic import Architecture, Macs
from benchmarks.gemm_rate import float32_rate, int8_rate, limit_ms
from benchmarks.scaling import decoder_cost
from benchmarks.scaling_models import SIZES, variant

SMALL = {**SIZES["a quarter"], "num_labels": 5}


def architecture(**changes: Any) -> Architecture:
    """The sizes of a small model."""
    return Architecture.of(Wav2Vec2Config(**SMALL | changes).to_dict())


def counted(model: Any, samples: int) -> tuple[int, int]:
    """MACs of the encoder's convolutions and of all other layers with weights, counted as torch runs them."""
    found: dict[str, int] = {}

    def count(name: str) -> Any:
        def hook(layer: Any, inputs: Any, output: Any) -> None:
            weights_an_output = layer.weight.numel() // layer.weight.shape[0]
            found[name] = output[0].numel() * weights_an_output

        return hook

    for name, layer in model.named_modules():
        if isinstance(layer, torch.nn.Conv1d | torch.nn.Linear):
            layer.register_forward_hook(count(name))
    with torch.inference_mode():
        model(torch.zeros(1, samples))
    encoder = sum(macs for name, macs in found.items() if "feature_extractor" in name)
    return encoder, sum(found.values()) - encoder


def test_the_count_is_what_torch_runs() -> None:
    """Every layer with weights; products of attention, which have none, come on top."""
    model = Wav2Vec2ForSequenceClassification(Wav2Vec2Config(**SMALL)).eval()
    macs = architecture().whole(16_000)
    encoder, rest = counted(model, 16_000)
    frames, hidden, layers = 48, 96, 4
    assert macs.waveform + macs.front == encoder
    assert macs.head == rest + 2 * frames * frames * hidden * layers


@given(st.integers(1, 60))
def test_frames_see_the_samples_they_are_made_of(frames: int) -> None:
    """One sample less makes a frame less."""
    sizes = architecture()
    assert sizes.frames(sizes.samples(frames)) == frames
    assert sizes.frames(sizes.samples(frames) - 1) == frames - 1 or frames == 1


def test_a_hop_saves_the_encoder_and_not_the_head() -> None:
    """Its cost grows with the hop, up to a whole window."""
    sizes = architecture()
    whole = sizes.whole(16_000)
    hops = [sizes.streaming(16_000, hop) for hop in (320, 1_600, 6_400, 16_000)]
    assert [hop.head for hop in hops] == [whole.head] * 4
    encoders = [hop.waveform + hop.front for hop in hops]
    assert encoders == sorted(encoders)
    assert encoders[-1] == pytest.approx(whole.waveform + whole.front, rel=0.02)
    assert encoders[1] < 0.15 * encoders[-1]


def test_the_limit_keeps_the_waveform_in_float32() -> None:
    """In an int8 model the first convolution goes at the other rate; in a float32 model all do."""
    macs = Macs(waveform=10_000_000, front=20_000_000, head=80_000_000)
    assert limit_ms(macs, int8_macs_s=100e9, float32_macs_s=10e9) == pytest.approx(1.0 + 1.0)
    assert limit_ms(macs, int8_macs_s=None, float32_macs_s=10e9) == pytest.approx(11.0)


def test_rates_are_those_of_a_computer() -> None:
    """Between a slow one's and more than any core has."""
    products = [(48, 192, 192, 4), (48, 192, 768, 1)]
    for rate in (int8_rate(products), float32_rate(products)):
        assert 1e8 < rate < 1e13


def test_a_variant_differs_in_what_it_is_told(tmp_path: Path) -> None:
    """The files are the other folder's own, which stays as it is."""
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "kws.json").write_text('{"name": "small", "hop_samples": 1600}')
    (origin / "model.onnx").write_bytes(b"graph")
    target = variant(origin, tmp_path / "other", hop_samples=640)
    assert json.loads((target / "kws.json").read_text()) == {"name": "small", "hop_samples": 640}
    assert (target / "model.onnx").read_bytes() == b"graph"
    assert json.loads((origin / "kws.json").read_text())["hop_samples"] == 1_600


def test_the_decoder_is_timed_for_any_number_of_keywords() -> None:
    """It is no part of the model: no MACs, no limit."""
    cost = decoder_cost(3)
    assert cost.took_ms > 0
    assert cost.row()[3:] == ["", "", ""]
