"""What ONNX Runtime makes of a graph: logits, accuracy, time."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from kws_live.types import Float32Array, Int16Array

from .checkpoint import INT16_SCALE

BATCH = 16
MAX_INT8_LOSS = 0.01
"""Share of the validation windows that int8 may name wrongly beyond float32's before it is left out."""


class Graph:
    """An ONNX file in a session with the daemon's settings: one thread that sleeps while it waits.

    Args:
        path: the file.
        literally: compute each node as it stands, int8 ones in float32 between their quantizers. Nothing is fused
            then, so that no processor's int8 instructions have a say: the outcome is what the file means.
    """

    def __init__(self, path: Path, *, literally: bool = False) -> None:
        options = onnxruntime.SessionOptions()
        if literally:
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def logits(self, windows: Int16Array, batch: int = 1) -> Float32Array:
        """Return float32 logits [n, labels] of int16 windows [n, samples], `batch` at a time."""
        parts = [
            self._session.run(["logits"], {"input_values": windows[i : i + batch] * INT16_SCALE})[0]
            for i in range(0, len(windows), batch)
        ]
        return np.concatenate(parts)

    def correct(self, windows: Int16Array, targets: npt.NDArray[np.int64]) -> int:
        """Return on how many windows the largest logit is that of the target."""
        return int((self.logits(windows, BATCH).argmax(axis=1) == targets).sum())

    def median_ms(self, windows: Int16Array, repeats: int = 100) -> float:
        """Return the median time for one window at batch 1, in ms."""
        inputs = [windows[i : i + 1] * INT16_SCALE for i in range(min(len(windows), 10))]
        times_ns = []
        for i in range(repeats + 10):
            began = time.perf_counter_ns()
            self._session.run(["logits"], {"input_values": inputs[i % len(inputs)]})
            times_ns.append(time.perf_counter_ns() - began)
        return float(np.median(times_ns[10:])) / 1e6


@dataclass(frozen=True)
class Measured:
    """One runtime file on the validation windows.

    Attributes:
        file: its name.
        correct: how many windows it names rightly.
        clips: of how many.
        window_ms: median time for one window on one thread of this machine, in ms.
        size_bytes: of the file.
    """

    file: str
    correct: int
    clips: int
    window_ms: float
    size_bytes: int

    @classmethod
    def of(cls, path: Path, clips: Int16Array, targets: npt.NDArray[np.int64]) -> "Measured":
        """Measure the file at `path`."""
        graph = Graph(path)
        correct = graph.correct(clips, targets)
        return cls(path.name, correct, len(clips), graph.median_ms(clips), path.stat().st_size)

    @property
    def accuracy(self) -> float:
        """Share of the windows named rightly, 0..1."""
        return self.correct / self.clips


def is_ruined(fp32: Measured, int8: Measured) -> bool:
    """Return whether int8 costs more than MAX_INT8_LOSS of accuracy."""
    return fp32.correct - int8.correct > MAX_INT8_LOSS * fp32.clips


def posteriors(logits: Float32Array) -> Float32Array:
    """Return the softmax of logits along the last axis: float32, rows sum to 1."""
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Float32Array = exponents / exponents.sum(axis=-1, keepdims=True)
    return result
