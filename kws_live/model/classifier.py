"""One window in, posteriors out, on ONNX Runtime."""

import logging
from typing import Any

import numpy as np
import onnxruntime

from kws_live.errors import ModelError
from kws_live.model.folder import ModelFolder
from kws_live.types import UNKNOWN_LABEL, Float32Array, Int16Array

_log = logging.getLogger(__name__)

_INPUT = "input_values"
_OUTPUT = "logits"


class Classifier:
    """The model's first runtime file that passes its self-test on this CPU, opened and warm.

    Int8 can saturate on CPUs without VNNI instructions; the self-test notices, and the next file is
    taken, with a warning.

    Args:
        folder: a checked model folder.

    Raises:
        ModelError: a file is missing, corrupt or not this model's graph, or none passes its
            self-test.
    """

    def __init__(self, folder: ModelFolder) -> None:
        self.labels = folder.labels
        # Posteriors under other priors (Saerens, Latinne and Decaestecker 2002).
        self._prior_logits = np.zeros(len(folder.labels), dtype=np.float32)
        self._prior_logits[folder.labels.index(UNKNOWN_LABEL)] = np.log(folder.unknown_weight)
        misses: list[str] = []
        for name in folder.runtime_files:
            self._session = _open(folder, name)
            off = self._self_test_error(folder, name)
            if off <= folder.self_test.tolerance[name]:
                self.file = name
                break
            misses.append(
                f"{name} is off by {off:.3f} (allowed {folder.self_test.tolerance[name]:.3f})"
            )
            _log.warning("%s: %s fails its self-test on this CPU", folder.name, misses[-1])
        else:
            raise ModelError(
                f"no file of model {folder.path} passes its self-test on this CPU: {'; '.join(misses)}. "
                "Export the model again on this machine with kws-export, or choose another one with --model."
            )

    def posteriors(self, window: Int16Array) -> Float32Array:
        """Return the posteriors, float32 [labels] of sum 1, for one window: int16 [window_samples].

        Their prior is that of running speech: `_unknown_` counts `unknown_weight` times as much as
        in training. Runs on the calling thread, without any other.
        """
        return softmax(self.logits(window) + self._prior_logits)

    def logits(self, window: Int16Array) -> Float32Array:
        """Return what the model itself gives, float32 [labels], for one window; as `posteriors` runs."""
        audio = window.astype(np.float32) / np.float32(32768.0)
        (logits,) = self._session.run([_OUTPUT], {_INPUT: audio[np.newaxis, :]})
        found: Float32Array = logits[0]
        return found

    def _self_test_error(self, folder: ModelFolder, name: str) -> float:
        """Return the greatest difference of a softmax output from the one expected, 0..1."""
        expected = softmax(np.array(folder.self_test.expected[name], dtype=np.float32))
        try:
            found = softmax(self.logits(folder.self_test.window))
        except Exception as error:  # as above
            raise ModelError(
                f"{folder.path / name} can't be run on a window of {folder.window_samples} samples: "
                f"{error}. Export the model again with kws-export."
            ) from error
        return float(np.abs(found - expected).max())


def softmax(logits: Float32Array) -> Float32Array:
    """Return exp(logits) normalised to sum 1, float32 of the same shape [labels]."""
    exponents = np.exp(logits.astype(np.float64) - logits.max())
    posteriors: Float32Array = (exponents / exponents.sum()).astype(np.float32)
    return posteriors


def _open(folder: ModelFolder, name: str) -> Any:
    options = onnxruntime.SessionOptions()
    # One thread, no spinning: a second thread's spinning costs a third of a core at ten windows a
    # second.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    content = folder.read_file(name)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises its own hierarchy, without a common base
        raise ModelError(
            f"ONNX Runtime can't open {folder.path / name}: {error}. Export the model again with kws-export."
        ) from error
    inputs = [value.name for value in session.get_inputs()]
    outputs = {value.name: value.shape for value in session.get_outputs()}
    if inputs != [_INPUT] or outputs.get(_OUTPUT, [])[-1:] != [len(folder.labels)]:
        raise ModelError(
            f"{folder.path / name} is not the graph that kws.json describes: it maps {inputs} to {outputs}, expected "
            f"[{_INPUT!r}] to {_OUTPUT!r} with {len(folder.labels)} labels. Export the model again with kws-export."
        )
    return session
