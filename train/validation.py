"""The un-augmented windows that a model is judged by."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL, Int16Array

from .cache import ClipStore
from .plan import Pools
from .recipe import Recipe
from .windows import centred_window, draw_crop, silent_window, to_float, to_int16


@dataclass(frozen=True)
class LabelledWindows:
    """Windows with their classes.

    Attributes:
        clips: int16 [n, 16000].
        labels: int64 [n], numbers of the recipe's labels.
        sources: For each window the recording it is from, with `@sample` if it is a crop.
    """

    clips: Int16Array
    labels: npt.NDArray[np.int64]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.labels)


def word_windows(store: ClipStore, recipe: Recipe, pools: Pools) -> LabelledWindows:
    """Return each word clip of the pools once, its middle second as it was recorded."""
    clips, labels, sources = [], [], []
    for number, label in enumerate(recipe.labels):
        for rows in pools.words[label].values():
            for i in rows:
                clips.append(centred_window(store.clip(i)))
                labels.append(number)
                sources.append(store.recordings[i].path)
    stacked = np.stack(clips) if clips else np.zeros((0, 16_000), np.int16)
    return LabelledWindows(stacked, np.array(labels, dtype=np.int64), sources)


def validation_windows(store: ClipStore, recipe: Recipe, pools: Pools) -> LabelledWindows:
    """Return word windows, crops of longer speech as `_unknown_`, and silent windows.

    There are as many crops, and as many silent windows, as clips of an average keyword; both are
    drawn from a fixed generator, from recordings of the same split.
    """
    words = word_windows(store, recipe, pools)
    rng = np.random.default_rng((recipe.seed, 2**31))
    n_keywords = len(recipe.keywords)
    average = max(1, int(np.sum(words.labels < n_keywords)) // n_keywords)
    clips, labels, sources = [], [], []
    for i in rng.choice(pools.speech, average) if len(pools.speech) else ():
        crop, at = draw_crop(store.clip(i), int(store.peaks[i]), rng)
        clips.append(crop)
        labels.append(recipe.labels.index(UNKNOWN_LABEL))
        sources.append(f"{store.recordings[i].path}@{at}")
    for _ in range(average):
        noise, source = None, "made noise"
        if len(pools.noise):
            i = int(rng.choice(pools.noise))
            crop, at = draw_crop(store.clip(i), int(store.peaks[i]), rng)
            noise, source = to_float(crop), f"{store.recordings[i].path}@{at}"
        clips.append(to_int16(silent_window(noise, rng)))
        labels.append(recipe.labels.index(SILENCE_LABEL))
        sources.append(source)
    return LabelledWindows(
        np.concatenate([words.clips, np.stack(clips)]),
        np.concatenate([words.labels, np.array(labels, dtype=np.int64)]),
        words.sources + sources,
    )
