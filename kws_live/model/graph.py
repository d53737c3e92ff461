"""One ONNX graph, open on ONNX Runtime."""

from typing import Any

import numpy as np
import onnxruntime

from kws_live.errors import ModelError
from kws_live.model.folder import ModelFolder
from kws_live.types import Float32Array, Int16Array

_FULL_SCALE = np.float32(1 / 32_768)
_BATCH = 8
"""Windows a graph gets at a time. Measured of heads: from 4 to 16 each costs the same, one alone half as much again."""


class Graph:
    """A graph with one float32 input and one float32 output; any thread may run it, each for itself.

    Args:
        folder: a checked model folder.
        file: the graph's name in it.
        takes: name of its input.
        gives: name of its output.

    Raises:
        ModelError: the file is missing, corrupt, or no such graph.
    """

    def __init__(self, folder: ModelFolder, file: str, takes: str, gives: str) -> None:
        self.path = folder.path / file
        self._takes, self._outputs = takes, [gives]
        self._session = _open(folder, file)
        inputs = [value.name for value in self._session.get_inputs()]
        outputs = [value.name for value in self._session.get_outputs()]
        if inputs != [takes] or gives not in outputs:
            raise ModelError(
                f"{self.path} is not the graph that kws.json describes: it maps {inputs} to {outputs}, expected "
                f"[{takes!r}] to [{gives!r}]. Export the model again with kws-export."
            )

    def run(self, values: Float32Array) -> Float32Array:
        """Return what the graph makes of `values`, on the calling thread alone."""
        found: Float32Array = self._session.run(self._outputs, {self._takes: values})[0]
        return found

    def run_each(self, windows: Float32Array, batches: bool) -> Float32Array:
        """Return what the graph makes of many windows, float32 [n, ...].

        Args:
            windows: float32 [n, ...], at least one; a view will do, a batch of it is copied at a time.
            batches: whether several may share a call, as `Runtime.batches` says.
        """
        step = _BATCH if batches else 1
        starts = range(0, len(windows), step)
        return np.concatenate(
            [self.run(np.ascontiguousarray(windows[at : at + step])) for at in starts]
        )


def waveform(samples: Int16Array) -> Float32Array:
    """Return int16 of any shape as graphs take it: float32 of the same shape in [-1, 1)."""
    return np.multiply(samples, _FULL_SCALE, dtype=np.float32)


def _open(folder: ModelFolder, file: str) -> Any:
    options = onnxruntime.SessionOptions()
    # One thread, no spinning: a second thread's spinning costs a third of a core at ten windows a
    # second.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    content = folder.read_file(file)
    try:
        return onnxruntime.InferenceSession(
            content,
            options,
            providers=["CPUExecutionProvider"],
            # A fused kernel that is slower than the two nodes it stands for: 5 % of a head.
            disabled_optimizers=["SkipLayerNormFusion"],
        )
    except Exception as error:  # ONNX Runtime raises its own hierarchy, without a common base
        raise ModelError(
            f"ONNX Runtime can't open {folder.path / file}: {error}. Export the model again with kws-export."
        ) from error
