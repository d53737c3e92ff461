"""A second look: the window centred on a word that is suspected, inferred beside those on the grid.

It is taken wherever the mean over 0.3 s is above a fixed floor, so that it can be stored with the
posteriors; a word is then scored at the first hop at which its window has been heard out.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.score_variants import Array, Score
from benchmarks.stored import read_samples
from kws_live.eval.posteriors import Stored
from kws_live.model import Classifier, ModelFolder
from kws_live.stages.activity import last_word_extent

FLOOR = 0.3
_LATEST_SAMPLES = 8_000
"""A window that is heard out later than half a second after its candidate is given up."""


@dataclass(frozen=True)
class Looks:
    """Second looks at one recording.

    Attributes:
        centred: int64 [n], for each hop the end of its centred window, -1 below the floor.
        ends: int64 [m], ends of the windows that were inferred, ascending.
        posteriors: float32 [m, labels].
    """

    centred: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    posteriors: npt.NDArray[np.float32]


def look(stored: Stored, first: Array, folder: ModelFolder, kept: Path) -> Looks:
    """Return the second looks at a recording; `first` are the scores [n, keywords] that call for them."""
    if not kept.exists():
        window = folder.window_samples
        silence = np.zeros(window, dtype=np.int16)
        audio = np.concatenate((silence, read_samples(stored.path), silence))
        centred = np.full(len(first), -1, dtype=np.int64)
        for hop in np.flatnonzero(first.max(axis=1) > FLOOR):
            end = int(stored.end_samples[hop])
            start, stop = last_word_extent(audio[end : end + window])
            centred[hop] = end - window + (start + stop) // 2 + window // 2
        ends = np.unique(centred[centred >= 0])
        ends = ends[ends <= len(audio) - window]
        classifier = Classifier(replace(folder, unknown_weight=1.0))
        windows = [audio[end : end + window] for end in ends.tolist()]
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            posteriors = list(pool.map(classifier.posteriors, windows))
        np.savez(kept, centred=centred, ends=ends, posteriors=np.array(posteriors))
    with np.load(kept) as arrays:
        return Looks(arrays["centred"], arrays["ends"], arrays["posteriors"])


def with_second_look(
    first: Score, columns: Sequence[int], folder: ModelFolder, cache: Path, *, lowest: bool
) -> Score:
    """Return the score that is the lower, or the mean, of `first` and the second look's posterior."""

    def score(stored: Stored) -> Array:
        before = first(stored)
        looks = look(stored, before, folder, cache / f"{stored.path.stem}.second.npz")
        seen = dict(zip(looks.ends.tolist(), looks.posteriors[:, columns], strict=True))
        out = np.zeros_like(before)
        for hop in np.flatnonzero(looks.centred >= 0):
            end = int(looks.centred[hop])
            heard = int(np.searchsorted(stored.end_samples, max(end, stored.end_samples[hop])))
            if end not in seen or heard == len(out):
                continue
            if stored.end_samples[heard] - stored.end_samples[hop] > _LATEST_SAMPLES:
                continue
            both = np.stack((before[hop], seen[end]))
            combined = both.min(axis=0) if lowest else both.mean(axis=0)
            out[heard] = np.maximum(out[heard], combined)
        return out

    return score
