"""What becomes int8, and what doesn't."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from kws_export.checkpoint import load_checkpoint
from kws_export.errors import ExportFault
from kws_export.graph import write_lean_graph
from kws_export.measure import Graph
from kws_export.quantize import waveform_convolution, write_dynamic, write_static
from support.tiny_model import make_tiny_run, sounds

from kws_live.model.classifier import softmax


@pytest.fixture(scope="module")
def lean(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lean graph of the tiny run, float32."""
    path = tmp_path_factory.mktemp("lean") / "lean.onnx"
    write_lean_graph(load_checkpoint(tiny_run), path)
    return path


@pytest.fixture(scope="module", params=[False, True], ids=["8 bits", "7 bits"])
def quantized(
    request: pytest.FixtureRequest, lean: Path, tmp_path_factory: pytest.TempPathFactory
) -> onnx.ModelProto:
    """Its static int8 form."""
    path = tmp_path_factory.mktemp("static") / "static.onnx"
    write_static(lean, path, sounds(16), reduce_range=request.param)
    model = onnx.load(path)
    model.doc_string = "7" if request.param else "8"
    return model


def source(model: onnx.ModelProto, name: str) -> onnx.NodeProto | None:
    """The node that makes a tensor, None for an initializer or the input."""
    return next((node for node in model.graph.node if name in node.output), None)


def constants(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Values of its initializers."""
    return {x.name: onnx.numpy_helper.to_array(x) for x in model.graph.initializer}


def test_the_convolution_on_the_waveform_stays_float(quantized: onnx.ModelProto) -> None:
    """Neither its weights nor the waveform pass through 8 bits."""
    first = next(node for node in quantized.graph.node if node.op_type == "Conv")
    assert constants(quantized)[first.input[1]].dtype == np.float32
    reached = first.input[0]
    while (node := source(quantized, reached)) is not None:
        assert node.op_type == "Unsqueeze"
        reached = node.input[0]
    assert reached == "input_values"


def test_all_other_weights_are_int8(quantized: onnx.ModelProto) -> None:
    """Of convolutions and of matrix products, symmetric about zero; by channel where they are one matrix.

    The mean over the frames is a product too, but has no weights.
    """
    weights = constants(quantized)
    largest = 64 if quantized.doc_string == "7" else 127
    products = [x for x in quantized.graph.node if x.op_type in ("Conv", "MatMul")]
    for node in products[1:-1]:
        maker = source(quantized, node.input[1])
        assert maker is not None, f"{node.name} has float weights"
        assert maker.op_type == "DequantizeLinear"
        values, scales, zeros = (weights[name] for name in maker.input)
        assert values.dtype == np.int8
        assert np.abs(values.astype(int)).max() <= largest
        stacked = node.op_type == "MatMul" and values.ndim == 3
        assert scales.size == (1 if stacked else values.shape[0 if node.op_type == "Conv" else -1])
        assert not zeros.any()
    assert len(products) == 1 + 2 + 1 + 1 + 2 * 4 + 1  # front, projection, positions, layers, mean
    assert products[-1].input[0] in weights


def test_activations_are_uint8(quantized: onnx.ModelProto) -> None:
    """Int8 ones are several times slower where there are no instructions for them."""
    weights = constants(quantized)
    makers = [x for x in quantized.graph.node if x.op_type == "QuantizeLinear"]
    assert makers
    assert {weights[x.input[2]].dtype for x in makers} == {np.dtype(np.uint8)}


def test_what_comes_out_of_a_product_stays_float(quantized: onnx.ModelProto) -> None:
    """Biases, norms and activations follow, and gain nothing from 8 bits."""
    products = {x.output[0] for x in quantized.graph.node if x.op_type == "MatMul"}
    rounded = {x.input[0] for x in quantized.graph.node if x.op_type == "QuantizeLinear"}
    assert products
    assert products.isdisjoint(rounded)


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
@pytest.mark.parametrize("normalise", [False, True], ids=["as is", "normalised"])
@pytest.mark.parametrize("form", ["static", "dynamic"])
def test_int8_stays_near_float32(kind: str, normalise: bool, form: str, tmp_path: Path) -> None:
    """On sounds that it was not calibrated with."""
    run = make_tiny_run(tmp_path, kind=kind, normalise=normalise)
    graph, int8 = tmp_path / "lean.onnx", tmp_path / "int8.onnx"
    write_lean_graph(load_checkpoint(run), graph)
    windows = sounds(60)
    if form == "static":
        write_static(graph, int8, windows[:40])
    else:
        write_dynamic(graph, int8)
    wanted = softmax(Graph(graph).logits(windows[40:]))
    found = softmax(Graph(int8).logits(windows[40:]))
    assert np.median(np.abs(found - wanted).max(axis=1)) < 0.05


def test_dynamic_int8_begins_after_the_frames(lean: Path, tmp_path: Path) -> None:
    """A hop's frames have another scale than a window's: they must not be rounded together."""
    write_dynamic(lean, tmp_path / "dynamic.onnx")
    model = onnx.load(tmp_path / "dynamic.onnx")
    waiting, before = ["frames"], []
    while waiting:
        node = source(model, waiting.pop())
        if node is not None:
            before.append(node.op_type)
            waiting.extend(node.input)
    assert "MatMulInteger" not in before
    assert [x.op_type for x in model.graph.node].count("MatMulInteger") == 2 * 4


def test_a_graph_without_a_waveform_convolution_is_refused() -> None:
    """Rather than quantized throughout."""
    product = onnx.helper.make_node("MatMul", ["a", "b"], ["c"], name="product")
    graph = onnx.helper.make_graph([product], "none", [], [])
    with pytest.raises(ExportFault, match="one convolution on the waveform"):
        waveform_convolution(onnx.helper.make_model(graph))
