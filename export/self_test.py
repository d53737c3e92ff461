"""One window whose logits the daemon compares at start, so that a CPU that computes wrongly is noticed."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import soundfile

from kws_live.model.classifier import softmax
from kws_live.types import SAMPLE_RATE_HZ, Float32Array, Int16Array

from .checkpoint import Checkpoint
from .measure import Graph
from .run_folder import WINDOW_SAMPLES
from .runtimes import Runtime

STEP_SAMPLES = 1600
TELLING_POSTERIOR = 0.8
"""Where the softmax is still steep: a window the model is certain of hides what is off in its logits."""


@dataclass(frozen=True)
class SelfTest:
    """What each runtime must answer to one window on a healthy CPU.

    Attributes:
        window: int16 [WINDOW_SAMPLES].
        logits: float32 [labels] for each runtime, by its name.
    """

    window: Int16Array
    logits: Mapping[str, Float32Array]

    def window_as_json(self) -> dict[str, str]:
        """Return the `self_test` table of `kws.json`."""
        window = self.window.astype("<i2").tobytes()
        return {"window_int16_base64": base64.b64encode(window).decode()}

    def as_json(self, runtime: Runtime) -> dict[str, Any]:
        """Return the `self_test` table of a runtime in `kws.json`."""
        return {
            "logits": [round(float(x), 6) for x in self.logits[runtime.name]],
            "tolerance": runtime.tolerance,
        }


def make_self_test(checkpoint: Checkpoint, graph: Graph, runtimes: Sequence[Runtime]) -> SelfTest:
    """Return a test of the given runtimes; `graph` is the checkpoint as float32 ONNX.

    The logits expected are those that the files mean, not those that this machine's instructions make of them: a
    model exported on a CPU whose int8 sums saturate must not teach that to the others.
    """
    window = choose_window(checkpoint, graph)
    return SelfTest(
        window,
        {x.name: Graph(x.meaning, literally=True).logits(window[np.newaxis])[0] for x in runtimes},
    )


def choose_window(checkpoint: Checkpoint, graph: Graph) -> Int16Array:
    """Return the second of the demo recording that tells most about a model: int16 [WINDOW_SAMPLES].

    It is the one in which the model hears a keyword with a posterior nearest to TELLING_POSTERIOR. The demo is
    spoken by synthetic voices: a window of the training data would publish a person's recording with every model.
    """
    samples = _demo()
    starts = range(0, len(samples) - WINDOW_SAMPLES + 1, STEP_SAMPLES)
    windows = np.stack([samples[start : start + WINDOW_SAMPLES] for start in starts])
    found = softmax(graph.logits(windows))
    keywords = [checkpoint.labels.index(keyword) for keyword in checkpoint.keywords]
    best = found[:, keywords].max(axis=1)
    telling: Int16Array = windows[np.abs(best - TELLING_POSTERIOR).argmin()]
    return telling


def _demo() -> Int16Array:
    with resources.files("kws_live").joinpath("demo/demo.flac").open("rb") as file:
        samples, rate_hz = soundfile.read(file, dtype="int16")
    if rate_hz != SAMPLE_RATE_HZ or samples.ndim != 1:
        raise ValueError(f"the demo recording must be mono at {SAMPLE_RATE_HZ} Hz")
    result: Int16Array = samples
    return result
