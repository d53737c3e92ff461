"""How fast this machine multiplies matrices, through ONNX Runtime, at a model's own shapes.

That is the limit for a model on it: its MACs at this rate, with nothing else to do. Processor time
counts, so that others' work doesn't.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.arithmetic import Macs
from kws_live.types import Float32Array

Product = tuple[int, int, int, int]
"""Rows, depth, columns, and how often it occurs."""

_OPSET = 17
_IR_VERSION = 9
_RUNS = 200


def int8_rate(products: Sequence[Product]) -> float:
    """Return the MACs per second of uint8 × int8 products with weights, one thread, weighted by MACs."""
    return _rate(products, _int8_session)


def float32_rate(products: Sequence[Product]) -> float:
    """Return the MACs per second of float32 products with weights, one thread, weighted by MACs."""
    return _rate(products, _float32_session)


def limit_ms(macs: Macs, int8_macs_s: float | None, float32_macs_s: float) -> float:
    """Return the time that the multiplications alone would take, in ms.

    Args:
        macs: of one window or hop.
        int8_macs_s: rate of all but the first convolution; None for a float32 model.
        float32_macs_s: rate of that one.
    """
    others = macs.front + macs.head
    return 1e3 * (macs.waveform / float32_macs_s + others / (int8_macs_s or float32_macs_s))


def _rate(products: Sequence[Product], session: Any) -> float:
    macs = seconds = 0.0
    for rows, depth, columns, count in products:
        opened, inputs = session(rows, depth, columns)
        macs += count * rows * depth * columns
        seconds += count * _median_s(opened, inputs)
    return macs / seconds


def _median_s(session: Any, inputs: dict[str, Any]) -> float:
    times_s = []
    for _ in range(_RUNS):
        began_s = time.thread_time()
        session.run(None, inputs)
        times_s.append(time.thread_time() - began_s)
    return float(np.median(times_s[_RUNS // 10 :]))


def _int8_session(rows: int, depth: int, columns: int) -> tuple[Any, dict[str, Any]]:
    random = np.random.default_rng(0)
    constants = {
        "weights": random.integers(-127, 128, (depth, columns)).astype(np.int8),
        "input_scale": np.float32(0.02),
        "input_zero": np.uint8(128),
        "weight_scale": np.full(columns, 0.01, np.float32),
        "weight_zero": np.zeros(columns, np.int8),
        "output_scale": np.float32(0.5),
        "output_zero": np.uint8(128),
    }
    node = helper.make_node("QLinearMatMul", _QLINEAR_INPUTS, ["y"])
    values = random.integers(0, 256, (rows, depth)).astype(np.uint8)
    return _session(node, values, TensorProto.UINT8, columns, constants), {"x": values}


_QLINEAR_INPUTS = [
    *("x", "input_scale", "input_zero"),
    *("weights", "weight_scale", "weight_zero"),
    *("output_scale", "output_zero"),
]


def _float32_session(rows: int, depth: int, columns: int) -> tuple[Any, dict[str, Any]]:
    random = np.random.default_rng(0)
    values: Float32Array = random.standard_normal((rows, depth)).astype(np.float32)
    constants = {"weights": random.standard_normal((depth, columns)).astype(np.float32)}
    node = helper.make_node("MatMul", ["x", "weights"], ["y"])
    return _session(node, values, TensorProto.FLOAT, columns, constants), {"x": values}


def _session(node: Any, values: Any, kind: int, columns: int, constants: dict[str, Any]) -> Any:
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", kind, values.shape)],
        [helper.make_tensor_value_info("y", kind, [len(values), columns])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
    model.ir_version = _IR_VERSION
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
