"""What becomes int8, and what doesn't."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from kws_export.checkpoint import load_checkpoint
from kws_export.errors import ExportFault
from kws_export.graph import write_graph
from kws_export.measure import Graph, posteriors
from kws_export.quantize import waveform_convolution, write_quantized
from support.tiny_model import make_tiny_run, sounds


@pytest.fixture(scope="module")
def quantized(tiny_model: Path) -> onnx.ModelProto:
    """The int8 graph of the tiny model."""
    return onnx.load(tiny_model / "model_quantized.onnx")


def source(model: onnx.ModelProto, name: str) -> onnx.NodeProto | None:
    """The node that makes a tensor, None for an initializer or the input."""
    return next((node for node in model.graph.node if name in node.output), None)


def test_the_convolution_on_the_waveform_stays_float(quantized: onnx.ModelProto) -> None:
    """Neither its weights nor the waveform pass through 8 bits."""
    first = next(node for node in quantized.graph.node if node.op_type == "Conv")
    assert (
        first.input[0] == "input_values" or source(quantized, first.input[0]).op_type == "Unsqueeze"
    )
    weights = next(x for x in quantized.graph.initializer if x.name == first.input[1])
    assert weights.data_type == onnx.TensorProto.FLOAT


def test_all_other_weights_are_int8_per_channel(quantized: onnx.ModelProto) -> None:
    """Of convolutions and of matrix products by constants, symmetric about zero."""
    weights = {x.name: onnx.numpy_helper.to_array(x) for x in quantized.graph.initializer}
    seen = 0
    for node in quantized.graph.node:
        if node.op_type in ("Conv", "MatMul") and node.name != waveform_name(quantized):
            maker = source(quantized, node.input[1])
            if maker is None or maker.op_type != "DequantizeLinear":
                pytest.fail(f"{node.name} has float weights")
            if maker.input[0] not in weights:
                continue  # a product of two activations, as in attention
            seen += 1
            values, scales, zeros = (weights[name] for name in maker.input)
            assert values.dtype == np.int8
            assert scales.size == values.shape[0 if node.op_type == "Conv" else 1]
            assert not zeros.any()
    assert seen >= 10


def test_activations_are_uint8(quantized: onnx.ModelProto) -> None:
    """Int8 ones are several times slower where there are no instructions for them."""
    weights = {x.name: x for x in quantized.graph.initializer}
    makers = [x for x in quantized.graph.node if x.op_type == "QuantizeLinear"]
    assert makers
    assert {weights[x.input[2]].data_type for x in makers} == {onnx.TensorProto.UINT8}


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
@pytest.mark.parametrize("normalise", [False, True], ids=["as is", "normalised"])
def test_int8_stays_near_float32(kind: str, normalise: bool, tmp_path: Path) -> None:
    """On sounds that it was not calibrated with."""
    run = make_tiny_run(tmp_path, kind=kind, normalise=normalise)
    write_graph(load_checkpoint(run), tmp_path / "model.onnx")
    windows = sounds(60)
    write_quantized(tmp_path / "model.onnx", tmp_path / "int8.onnx", windows[:40])
    wanted = posteriors(Graph(tmp_path / "model.onnx").logits(windows[40:]))
    found = posteriors(Graph(tmp_path / "int8.onnx").logits(windows[40:]))
    assert np.median(np.abs(found - wanted).max(axis=1)) < 0.05


def test_a_graph_without_a_waveform_convolution_is_refused() -> None:
    """Rather than quantized throughout."""
    product = onnx.helper.make_node("MatMul", ["a", "b"], ["c"], name="product")
    graph = onnx.helper.make_graph([product], "none", [], [])
    with pytest.raises(ExportFault, match="one convolution on the waveform"):
        waveform_convolution(onnx.helper.make_model(graph))


def waveform_name(model: onnx.ModelProto) -> str:
    """Name of the first convolution: the only one that is left with one input channel and float weights."""
    return next(node.name for node in model.graph.node if node.op_type == "Conv")
