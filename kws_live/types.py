"""The values that flow from capture to detection.

Everything after capture is dated in 16 kHz sample indices since the stream began ("samples" below).
Values are
immutable: they cross threads without locks.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
"""Rate of everything after the resampler."""

UNKNOWN_LABEL = "_unknown_"
SILENCE_LABEL = "_silence_"

Int16Array = npt.NDArray[np.int16]
Float32Array = npt.NDArray[np.float32]

GapReason = Literal["device_lost", "overrun"]
NearMissReason = Literal["below_threshold", "held_back"]


@dataclass(frozen=True, slots=True)
class Block:
    """What a source delivers: consecutive audio frames at the source's own rate.

    Attributes:
        samples: [frames, channels] with at least one frame; float32 in [-1, 1], or int16 as a device
            gives it.
        rate_hz: the source's own sample rate.
        arrived_ns: CLOCK_MONOTONIC time at which the last frame was there, in ns; None where time
            means nothing (an unpaced file).
    """

    samples: Float32Array | Int16Array
    rate_hz: int
    arrived_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Audio that existed and was not captured; it advances the stream by `samples` (16 kHz, ≥ 1)."""

    samples: int
    reason: GapReason


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """The device stopped delivering; the source goes on trying to open it again."""

    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceRestored:
    """The device delivers again after `lost_s` seconds without audio and `attempts` tries."""

    device: str
    lost_s: float
    attempts: int


SourceItem = Block | Gap | DeviceLost | DeviceRestored


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the ring to infer: every hop point h with start_sample < h <= end_sample."""

    start_sample: int
    end_sample: int

    def hops(self, hop_samples: int) -> range:
        """Return the hop points in the span: multiples of `hop_samples`, the absolute grid."""
        first = self.start_sample // hop_samples + 1
        last = self.end_sample // hop_samples
        return range(first * hop_samples, last * hop_samples + 1, hop_samples)


@dataclass(frozen=True, slots=True)
class GateChange:
    """The voice-activity gate opened or closed at `sample`."""

    open: bool
    sample: int


@dataclass(frozen=True, slots=True)
class Posterior:
    """The model's softmax output for the window that ends at `end_sample`: float32 [labels], sums to 1."""

    end_sample: int
    values: Float32Array


@dataclass(frozen=True, slots=True)
class Detection:
    """A keyword was said.

    Attributes:
        keyword: what the user said.
        score: smoothed posterior at the deciding window, 0..1.
        threshold: the threshold on the score that it passed.
        decided_sample: end of the deciding window.
        start_sample: estimated first sample of the word.
        end_sample: estimated last sample of the word, exclusive.
    """

    keyword: str
    score: float
    threshold: float
    decided_sample: int
    start_sample: int
    end_sample: int


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A keyword's score reached its release and fell again without a detection.

    Attributes:
        keyword: what the user may have said.
        score: its highest smoothed posterior, 0..1.
        threshold: the score it needed.
        release: the score from which on it counts as near.
        reason: `below_threshold`, or `held_back`: the score was high enough, but another keyword's was
            higher, another had just been detected, or the same one was not re-armed yet.
        peak_sample: end of the first window with that score.
        start_sample: estimated first sample of the word.
        end_sample: estimated last sample of the word, exclusive.
    """

    keyword: str
    score: float
    threshold: float
    release: float
    reason: NearMissReason
    peak_sample: int
    start_sample: int
    end_sample: int
