"""When an int8 form ships, and what becomes of a model where none does."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from kws_export.checkpoint import load_checkpoint
from kws_export.export import export_model
from kws_export.gate import prefers_reduced_range, refusal
from kws_export.measure import Measured
from support.tiny_model import make_tiny_run, sounds

from kws_live.model import Classifier, load_model_folder

FLOAT32 = Measured("float32", 900, 1000, 3.0, 1)


@pytest.mark.parametrize(("lost", "ships"), [(-3, True), (0, True), (10, True), (11, False)])
def test_int8_may_cost_a_hundredth_of_the_windows(lost: int, ships: bool) -> None:
    """Up to that it is preferred."""
    reason = refusal(Measured("int8", 900 - lost, 1000, 2.0, 1), FLOAT32)
    assert (reason is None) == ships
    if reason:
        assert "names 11 of 1000 validation windows fewer rightly than float32" in reason


@pytest.mark.parametrize(("hop_ms", "ships"), [(1.0, True), (3.0, True), (3.1, True), (3.2, False)])
def test_int8_may_not_be_slower(hop_ms: float, ships: bool) -> None:
    """By more than two measurements of the same thing differ."""
    reason = refusal(Measured("int8", 900, 1000, hop_ms, 1), FLOAT32)
    assert (reason is None) == ships
    if reason:
        assert reason == "int8 takes 3.20 ms for a hop, float32 3.00 ms"


@pytest.mark.parametrize(
    ("reduced", "preferred"), [(905, True), (900, True), (899, True), (898, False)]
)
def test_seven_bits_ship_if_they_cost_a_tenth_of_a_point(reduced: int, preferred: bool) -> None:
    """At most: then int8 sums saturate on no processor."""
    assert prefers_reduced_range(900, reduced, 1000) == preferred


def test_a_model_that_no_int8_form_suits_ships_as_float32(tmp_path: Path) -> None:
    """Weights of a channel that is always 0 leave no steps to the others, in either form. All is told."""
    run, model = tmp_path / "run", tmp_path / "model"
    run.mkdir()
    network = load_checkpoint(make_tiny_run(run)).model
    with torch.no_grad():
        for layer in network.wav2vec2.encoder.layers:
            for norm in (layer.layer_norm, layer.final_layer_norm):
                norm.weight[0] = norm.bias[0] = 0
            attention = layer.attention
            for product in (attention.q_proj, attention.k_proj, attention.v_proj):
                product.weight[:, 0] = 1e4
            layer.feed_forward.intermediate_dense.weight.mul_(20)
            layer.feed_forward.intermediate_dense.weight[:, 0] = 1e4
            layer.feed_forward.output_dense.weight.mul_(20)
    network.save_pretrained(run)
    clips = sounds(208)
    targets = load_checkpoint(run).logits(clips).argmax(axis=1)
    np.savez(run / "validation.npz", clips=clips, labels=targets)
    said: list[str] = []
    export_model(run, model, say=said.append)
    warnings = [x for x in said if x.startswith("WARNING")]
    assert [x.split(" names ")[0] for x in warnings] == [
        "WARNING: int8 streaming",
        "WARNING: dynamic int8 streaming",
    ]
    document = json.loads((model / "kws.json").read_text())
    assert [x["name"] for x in document["runtimes"]] == ["float32 streaming"]
    assert {x.name for x in model.glob("*.onnx")} == {"model.onnx", "encoder.onnx", "head.onnx"}
    assert (model / "README.md").read_text().count("Not here, though tried") == 2
    assert Classifier(load_model_folder(model)).runtime.name == "float32 streaming"


@pytest.mark.parametrize("normalise", [False, True], ids=["streaming", "whole windows"])
def test_static_int8_that_hears_nothing_gives_way_to_dynamic(
    normalise: bool, tmp_path: Path
) -> None:
    """Ranges that were set on silence hold no sound; dynamic ones are found as it runs. All are told."""
    run, model = tmp_path / "run", tmp_path / "model"
    run.mkdir()
    checkpoint = load_checkpoint(make_tiny_run(run, normalise=normalise))
    clips = sounds(208)
    np.savez(run / "validation.npz", clips=clips, labels=checkpoint.logits(clips).argmax(axis=1))
    np.save(run / "calibration.npy", np.zeros_like(clips[:16]))
    said: list[str] = []
    export_model(run, model, say=said.append)
    tail = "" if normalise else " streaming"
    assert any(x.startswith(f"WARNING: int8{tail} names ") and "LEFT OUT" in x for x in said)
    assert f"Not here, though tried: int8{tail} names" in (model / "README.md").read_text()
    assert not (model / "encoder_quantized.onnx").exists()
    document = json.loads((model / "kws.json").read_text())
    first, last = document["runtimes"][0], document["runtimes"][-1]
    assert last["name"] == f"float32{tail}"
    if len(document["runtimes"]) == 2:
        assert (first["name"], first["batches"]) == (f"dynamic int8{tail}", False)
        assert first["files"] == (
            ["model_quantized.onnx"] if normalise else ["encoder.onnx", "head_quantized.onnx"]
        )
    else:  # so small a model may be slower with it
        assert any(f"dynamic int8{tail} takes" in x and "LEFT OUT" in x for x in said)
        assert "model_quantized.onnx" not in document["sha256"]
        assert not (model / "head_quantized.onnx").exists()
    assert Classifier(load_model_folder(model)).runtime.name == first["name"]
