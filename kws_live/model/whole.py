"""Models that can't stream: every window is computed whole."""

from numpy.lib.stride_tricks import sliding_window_view

from kws_live.model.folder import ModelFolder
from kws_live.model.graph import Graph, waveform
from kws_live.model.network import Read
from kws_live.model.runtimes import Runtime
from kws_live.types import Float32Array, Int16Array


class WholeWindows:
    """A runtime of one graph, samples → logits. A `Network`.

    Args:
        folder: a checked model folder.
        runtime: one of its runtimes, of one file.

    Raises:
        ModelError: the file is missing, corrupt, or no such graph.
    """

    def __init__(self, folder: ModelFolder, runtime: Runtime) -> None:
        self._graph = Graph(folder, runtime.files[0], "input_values", "logits")
        self.window_samples = folder.window_samples
        self._hop_samples = folder.hop_samples
        self._batches = runtime.batches

    def logits(self, audio: Int16Array) -> Float32Array:
        """See `Network`."""
        windows = sliding_window_view(waveform(audio), self.window_samples)[:: self._hop_samples]
        return self._graph.run_each(windows, self._batches)

    def stream(self, read: Read) -> "WholeWindowStream":
        """See `Network`."""
        return WholeWindowStream(self, read)


class WholeWindowStream:
    """Window after window, with nothing kept between them. A `LogitStream`."""

    def __init__(self, network: WholeWindows, read: Read) -> None:
        self._network = network
        self._read = read

    def reset(self) -> None:
        """See `LogitStream`."""

    def logits(self, end_sample: int) -> Float32Array | None:
        """See `LogitStream`."""
        window = self._read(end_sample - self._network.window_samples, end_sample)
        return None if window is None else self._network.logits(window)[0]
