"""The un-augmented windows that a model is judged by."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt

from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL, Int16Array

from .cache import ClipStore
from .corpus import Recording
from .names import names_of
from .plan import Pools, Rows
from .recipe import Recipe
from .windows import (
    WINDOW_SAMPLES,
    centred_window,
    draw_crop,
    draw_silence,
    to_float,
    to_int16,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LabelledWindows:
    """Windows with their classes.

    Attributes:
        clips: int16 [n, 16000].
        labels: int64 [n], numbers of the recipe's labels.
        sources: What each window is of: the name of a recording, with `@sample` if it is a crop
            of it; of what no recording holds, the kind of silence.
        recordings: The recording of each window if all are whole word clips, else none.
    """

    clips: Int16Array
    labels: npt.NDArray[np.int64]
    sources: list[str]
    recordings: Sequence[Recording] = ()

    def __len__(self) -> int:
        return len(self.labels)


#: One window: int16 [16000], the number of its label, its source.
_Window = tuple[Int16Array, int, str]


def word_windows(store: ClipStore, recipe: Recipe, pools: Pools) -> LabelledWindows:
    """Return each word clip of the pools once, as it was recorded: of a long one, the second around its word."""
    words = _labelled_rows(recipe, pools)
    windows = _gathered(len(words), _words(store, words, names_of(store.recordings)))
    return replace(windows, recordings=[store.recordings[row] for _, row in words])


def validation_windows(store: ClipStore, recipe: Recipe, pools: Pools) -> LabelledWindows:
    """Return word windows, crops of longer speech as `_unknown_`, and silent windows.

    There are as many crops, and as many silent windows, as clips of an average keyword; both are
    drawn from a fixed generator, from recordings of the same split. Warns if no noise is among them.
    """
    if not len(pools.noise):
        log.warning(
            "no noise for validation: silence is judged by made noise alone, not by what is heard where the model "
            "is to listen. Give more recordings with --noise: about a tenth of them validates"
        )
    words = _labelled_rows(recipe, pools)
    names = names_of(store.recordings)
    rng = np.random.default_rng((recipe.seed, 2**31))
    n_keywords = len(recipe.keywords)
    average = max(1, sum(label < n_keywords for label, _ in words) // n_keywords)
    crops = rng.choice(pools.speech, average) if len(pools.speech) else pools.speech
    return _gathered(
        len(words) + len(crops) + average,
        chain(
            _words(store, words, names),
            _crops(store, crops, recipe.labels.index(UNKNOWN_LABEL), names, rng),
            _silences(store, pools.noise, average, recipe.labels.index(SILENCE_LABEL), names, rng),
        ),
    )


def _labelled_rows(recipe: Recipe, pools: Pools) -> list[tuple[int, int]]:
    """Return (number of the label, row of the store) of each word clip."""
    return [
        (number, int(row))
        for number, label in enumerate(recipe.labels)
        for rows in pools.words[label].values()
        for row in rows
    ]


def _words(
    store: ClipStore, words: Sequence[tuple[int, int]], names: Sequence[str]
) -> Iterator[_Window]:
    for label, row in words:
        yield centred_window(store.clip(row), store.spans[row]), label, names[row]


def _crops(
    store: ClipStore, rows: Rows, label: int, names: Sequence[str], rng: np.random.Generator
) -> Iterator[_Window]:
    for row in rows:
        crop, at = draw_crop(store.clip(row), int(store.peaks[row]), rng)
        yield crop, label, f"{names[row]}@{at}"


def _silences(
    store: ClipStore,
    rows: Rows,
    count: int,
    label: int,
    names: Sequence[str],
    rng: np.random.Generator,
) -> Iterator[_Window]:
    """Yield silent windows; a recording is drawn for each, though some will be of none."""
    for _ in range(count):
        noise, recorded = None, ""
        if len(rows):
            row = int(rng.choice(rows))
            crop, at = draw_crop(store.clip(row), int(store.peaks[row]), rng)
            noise, recorded = to_float(crop), f"{names[row]}@{at}"
        window, kind = draw_silence(noise, rng)
        yield to_int16(window), label, recorded if kind == "recorded noise" else kind


def _gathered(n: int, windows: Iterable[_Window]) -> LabelledWindows:
    """Return n windows in one array, which is all the memory that they need while they are made."""
    clips, labels = np.empty((n, WINDOW_SAMPLES), np.int16), np.empty(n, np.int64)
    sources = []
    for i, (clip, label, source) in zip(range(n), windows, strict=True):
        clips[i], labels[i] = clip, label
        sources.append(source)
    return LabelledWindows(clips, labels, sources)
