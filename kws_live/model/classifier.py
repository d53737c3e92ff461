"""Audio in, posteriors out, on ONNX Runtime."""

import logging
from typing import cast

import numpy as np

from kws_live.errors import ModelError
from kws_live.model.folder import ModelFolder
from kws_live.model.network import LogitStream, Network, Read
from kws_live.model.runtimes import Runtime
from kws_live.model.split import SplitWindows
from kws_live.model.whole import WholeWindows
from kws_live.types import UNKNOWN_LABEL, Float32Array, Int16Array

_log = logging.getLogger(__name__)


class Classifier:
    """The model's first runtime that passes its self-test on this CPU, opened and warm.

    Int8 can saturate on CPUs without VNNI instructions; the self-test notices, and the next runtime
    is taken, with a warning. Any thread may call; what is computed runs on the calling thread,
    without any other.

    Args:
        folder: a checked model folder.

    Attributes:
        labels: the model's classes, in the order of its outputs.
        window_samples: length of a window.
        hop_samples: step between windows.
        runtime: the runtime in use.

    Raises:
        ModelError: a file is missing, corrupt or not this model's graph, or none passes its
            self-test.
    """

    def __init__(self, folder: ModelFolder) -> None:
        self.labels = folder.labels
        self.window_samples = folder.window_samples
        self.hop_samples = folder.hop_samples
        # Posteriors under other priors (Saerens, Latinne and Decaestecker 2002).
        self._prior_logits = np.zeros(len(folder.labels), dtype=np.float32)
        self._prior_logits[folder.labels.index(UNKNOWN_LABEL)] = np.log(folder.unknown_weight)
        misses: list[str] = []
        for runtime in folder.runtimes:
            network = (
                SplitWindows(folder, runtime) if runtime.streams else WholeWindows(folder, runtime)
            )
            off = _self_test_error(folder, runtime, network)
            if off <= runtime.tolerance:
                self.runtime = runtime
                self._network: Network = network
                break
            misses.append(f"{runtime.name} is off by {off:.3f} (allowed {runtime.tolerance:.3f})")
            _log.warning("%s: %s fails its self-test on this CPU", folder.name, misses[-1])
        else:
            raise ModelError(
                f"no runtime of model {folder.path} passes its self-test on this CPU: {'; '.join(misses)}. "
                "Export the model again on this machine with kws-export, or choose another one with --model."
            )

    def posteriors(self, window: Int16Array) -> Float32Array:
        """Return the posteriors, float32 [labels] of sum 1, for one window: int16 [window_samples].

        Their prior is that of running speech: `_unknown_` counts `unknown_weight` times as much as
        in training.
        """
        return softmax(self.logits(window) + self._prior_logits)

    def span_posteriors(self, audio: Int16Array) -> Float32Array:
        """Return the posteriors of each window in a span of audio: what `posteriors` gives one by one, sooner.

        Args:
            audio: int16 [window_samples + (n - 1) · hop_samples].

        Returns:
            float32 [n, labels], within 1e-5 of `posteriors`: in float32 the order of sums depends
            on the batch.
        """
        return softmax(self._network.logits(audio) + self._prior_logits)

    def stream(self, read: Read) -> "Stream":
        """Return what infers window after window of a stream, most cheaply in order.

        Args:
            read: gives the audio, as `Ring.read` does.
        """
        return Stream(self._network.stream(read), self._prior_logits)

    def logits(self, window: Int16Array) -> Float32Array:
        """Return what the model itself gives, float32 [labels], for one window; as `posteriors` runs."""
        found: Float32Array = self._network.logits(window)[0]
        return found


class Stream:
    """One listener's windows, in order: what overlaps is computed once. One thread at a time."""

    def __init__(self, logits: LogitStream, prior_logits: Float32Array) -> None:
        self._logits = logits
        self._prior_logits = prior_logits

    def reset(self) -> None:
        """Forget what was computed: another stretch of audio begins."""
        self._logits.reset()

    def posteriors(self, end_sample: int) -> Float32Array | None:
        """Return what `Classifier.posteriors` gives for the window that ends at a hop point, sooner.

        Returns:
            float32 [labels]; equal to `Classifier.posteriors` bit for bit where convolutions and
            products are int8, and within 1e-4 where they are float32. None where the audio is gone.
        """
        logits = self._logits.logits(end_sample)
        return None if logits is None else softmax(logits + self._prior_logits)


def softmax(logits: Float32Array) -> Float32Array:
    """Return exp(logits) normalised to sum 1 along the last axis, float32 of the same shape [..., labels]."""
    greatest = np.maximum.reduce(logits, axis=-1, keepdims=True)
    exponents = np.exp(np.subtract(logits, greatest, dtype=np.float64))
    posteriors = exponents / np.add.reduce(exponents, axis=-1, keepdims=True)
    return cast(Float32Array, posteriors.astype(np.float32))


def _self_test_error(folder: ModelFolder, runtime: Runtime, network: Network) -> float:
    """Return the greatest difference of a softmax output from the one expected, 0..1."""
    expected = softmax(np.array(runtime.expected_logits, dtype=np.float32))
    hop_samples = folder.hop_samples
    padded = np.concatenate((np.zeros(hop_samples, np.int16), folder.self_test_window))
    stream = network.stream(lambda start, end: padded[start + hop_samples : end + hop_samples])
    try:
        if runtime.streams:  # so that frames are kept, as they will be
            stream.logits(folder.window_samples - hop_samples)
        logits = stream.logits(folder.window_samples)
    except ModelError:
        raise
    except Exception as error:  # as ONNX Runtime raises them, without a common base
        raise ModelError(
            f"{' and '.join(runtime.files)} of model {folder.path} can't be run on a window of "
            f"{folder.window_samples} samples: {error}. Export the model again with kws-export."
        ) from error
    assert logits is not None, "the audio is there"
    if logits.shape != (len(folder.labels),):
        raise ModelError(
            f"{runtime.files[-1]} of model {folder.path} is not the graph that kws.json describes: it gives "
            f"{logits.shape[-1]} logits for {len(folder.labels)} labels. Export the model again with kws-export."
        )
    return float(np.abs(softmax(logits) - expected).max())
