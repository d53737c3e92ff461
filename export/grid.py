"""Where the frames of a convolutional front lie in windows, and windows in a stream."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kws_live.types import SAMPLE_RATE_HZ

from .run_folder import WINDOW_SAMPLES

_HOP_SAMPLES = SAMPLE_RATE_HZ // 10


@dataclass(frozen=True)
class Grid:
    """The geometry of a model.

    Attributes:
        stride_samples: between two frames.
        receptive_field_samples: what one frame sees.
    """

    stride_samples: int
    receptive_field_samples: int

    @classmethod
    def of(cls, kernels: Sequence[int], strides: Sequence[int]) -> "Grid":
        """Return that of a stack of convolutions."""
        field, step = 1, 1
        for kernel, stride in zip(kernels, strides, strict=True):
            field += (kernel - 1) * step
            step *= stride
        return cls(math.prod(strides), field)

    @property
    def hop_samples(self) -> int:
        """Step between windows: the multiple of the stride next to 100 ms, so that windows share frames."""
        return max(1, round(_HOP_SAMPLES / self.stride_samples)) * self.stride_samples

    @property
    def hop_frames(self) -> int:
        """Frames that a window has and the one before has not."""
        return self.hop_samples // self.stride_samples

    @property
    def window_frames(self) -> int:
        """Frames of a window."""
        return (WINDOW_SAMPLES - self.receptive_field_samples) // self.stride_samples + 1

    @property
    def new_samples(self) -> int:
        """Samples at the end of a window from which the frames come that the window before has not."""
        return WINDOW_SAMPLES - max(0, self.window_frames - self.hop_frames) * self.stride_samples
