"""Shares of windows that are named rightly, each with a 95 % interval that knows who speaks.

Clips of one speaker, in one room or under one noise are right and wrong together, and a test set has
fewer of those than of clips. So they are what a bootstrap draws, not the clips; where two kinds are
shared (speakers and rooms) both are drawn, each for itself (Owen 2007, "The pigeonhole bootstrap").
A bootstrap sees nothing where nothing goes wrong, so of its interval and the exact binomial one
(Clopper and Pearson 1934) whichever reaches further stands, on either side.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.accuracy_windows import Integers, Windows
from kws_live.eval.calibration import BINS, Reliability, bins_of
from kws_live.eval.intervals import binomial_interval
from kws_live.types import Float32Array

REPLICATES = 4_000
SEED = 1
FLOAT32, INT8 = "float32", "int8"
"""The two ways to run a model, whatever its runtimes are called."""

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Interval = tuple[float, float]


class Resampling:
    """How much each cluster counts in each replicate of a bootstrap; the same for the same windows.

    Args:
        clusters: of one kind or two, as in `Windows`.
    """

    def __init__(self, clusters: Mapping[str, Sequence[str]]) -> None:
        rng = np.random.default_rng(SEED)
        self._codes: list[Integers] = []
        self._counts: list[Array] = []
        for names in clusters.values():
            kinds, codes = np.unique(np.array(names), return_inverse=True)
            even = np.full(len(kinds), 1 / len(kinds))
            self._codes.append(codes)
            self._counts.append(rng.multinomial(len(kinds), even, REPLICATES).astype(np.float64))

    def sums(self, values: Array) -> Array:
        """Return the sum of `values` [n], one for each window, in each replicate: [REPLICATES]."""
        if len(self._codes) == 1:
            counts = self._counts[0]
            table = np.bincount(self._codes[0], weights=values, minlength=counts.shape[1])
            one: Array = counts @ table
            return one
        first, second = self._counts
        cells = self._codes[0] * second.shape[1] + self._codes[1]
        size = first.shape[1] * second.shape[1]
        crossed = np.bincount(cells, weights=values, minlength=size).reshape(first.shape[1], -1)
        both: Array = ((first @ crossed) * second).sum(axis=1)
        return both

    def means(self, values: Array, among: Mask) -> Array:
        """Return the mean of `values` among some of the windows, in each replicate that has any."""
        weights = self.sums(among.astype(np.float64))
        drawn = weights > 0
        found: Array = self.sums(np.where(among, values, 0.0))[drawn] / weights[drawn]
        return found


def condition_figures(
    windows: Windows, posteriors: Mapping[str, Float32Array], labels: Sequence[str]
) -> dict[str, Any]:
    """Return what is right in one condition, in all, by class and by group, and what int8 loses.

    Args:
        windows: the condition.
        posteriors: of each runtime, [n, labels].
        labels: the model's.
    """
    resampling = Resampling(windows.clusters)
    right = {name: found.argmax(axis=1) == windows.targets for name, found in posteriors.items()}
    classes = {
        label: windows.targets == number
        for number, label in enumerate(labels)
        if np.any(windows.targets == number)
    }
    members = np.array(windows.groups)
    groups = {name: members == name for name in dict.fromkeys(windows.groups)}
    everything = np.ones(len(windows), dtype=bool)
    return {
        "windows": len(windows),
        "clusters": {kind: len(set(names)) for kind, names in windows.clusters.items()},
        "runtimes": {
            name: {
                **_share(hits, everything, resampling),
                "classes": {label: _share(hits, of, resampling) for label, of in classes.items()},
                "groups": {group: _share(hits, of, resampling) for group, of in groups.items()},
            }
            for name, hits in right.items()
        },
        "lost": _lost(right[FLOAT32], right[INT8], resampling),
    }


def calibration_figures(windows: Windows, posteriors: Float32Array) -> dict[str, Any]:
    """Return the calibration error of one runtime, with its interval and the counts behind it.

    The error of a resample is greater than that of what it was drawn from, as an estimate is greater
    than what it estimates. So the lower end is mirrored at the estimate (the basic bootstrap); the
    upper end, where too little would be claimed, stays as it is drawn (the percentile bootstrap).
    """
    reliability = Reliability.of(posteriors, windows.targets)
    ece = reliability.ece
    assert ece is not None, "a test folder has clips"
    resampling = Resampling(windows.clusters)
    bins = bins_of(posteriors)
    gaps = (posteriors.argmax(axis=1) == windows.targets) - posteriors.max(axis=1).astype(float)
    apart = sum(
        np.abs(resampling.sums(np.where(bins == number, gaps, 0.0))) for number in range(BINS)
    )
    _, high = _middle(apart / resampling.sums(np.ones(len(windows))))
    return {
        "n": len(windows),
        "ece": round(ece, 5),
        "ci95": [round(max(0.0, 2 * ece - high), 5), round(high, 5)],
        "bins": [
            {"n": int(n), "right": int(hits), "confidence": round(float(total / n), 4)}
            if n
            else {"n": 0, "right": 0, "confidence": None}
            for n, hits, total in zip(
                reliability.counts, reliability.right, reliability.confidence, strict=True
            )
        ],
    }


def _share(right: Mask, among: Mask, resampling: Resampling) -> dict[str, Any]:
    n, hits = int(among.sum()), int((right & among).sum())
    exact = binomial_interval(hits, n)
    drawn = _middle(resampling.means(right.astype(np.float64), among))
    low, high = min(exact[0], drawn[0]), max(exact[1], drawn[1])
    return {
        "n": n,
        "right": hits,
        "accuracy": round(hits / n, 5),
        "ci95": [round(low, 5), round(high, 5)],
    }


def _lost(float32: Mask, int8: Mask, resampling: Resampling) -> dict[str, Any]:
    """Return by how much fewer windows int8 names rightly, of the same windows, in shares of all."""
    n = len(float32)
    gained, lost = int((int8 & ~float32).sum()), int((float32 & ~int8).sum())
    difference = float32.astype(np.float64) - int8
    low, high = _middle(resampling.means(difference, np.ones(n, dtype=bool)))
    if not gained + lost:
        # All that is known is that what differs is rarer than one in so many windows.
        rare = binomial_interval(0, n)[1]
        low, high = -rare, rare
    return {
        "only_float32_right": lost,
        "only_int8_right": gained,
        "share": round((lost - gained) / n, 6),
        "ci95": [round(low, 6), round(high, 6)],
    }


def _middle(replicates: Array) -> Interval:
    low, high = np.percentile(replicates, (2.5, 97.5))
    return float(low), float(high)
