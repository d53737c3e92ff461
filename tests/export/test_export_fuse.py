"""Fusing changes how a graph is computed, not what."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from kws_export.checkpoint import load_checkpoint
from kws_export.fuse import fuse
from kws_export.graph import write_lean_graph
from kws_export.measure import Graph
from kws_export.quantize import write_static
from support.tiny_model import make_tiny_run, sounds

from kws_live.model.classifier import softmax


@pytest.fixture(scope="module", params=["wav2vec2", "hubert", "wavlm"])
def forms(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Path]:
    """Kind of model, its quantized graph, and the same one fused."""
    folder = tmp_path_factory.mktemp(request.param)
    run = make_tiny_run(folder, kind=request.param)
    write_lean_graph(load_checkpoint(run), folder / "lean.onnx")
    write_static(folder / "lean.onnx", folder / "qdq.onnx", sounds(40), reduce_range=True)
    model = onnx.load(folder / "qdq.onnx")
    fuse(model)
    onnx.save(model, folder / "fused.onnx")
    return request.param, folder / "qdq.onnx", folder / "fused.onnx"


def types(path: Path) -> Counter[str]:
    """How many nodes of each type a graph has."""
    return Counter(x.op_type for x in onnx.load(path).graph.node)


def test_a_fused_graph_means_the_same(forms: tuple[str, Path, Path]) -> None:
    """As its nodes computed one by one in float32, up to a step of the quantizer here and there."""
    _, quantized, fused = forms
    windows = sounds(60)[40:]
    wanted = softmax(Graph(quantized, literally=True).logits(windows))
    found = softmax(Graph(fused).logits(windows))
    assert np.abs(found - wanted).max() < 0.02


def test_no_product_by_weights_is_left_to_be_fused(forms: tuple[str, Path, Path]) -> None:
    """And there is one node for the attention of a layer, but in WavLM, whose own is of another kind."""
    kind, _, fused = forms
    found = types(fused)
    assert found["MatMulIntegerToFloat"] + found["QAttention"] >= 2 + 2 * 4
    assert found["MultiHeadAttention"] == 0
    assert found["QAttention"] == (0 if kind == "wavlm" else 2)
    if kind != "wavlm":
        assert found["MatMul"] == 1  # the mean over the frames


def test_it_has_fewer_nodes(forms: tuple[str, Path, Path]) -> None:
    """Nothing is left that no other node takes."""
    _, quantized, fused = forms
    assert types(fused).total() < types(quantized).total()
    graph = onnx.load(fused).graph
    taken = {name for node in graph.node for name in node.input} | {x.name for x in graph.output}
    assert all(not taken.isdisjoint(node.output) for node in graph.node)
    assert all(x.name in taken for x in graph.initializer)


def test_frames_are_quantized_before_they_are_copied(forms: tuple[str, Path, Path]) -> None:
    """For the positional convolution, which has each frame several times over."""
    graph = onnx.load(forms[2]).graph
    makers = {name: node for node in graph.node for name in node.output}
    stacked = {x.name for x in graph.initializer if len(x.dims) == 3}
    product = next(x for x in graph.node if stacked.intersection(x.input[:2]))
    path = []
    node = makers[product.input[0]]
    while node.op_type != "QuantizeLinear":
        path.append(node.op_type)
        node = makers[node.input[0]]
    assert {"Gather", "Pad", "Transpose"} <= set(path)
    assert node.input[0] == "frames"


def test_a_graph_without_int8_is_left_alone(tmp_path: Path) -> None:
    """There is nothing to fuse in it."""
    run = make_tiny_run(tmp_path)
    write_lean_graph(load_checkpoint(run), tmp_path / "lean.onnx")
    model = onnx.load(tmp_path / "lean.onnx")
    before = Counter(x.op_type for x in model.graph.node)
    fuse(model)
    assert Counter(x.op_type for x in model.graph.node) == before
