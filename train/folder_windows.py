"""The word clips of folders that a trained model is judged by, and what such an evaluation proves."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from kws_live.errors import InputError
from kws_live.types import SILENCE_LABEL

from .cache import open_store
from .corpus import Recording, find_recordings
from .holdout import warn_of_unknown_speakers, with_both_splits
from .plan import pools_of
from .recipe import Recipe
from .split import Split
from .validation import LabelledWindows, word_windows

log = logging.getLogger(__name__)

#: What `evaluate` can be asked for; `all` is for folders that hold nothing but test clips.
SplitChoice = Literal["validation", "testing", "all"]


def windows_from(
    data: Sequence[Path],
    recipe: Recipe,
    split: SplitChoice,
    cache_dir: Path,
    moved: Mapping[str, Split] | None = None,
) -> LabelledWindows:
    """Return each word clip of some folders that belongs to a split; none that can be read is left out.

    Warns where nothing tells who speaks and the split is to be one of speakers.

    Args:
        data: The folders.
        recipe: Of the run.
        split: Whose clips.
        cache_dir: Where decoded audio is kept.
        moved: What `manifest.moved_speakers` says of the run; if it does not know, the speakers
            of these folders are divided as if they alone had been trained on.

    Raises:
        InputError: A folder cannot be read, or holds no clip of that split.
    """
    recordings = _as_the_run_split_them(find_recordings(data), recipe, moved)
    if split != "all":
        warn_of_unknown_speakers(
            [r for r in recordings if r.split == split and r.word != SILENCE_LABEL]
        )
    store = open_store(recordings, cache_dir)
    splits: tuple[Split, ...] = () if split == "all" else (split,)
    windows = word_windows(store, recipe, pools_of(store, recipe, *splits, with_faulty=True))
    if not len(windows):
        raise InputError(
            f"{', '.join(map(str, data))}: no clip belongs to the split {split!r}. "
            "If the folder holds nothing but test clips, use --split all"
        )
    return windows


def _as_the_run_split_them(
    recordings: Sequence[Recording], recipe: Recipe, moved: Mapping[str, Split] | None
) -> list[Recording]:
    if moved is None:
        return with_both_splits(recordings, recipe.keywords)
    return [
        replace(r, split=moved.get(r.speaker, r.split)) if r.kind == "word" else r
        for r in recordings
    ]


def evaluation_name(
    data: Sequence[Path],
    split: SplitChoice,
    windows: LabelledWindows,
    recipe: Recipe,
    moved: Mapping[str, Split] | None = None,
) -> str:
    """Return what an evaluation on some folders is called in `metrics.json`.

    A `test` is one whose keyword clips are all of speakers that the run kept for tests. Any other goes
    by the folders' names, also where `--split test` asked for it: then a warning says why.

    Args:
        data: The folders.
        split: Whose clips were asked for.
        windows: What `windows_from` made of them.
        recipe: Of the run.
        moved: What `manifest.moved_speakers` says of the run. If it does not know, only names as
            in Speech Commands prove anything: `fit` moves nobody who has one.
    """
    if split == "validation":
        return "validation-clips"
    keywords = [
        r
        for r, label in zip(windows.recordings, windows.labels, strict=True)
        if label < len(recipe.keywords)
    ]
    doubtful = [r for r in keywords if not _kept_for_tests(r, moved is not None)]
    if keywords and not doubtful:
        return "test"
    name = "-".join(["folder", *sorted({p.resolve().name for p in data})])
    if split == "testing":
        example = f", such as {doubtful[0].file}" if doubtful else ""
        log.warning(
            "this is recorded as %s, not as test: for %d of %d keyword clips nothing proves that the run did not hear "
            "their speaker%s",
            *(name, len(doubtful), len(keywords), example),
        )
    return name


def _kept_for_tests(recording: Recording, moves_known: bool) -> bool:
    """Whether it is certain that no model of the run trained on this speaker or was chosen by them."""
    known = recording.known_by == "name" or (moves_known and recording.known_by != "file")
    return known and recording.split == "testing"
