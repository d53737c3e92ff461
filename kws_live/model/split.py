"""Models that stream: the encoder's frames of one window serve the next.

A frame is a function of its own samples alone, and windows begin a multiple of the stride apart, so
a frame computed once is right for every window that it lies in.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from kws_live.errors import ModelError
from kws_live.model.folder import ModelFolder
from kws_live.model.graph import Graph, waveform
from kws_live.model.network import Read
from kws_live.model.runtimes import Runtime
from kws_live.types import Float32Array, Int16Array

_ENCODED_HOPS = 16
"""Hops the encoder gets at a time in a long span. Measured: from 8 to 24 each costs the same."""


class SplitWindows:
    """A runtime of two graphs, samples → frames and frames of a window → logits. A `Network`.

    Args:
        folder: a checked model folder.
        runtime: one of its runtimes, of two files.

    Raises:
        ModelError: a file is missing, corrupt, or no such graph.
    """

    def __init__(self, folder: ModelFolder, runtime: Runtime) -> None:
        encoder, head = runtime.files
        self._encoder = Graph(folder, encoder, "input_values", "frames")
        self._head = Graph(folder, head, "frames", "logits")
        self._field_samples = folder.receptive_field_samples
        self._hop_samples = folder.hop_samples
        self._batches = runtime.batches
        self.window_samples = folder.window_samples
        self.stride_samples = folder.stride_samples
        self.window_frames = self._frames_in(folder.window_samples)

    def logits(self, audio: Int16Array) -> Float32Array:
        """See `Network`."""
        frames = self._encode_span(audio)
        # [n, channels, window_frames], a view.
        windows = sliding_window_view(frames, self.window_frames, axis=0)
        windows = windows[:: self._hop_samples // self.stride_samples]
        return self._head.run_each(windows.swapaxes(1, 2), self._batches)

    def stream(self, read: Read) -> "FrameStream":
        """See `Network`."""
        return FrameStream(self, read)

    def encode(self, audio: Int16Array) -> Float32Array:
        """Return the frames, float32 [n, channels], that lie wholly in int16 samples.

        Raises:
            ModelError: they are not as many as `kws.json` says, or the graph can't be run.
        """
        frames: Float32Array = self._encoder.run(waveform(audio)[np.newaxis])[0]
        if len(frames) != self._frames_in(len(audio)):
            raise ModelError(
                f"{self._encoder.path} is not the graph that kws.json describes: it makes {len(frames)} frames of "
                f"{len(audio)} samples, expected {self._frames_in(len(audio))}. Export the model again with kws-export."
            )
        return frames

    def head(self, frames: Float32Array) -> Float32Array:
        """Return the logits, float32 [n, labels], of windows of frames, float32 [n, window_frames, channels]."""
        return self._head.run(frames)

    def _frames_in(self, samples: int) -> int:
        return (samples - self._field_samples) // self.stride_samples + 1

    def _encode_span(self, audio: Int16Array) -> Float32Array:
        count = self._frames_in(len(audio))
        step = _ENCODED_HOPS * self._hop_samples // self.stride_samples
        pieces = []
        for first in range(0, count, step):
            last = min(first + step, count) - 1
            start, end = first * self.stride_samples, last * self.stride_samples
            pieces.append(self.encode(audio[start : end + self._field_samples]))
        return np.concatenate(pieces)


class FrameStream:
    """Window after window, each computed from the frames that the one before lacks. A `LogitStream`."""

    def __init__(self, network: SplitWindows, read: Read) -> None:
        self._network = network
        self._read = read
        self._frames: Float32Array | None = None
        """float32 [1, window_frames, channels] of the window that ends at `_end_sample`."""
        self._end_sample = 0

    def reset(self) -> None:
        """See `LogitStream`."""
        self._frames = None

    def logits(self, end_sample: int) -> Float32Array | None:
        """See `LogitStream`."""
        network = self._network
        advance = (end_sample - self._end_sample) // network.stride_samples
        kept = network.window_frames - advance
        if self._frames is None or not 0 < advance < network.window_frames:
            kept = 0
        start_sample = end_sample - network.window_samples + kept * network.stride_samples
        audio = self._read(start_sample, end_sample)
        if audio is None:
            self._frames = None
            return None
        new = network.encode(audio)
        if self._frames is None:
            self._frames = np.empty((1, network.window_frames, new.shape[1]), dtype=np.float32)
        frames = self._frames[0]
        if kept:
            frames[:kept] = frames[advance:]
        frames[kept:] = new
        self._end_sample = end_sample
        found: Float32Array = network.head(self._frames)[0]
        return found
