"""Any sample rate in, 16 kHz out, two milliseconds later."""

from math import ceil, gcd

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from kws_live.types import SAMPLE_RATE_HZ, Float32Array

Int64Array = npt.NDArray[np.int64]

_PASSBAND = 0.925
"""Share of the slower rate's band that passes: 7.4 of 8 kHz."""
_STOPBAND_DB = 70.0
"""Damping from as far beyond the band's edge on; what folds back between stays above the passband."""
_FRAME_S = 0.02
"""Windows end at multiples of this, as each model's frames do, so none waits for a frame to fill."""
_MOST_TOGETHER = 20
"""Outputs that share a matrix: more share their inputs better, fewer have fewer zeros in it."""


class Resampler:
    """A windowed-sinc filter, evaluated at the times of the output.

    Where the two rates meet again after some samples (at 44.1 kHz: 441 in, 160 out), the same weights
    return; so a frame of the output is a product of a few small matrices with stretches of the
    input. A frame is complete half a filter, 1.8 ms, after its last sample sounded. Resamplers that
    work on spectra (soxr, say) hold samples back until a block of theirs is full: 5 to 41 ms.

    Each frame is computed by products of one shape, so the output does not depend on how the input
    is cut into blocks, to the bit.

    The filter is Kaiser's: Oppenheim and Schafer, Discrete-Time Signal Processing, section 7.5.
    """

    def __init__(self, rate_hz: int) -> None:
        """Design the filter for an input of `rate_hz`."""
        self._rate_hz = rate_hz
        meet_hz = gcd(rate_hz, SAMPLE_RATE_HZ)
        period_out = SAMPLE_RATE_HZ // meet_hz
        periods = max(1, round(_FRAME_S * meet_hz))
        self._frame_in = periods * rate_hz // meet_hz
        self._frame_out = periods * period_out
        # Groups of outputs have weights of their own; where rates meet within a group, all share one.
        together = gcd(self._frame_out, _MOST_TOGETHER)
        distinct = max(1, period_out // gcd(period_out, together))
        repeats = self._frame_out // together // distinct
        first_out = np.arange(distinct * repeats).reshape(repeats, distinct).T * together
        first_in = first_out * rate_hz // SAMPLE_RATE_HZ
        self._half = ceil(_half_s(rate_hz) * rate_hz)
        width = 2 * self._half + ceil(together * rate_hz / SAMPLE_RATE_HZ) + 1
        self._weights = _weights(
            rate_hz, first_out[:, 0], first_in[:, 0], together, width, self._half
        )
        self._at = first_in[..., np.newaxis] + np.arange(width)
        self._span = int(self._at.max()) + 1
        # The first output lies at the first input: half the filter sees what was before.
        self._waiting: Float32Array = np.zeros(self._half, dtype=np.float32)
        self._received = 0
        self._given = 0

    def push(self, samples: Float32Array) -> Float32Array:
        """Return the output, float32 [m] at 16 kHz, of which the whole input is now there.

        Args:
            samples: float32 [n], what follows on the last call's; n may be 0.
        """
        self._received += len(samples)
        waiting = np.concatenate([self._waiting, samples])
        frames = max(0, (len(waiting) - self._span) // self._frame_in + 1)
        self._waiting = waiting[frames * self._frame_in :].copy()
        if not frames:
            return self._waiting[:0]
        spans = sliding_window_view(waiting, self._span)[: frames * self._frame_in : self._frame_in]
        # [frames, distinct, repeats, together] → the order of the output
        products = np.take(spans, self._at, axis=1) @ self._weights
        self._given += frames * self._frame_out
        return products.swapaxes(1, 2).reshape(-1)

    def flush(self) -> Float32Array:
        """Return the rest of the output, float32 [m], as if silence followed; the object is done with."""
        left = round(self._received * SAMPLE_RATE_HZ / self._rate_hz) - self._given
        silence = np.zeros(self._span + self._frame_in * ceil(left / self._frame_out), np.float32)
        return self.push(silence)[:left]


def _half_s(rate_hz: int) -> float:
    """Return how long half the filter must be for its transition and damping, by Kaiser's formula, in s."""
    transition_hz = (1 - _PASSBAND) * min(rate_hz, SAMPLE_RATE_HZ)
    return (_STOPBAND_DB - 8) / (2.285 * 2 * np.pi * transition_hz) / 2


def _weights(
    rate_hz: int, first_out: Int64Array, first_in: Int64Array, together: int, width: int, half: int
) -> Float32Array:
    """Return [groups, width, together]: what each input weighs in each output of a group.

    Args:
        rate_hz: rate of the input.
        first_out: int [groups], index of a group's first output.
        first_in: int [groups], index of the input at or before it; `half` inputs earlier its first one.
        together: outputs of a group.
        width: inputs of a group.
        half: length of half the filter, in inputs.
    """
    outputs = first_out[:, np.newaxis] + np.arange(together)
    centres = outputs * (rate_hz / SAMPLE_RATE_HZ) - first_in[:, np.newaxis]
    distances = (np.arange(width) - half)[:, np.newaxis] - centres[:, np.newaxis]
    beta = 0.1102 * (_STOPBAND_DB - 8.7)
    window = np.i0(beta * np.sqrt(np.clip(1 - (distances / half) ** 2, 0, None)))
    window[np.abs(distances) > half] = 0
    weights = np.sinc(distances * min(1, SAMPLE_RATE_HZ / rate_hz)) * window
    # A constant stays what it is, to the last bit of an int16.
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
