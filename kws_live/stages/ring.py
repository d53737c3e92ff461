"""The last minute of audio, addressed by absolute sample index."""

import threading

import numpy as np

from kws_live.types import Int16Array


class Ring:
    """A ring of int16 samples at 16 kHz; written on kws-capture, read on kws-infer.

    Samples before the start of the stream, and before the end of the last gap, read as zeros: no
    window spans a gap.

    Args:
        capacity_samples: how much is kept.
    """

    def __init__(self, capacity_samples: int) -> None:
        self._buffer = np.zeros(capacity_samples, dtype=np.int16)
        self._capacity = capacity_samples
        self._end = 0
        self._valid_from = 0
        self._lock = threading.Lock()

    @property
    def capacity_samples(self) -> int:
        """How many samples are kept."""
        return self._capacity

    @property
    def end_sample(self) -> int:
        """Index one past the newest sample: the length of the stream so far."""
        return self._end

    def write(self, samples: Int16Array) -> None:
        """Append `samples` (int16 [n], n at most the capacity)."""
        with self._lock:
            at = self._end % self._capacity
            first = min(len(samples), self._capacity - at)
            self._buffer[at : at + first] = samples[:first]
            self._buffer[: len(samples) - first] = samples[first:]
            self._end += len(samples)

    def skip(self, samples: int) -> None:
        """Advance over `samples` that were never captured; all that came before now reads as zeros."""
        with self._lock:
            self._end += samples
            self._valid_from = self._end

    def read(self, start_sample: int, end_sample: int) -> Int16Array | None:
        """Return a copy of [start_sample, end_sample) as int16, or None where it was overwritten.

        Raises:
            ValueError: the end lies in the future.
        """
        with self._lock:
            if end_sample > self._end:
                raise ValueError(
                    f"sample {end_sample} is not there yet: the ring ends at {self._end}"
                )
            out = np.zeros(end_sample - start_sample, dtype=np.int16)
            valid_start = max(start_sample, self._valid_from)
            if valid_start >= end_sample:
                return out
            if valid_start < self._end - self._capacity:
                return None
            indices = np.arange(valid_start, end_sample) % self._capacity
            out[valid_start - start_sample :] = self._buffer[indices]
            return out
