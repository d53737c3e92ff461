"""What a model makes of windows: the one thing that every part of a report is made from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kws_live.types import Float32Array

from ..validation import LabelledWindows


@dataclass(frozen=True)
class Judged:
    """Windows, and what a model makes of them.

    Attributes:
        labels: Names of the classes, in the order of the model's outputs.
        windows: At least one; their labels are numbers of `labels`.
        posteriors: float32 [windows, classes], rows of sum 1.
    """

    labels: tuple[str, ...]
    windows: LabelledWindows
    posteriors: Float32Array

    @cached_property
    def guesses(self) -> npt.NDArray[np.int64]:
        """The most likely class of each window, int64 [windows]."""
        guesses: npt.NDArray[np.int64] = np.argmax(self.posteriors, axis=1)
        return guesses

    @cached_property
    def confidences(self) -> Float32Array:
        """The posterior of each guess, float32 [windows] in 0..1."""
        highest: Float32Array = np.max(self.posteriors, axis=1)
        return highest

    @cached_property
    def right(self) -> npt.NDArray[np.bool_]:
        """Which guesses are the truth, bool [windows]."""
        right: npt.NDArray[np.bool_] = self.guesses == self.windows.labels
        return right

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """Counts, int64 [classes, classes]; row is the truth, column the guess."""
        counts = np.zeros((len(self.labels), len(self.labels)), np.int64)
        np.add.at(counts, (self.windows.labels, self.guesses), 1)
        return counts
