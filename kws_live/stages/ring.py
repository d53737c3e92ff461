"""The last minute of audio, addressed by absolute sample index."""

import threading
from bisect import bisect_left
from collections import deque

import numpy as np

from kws_live.types import Int16Array


class Ring:
    """A ring of int16 samples at 16 kHz; written on kws-capture, read on kws-infer.

    A read returns the stretch of audio that its end belongs to; what lies before the start of that
    stretch, the start of the stream or the end of a gap, reads as zeros: no window spans a gap.

    Args:
        capacity_samples: how much is kept.
    """

    def __init__(self, capacity_samples: int) -> None:
        self._buffer = np.zeros(capacity_samples, dtype=np.int16)
        self._capacity = capacity_samples
        self._end = 0
        self._stretch_starts: deque[int] = deque([0])
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
            if first < len(samples):
                self._buffer[: len(samples) - first] = samples[first:]
            self._end += len(samples)

    def skip(self, samples: int) -> None:
        """Advance over `samples` that were never captured, and begin a new stretch behind them."""
        with self._lock:
            self._end += samples
            self._stretch_starts.append(self._end)
            oldest = self._end - self._capacity
            while len(self._stretch_starts) > 1 and self._stretch_starts[1] <= oldest:
                self._stretch_starts.popleft()

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
            stretch = bisect_left(self._stretch_starts, end_sample) - 1
            valid_start = max(start_sample, self._stretch_starts[max(stretch, 0)])
            if valid_start >= end_sample:
                return out
            if valid_start < self._end - self._capacity:
                return None
            valid = out[valid_start - start_sample :]
            at = valid_start % self._capacity
            first = min(len(valid), self._capacity - at)
            valid[:first] = self._buffer[at : at + first]
            valid[first:] = self._buffer[: len(valid) - first]
            return out
