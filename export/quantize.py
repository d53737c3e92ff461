"""ONNX → int8: static (QDQ, uint8 activations, int8 weights per channel), or dynamic for matrix products alone."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from kws_live.types import Float32Array, Int16Array

from .checkpoint import INT16_SCALE
from .errors import ExportFault
from .graph import FRAMES

_MATRIX_RANK = 2


class WindowReader(CalibrationDataReader):  # type: ignore[misc]
    """Hands int16 windows to the calibrator one by one."""

    def __init__(self, windows: Int16Array) -> None:
        self._rows: Iterator[Int16Array] = iter(windows)

    def get_next(self) -> dict[str, Float32Array] | None:
        """Return the next window as the graph's input, None after the last."""
        row = next(self._rows, None)
        return None if row is None else {"input_values": (row * INT16_SCALE)[None]}


def write_static(
    graph: Path, path: Path, calibration: Int16Array, *, reduce_range: bool = False
) -> None:
    """Write the static int8 form of a graph, its ranges taken from real windows (int16 [n, samples]).

    Matrix products by weights and convolutions become int8, but for the first convolution: the waveform's dynamic
    range does not fit into 8 bits (a quiet word would be two or three steps high). What comes out of a product stays
    float32: a bias, a norm or an activation follows, and none of these is cheaper in int8.

    Args:
        graph: float32.
        path: where the int8 form is written.
        calibration: the windows.
        reduce_range: use 7 of the 8 bits of weights, which keeps sums from saturating on x86 without VNNI.
    """
    with TemporaryDirectory(prefix="kws-export-") as folder:
        prepared = Path(folder) / "prepared.onnx"
        model = _prepare(graph, prepared)
        quantize_static(
            str(prepared),
            str(path),
            WindowReader(calibration),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=reduce_range,
            op_types_to_quantize=["MatMul", "Conv"],
            nodes_to_exclude=[waveform_convolution(model), *_products_of_activations(model)],
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                # The mean of the windows' extremes: those of the rarest window would coarsen all others.
                "CalibMovingAverage": True,
                "OpTypesToExcludeOutputQuantization": ["MatMul"],
                # Of stacked matrices the quantizer would take the wrong axis for the channels.
                "TensorQuantOverrides": {
                    name: [
                        {
                            "quant_type": QuantType.QInt8,
                            "symmetric": True,
                            "reduce_range": reduce_range,
                        }
                    ]
                    for name in _stacked_weights(model)
                },
            },
        )


def write_dynamic(graph: Path, path: Path) -> None:
    """Write the dynamic int8 form of a graph: its matrix products by weights after FRAMES.

    The scale of the activations is found anew in each call, over all windows in it. Weights have 7 bits, so that
    no processor's sums saturate.
    """
    with TemporaryDirectory(prefix="kws-export-") as folder:
        prepared = Path(folder) / "prepared.onnx"
        model = _prepare(graph, prepared)
        stacked = set(_stacked_weights(model))
        quantize_dynamic(
            str(prepared),
            str(path),
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=[
                *_products_of_activations(model),
                *_before_frames(model),
                *(x.name for x in model.graph.node if not stacked.isdisjoint(x.input)),
            ],
        )


def waveform_convolution(model: onnx.ModelProto) -> str:
    """Return the name of the convolution that reads the waveform: the one with one input channel, ungrouped.

    Raises:
        ExportFault: the graph has none, or several.
    """
    shapes = {x.name: list(x.dims) for x in model.graph.initializer}
    found: list[str] = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv"
        and shapes.get(node.input[1], [0, 0])[1] == 1
        and all(a.i == 1 for a in node.attribute if a.name == "group")
    ]
    if len(found) != 1:
        raise ExportFault(f"the graph should have one convolution on the waveform, but has {found}")
    return found[0]


def _prepare(graph: Path, prepared: Path) -> onnx.ModelProto:
    quant_pre_process(str(graph), str(prepared), skip_symbolic_shape=True)
    return onnx.load(prepared)


def _products_of_activations(model: onnx.ModelProto) -> list[str]:
    """Return the names of matrix products by no weights, as in attention: small ones, where int8 gains nothing."""
    weights = {x.name for x in model.graph.initializer}
    products = [x for x in model.graph.node if x.op_type == "MatMul"]
    return [x.name for x in products if x.input[1] not in weights]


def _stacked_weights(model: onnx.ModelProto) -> list[str]:
    """Return the names of weights that hold several matrices."""
    products = [x for x in model.graph.node if x.op_type == "MatMul"]
    taken = {name for product in products for name in product.input}
    return [
        x.name for x in model.graph.initializer if x.name in taken and len(x.dims) > _MATRIX_RANK
    ]


def _before_frames(model: onnx.ModelProto) -> list[str]:
    """Return the names of the nodes that FRAMES depends on."""
    makers = {name: node for node in model.graph.node for name in node.output}
    waiting, found = [FRAMES], []
    while waiting:
        node = makers.pop(waiting.pop(), None)
        if node is not None:
            found.append(node.name)
            waiting.extend(node.input)
    return found
