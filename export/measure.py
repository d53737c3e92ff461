"""What ONNX Runtime makes of a model's files: logits, accuracy, time."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from kws_live.types import Float32Array, Int16Array

from .checkpoint import INT16_SCALE
from .graph import FRAMES

BATCH = 16


class Graph:
    """A whole graph, or the two parts of one, with the daemon's settings: one thread that sleeps while it waits.

    Args:
        files: one that takes whole windows, or an encoder and a head.
        literally: compute each node as it stands, int8 ones in float32 between their quantizers. Nothing is fused
            then, so that no processor's int8 instructions have a say: the outcome is what the file means.
    """

    def __init__(self, *files: Path, literally: bool = False) -> None:
        self._sessions = [_open(file, literally) for file in files]
        self._window_frames = self._sessions[-1].get_inputs()[0].shape[1]  # of a head

    def logits(self, windows: Int16Array, batch: int = 1) -> Float32Array:
        """Return float32 logits [n, labels] of int16 windows [n, samples], `batch` at a time."""
        parts = [
            self._run(windows[i : i + batch] * INT16_SCALE) for i in range(0, len(windows), batch)
        ]
        return np.concatenate(parts)

    def correct(
        self, windows: Int16Array, targets: npt.NDArray[np.int64], batch: int = BATCH
    ) -> int:
        """Return on how many windows the largest logit is that of the target."""
        return int((self.logits(windows, batch).argmax(axis=1) == targets).sum())

    def frames(self, audio: Int16Array) -> Float32Array:
        """Return what the encoder makes of int16 samples [n]: float32 [1, frames, channels]."""
        found: Float32Array = self._sessions[0].run(
            [FRAMES], {"input_values": (audio * INT16_SCALE)[np.newaxis]}
        )[0]
        return found

    def head(self, frames: Float32Array) -> Float32Array:
        """Return the logits [batch, labels] of the frames [batch, frames, channels] of windows."""
        found: Float32Array = self._sessions[-1].run(["logits"], {FRAMES: frames})[0]
        return found

    def hop(self, window: Int16Array, new_samples: int) -> None:
        """Compute what a hop costs the daemon, given the int16 window [samples] that ends there.

        Args:
            window: as a whole for one file.
            new_samples: how many of its last samples the encoder is given.
        """
        if len(self._sessions) == 1:
            self._run((window * INT16_SCALE)[np.newaxis])
            return
        new = self.frames(window[-new_samples:])
        frames = np.zeros((1, self._window_frames, new.shape[2]), dtype=np.float32)
        frames[:, -new.shape[1] :] = new
        self.head(frames)

    def _run(self, samples: Float32Array) -> Float32Array:
        name, values = "input_values", samples
        for session in self._sessions[:-1]:
            values, name = session.run([FRAMES], {name: values})[0], FRAMES
        found: Float32Array = self._sessions[-1].run(["logits"], {name: values})[0]
        return found


@dataclass(frozen=True)
class Measured:
    """One way to run the model, on the validation windows.

    Attributes:
        name: of the runtime.
        correct: how many windows it names rightly.
        clips: of how many.
        hop_ms: time for a hop on one thread of this machine, in ms: new frames and the head where it streams, a whole
            window where it doesn't.
        size_bytes: of its files.
    """

    name: str
    correct: int
    clips: int
    hop_ms: float
    size_bytes: int

    @property
    def accuracy(self) -> float:
        """Share of the windows named rightly, 0..1."""
        return self.correct / self.clips


def hop_times_ms(
    graphs: Sequence[Graph], windows: Int16Array, new_samples: int, repeats: int = 60
) -> list[float]:
    """Return the least time of each graph for one hop, in ms: what disturbs a run never makes it shorter.

    They take turns, so that a machine that is busy for a while disturbs all of them.

    Args:
        graphs: which to time.
        windows: int16 [n, samples], used in turn.
        new_samples: what an encoder is given of each.
        repeats: runs of each graph.
    """
    times_ns: list[list[int]] = [[] for _ in graphs]
    for i in range(repeats):
        for graph, times in zip(graphs, times_ns, strict=True):
            window = windows[i % len(windows)]
            graph.hop(window, new_samples)  # so that it finds its own data in the caches
            began = time.perf_counter_ns()
            graph.hop(window, new_samples)
            times.append(time.perf_counter_ns() - began)
    return [min(times) / 1e6 for times in times_ns]


def _open(file: Path, literally: bool) -> Any:
    options = onnxruntime.SessionOptions()
    if literally:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(file),
        options,
        providers=["CPUExecutionProvider"],
        # A fused kernel that is slower than the two nodes it stands for.
        disabled_optimizers=["SkipLayerNormFusion"],
    )
