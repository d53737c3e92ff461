"""What a runtime's graphs compute, whichever they are: logits of windows, one by one or many at once."""

from collections.abc import Callable
from typing import Protocol

from kws_live.types import Float32Array, Int16Array

Read = Callable[[int, int], Int16Array | None]
"""Gives samples [start, end) of a stream as `Ring.read` does: None where they are gone."""


class LogitStream(Protocol):
    """The windows of one stream, in order; one thread at a time."""

    def reset(self) -> None:
        """Forget what was computed: another stretch of audio begins."""
        ...

    def logits(self, end_sample: int) -> Float32Array | None:
        """Return the logits [labels] of the window that ends at a hop point; None where its audio is gone."""
        ...


class Network(Protocol):
    """A runtime's open graphs; any thread may call, each for itself."""

    def logits(self, audio: Int16Array) -> Float32Array:
        """Return the logits, float32 [n, labels], of each window in int16 [window + (n - 1) · hop]."""
        ...

    def stream(self, read: Read) -> LogitStream:
        """Return what infers window after window of the stream that `read` reads."""
        ...
