"""Any rate and channel count in, mono int16 at 16 kHz out."""

import numpy as np

from kws_live.stages.resampler import Resampler
from kws_live.types import SAMPLE_RATE_HZ, Block, Float32Array, Int16Array

_FULL_SCALE = 32768
_EMPTY = np.zeros(0, dtype=np.int16)


class Frontend:
    """Mixes down and resamples in float32 and rounds to int16 once, whatever the block size.

    Audio that is already mono int16 at 16 kHz comes out bit for bit.
    """

    def __init__(self) -> None:
        self._rate_hz = 0
        self._resampler: Resampler | None = None

    def push(self, block: Block) -> Int16Array:
        """Return the int16 [n] samples at 16 kHz that `block` completes; n may be 0.

        A block of another rate than the one before continues with a fresh resampler: call `flush`
        first.
        """
        if block.rate_hz != self._rate_hz:
            self._rate_hz = block.rate_hz
            self._resampler = None if block.rate_hz == SAMPLE_RATE_HZ else Resampler(block.rate_hz)
        samples = block.samples
        if samples.dtype == np.int16 and samples.shape[1] == 1 and self._resampler is None:
            return np.ascontiguousarray(samples[:, 0])
        mono = _mix_down(samples)
        if self._resampler is not None:
            mono = self._resampler.push(mono)
        return _to_int16(mono)

    def flush(self) -> Int16Array:
        """Return what the resampler still holds, int16 [n], and start afresh: the stream ends or breaks here."""
        tail = _EMPTY
        if self._resampler is not None:
            tail = _to_int16(self._resampler.flush())
        self._rate_hz = 0
        self._resampler = None
        return tail


def _mix_down(samples: Float32Array | Int16Array) -> Float32Array:
    """Mean over channels, [frames, channels] → float32 [frames], in units of an int16, summed in channel order."""
    if samples.shape[1] == 1:
        mono: Float32Array = samples[:, 0].astype(np.float32)
    else:
        mono = np.add(samples[:, 0], samples[:, 1], dtype=np.float32)
    for channel in range(2, samples.shape[1]):
        mono += samples[:, channel]
    mono *= np.float32((1 if samples.dtype == np.int16 else _FULL_SCALE) / samples.shape[1])
    return mono


def _to_int16(samples: Float32Array) -> Int16Array:
    """Round float32 [n], in units of an int16, in place."""
    np.rint(samples, out=samples)
    np.minimum(samples, np.float32(_FULL_SCALE - 1), out=samples)
    np.maximum(samples, np.float32(-_FULL_SCALE), out=samples)
    return samples.astype(np.int16)
