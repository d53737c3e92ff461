"""ONNX → static int8: QDQ, uint8 activations, int8 weights per channel."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from kws_live.types import Float32Array, Int16Array

from .checkpoint import INT16_SCALE
from .errors import ExportFault


class WindowReader(CalibrationDataReader):  # type: ignore[misc]
    """Hands int16 windows to the calibrator one by one."""

    def __init__(self, windows: Int16Array) -> None:
        self._rows: Iterator[Int16Array] = iter(windows)

    def get_next(self) -> dict[str, Float32Array] | None:
        """Return the next window as the graph's input, None after the last."""
        row = next(self._rows, None)
        return None if row is None else {"input_values": (row * INT16_SCALE)[np.newaxis]}


def write_quantized(graph: Path, path: Path, calibration: Int16Array) -> None:
    """Write the int8 form of a graph, its ranges taken from real windows (int16 [n, samples]).

    Matrix products and convolutions become int8, but for the first convolution: the waveform's dynamic
    range does not fit into 8 bits (a quiet word would be two or three steps high).
    """
    with TemporaryDirectory(prefix="kws-export-") as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(graph), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(path),
            WindowReader(calibration),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Conv"],
            nodes_to_exclude=[waveform_convolution(onnx.load(prepared))],
            calibrate_method=CalibrationMethod.MinMax,
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
