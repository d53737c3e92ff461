"""How far posteriors can be believed: of all that is named with 0.9, nine in ten should be right.

The expected calibration error weighs, in bins of equal width, how far the mean posterior of the
guesses is from their share that is right (Naeini, Cooper and Hauskrecht 2015; Guo, Pleiss, Sun and
Weinberger 2017).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_live.types import Float32Array

BINS = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """The guesses on some windows, in bins of equal width by their posterior.

    Attributes:
        counts: int64 [BINS], how many guesses have a posterior in the bin; its upper edge belongs to it.
        right: int64 [BINS], how many of them are right.
        confidence: float64 [BINS], the sum of their posteriors.
    """

    counts: npt.NDArray[np.int64]
    right: npt.NDArray[np.int64]
    confidence: npt.NDArray[np.float64]

    @classmethod
    def of(cls, posteriors: Float32Array, targets: npt.NDArray[np.int64]) -> "Reliability":
        """Sort the most likely label of each window into the bins.

        Args:
            posteriors: [n, labels], each row of sum 1.
            targets: int64 [n], the right label of each.
        """
        bins = bins_of(posteriors)
        right = posteriors.argmax(axis=1) == targets
        return cls(
            counts=np.bincount(bins, minlength=BINS),
            right=np.bincount(bins[right], minlength=BINS),
            confidence=np.bincount(bins, weights=posteriors.max(axis=1), minlength=BINS),
        )

    @property
    def ece(self) -> float | None:
        """The expected calibration error, 0..1; None without any guess."""
        n = int(self.counts.sum())
        return float(np.abs(self.right - self.confidence).sum() / n) if n else None


def bins_of(posteriors: Float32Array) -> npt.NDArray[np.int64]:
    """Return the bin, int64 [n] in 0..BINS - 1, of the highest posterior in each row of [n, labels]."""
    upper = np.linspace(0.0, 1.0, BINS + 1)[1:-1]
    found: npt.NDArray[np.int64] = np.searchsorted(upper, posteriors.max(axis=1), side="left")
    return found
