"""The windows that a model is judged by."""

import logging
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train.cache import ClipStore, open_store
from kws_train.corpus import find_recordings
from kws_train.fit import Corpora
from kws_train.plan import Pools, pools_of
from kws_train.recipe import Recipe
from kws_train.validation import validation_windows, word_windows
from kws_train.windows import centred_window

from .conftest import RATE_HZ, speakers

#: Kinds of silence that are of no recording.
MADE = {"zeros", "faint hiss", "made noise"}


@pytest.fixture
def store(corpora: Corpora, tmp_path: Path) -> ClipStore:
    return open_store(find_recordings(corpora.data, corpora.speech), tmp_path)


def test_validation_windows_are_the_clips_as_recorded(store: ClipStore, tiny: Recipe) -> None:
    """Each validation word is there once and unchanged, with crops and silence of that split."""
    windows = validation_windows(store, tiny, pools_of(store, tiny, "validation"))
    by_path = {r.path: i for i, r in enumerate(store.recordings)}
    words = [r.path for r in store.recordings if (r.kind, r.split) == ("word", "validation")]
    assert sorted(s for s in windows.sources if s in by_path) == sorted(words)
    assert set(windows.labels) == {0, 1, 2, 3}
    for clip, source in zip(windows.clips, windows.sources, strict=True):
        if source in by_path:
            assert np.array_equal(clip, store.clip(by_path[source]))
        elif source not in MADE:
            assert store.recordings[by_path[source.split("@")[0]]].split == "validation"


@pytest.fixture
def judged_by_silence(store: ClipStore, tiny: Recipe) -> tuple[ClipStore, Recipe, Pools]:
    """So many clips of keywords that of each kind of silence there are many."""
    pools = pools_of(store, tiny, "validation")
    many = {k: {w: np.tile(rows, 60) for w, rows in v.items()} for k, v in pools.words.items()}
    return store, tiny, replace(pools, words=many)


def test_silence_is_named_by_what_it_is(
    judged_by_silence: tuple[ClipStore, Recipe, Pools],
) -> None:
    """A recording's name stands only by what can be heard in it, at the sample that it says."""
    store, recipe, pools = judged_by_silence
    windows = validation_windows(store, recipe, pools)
    by_path = {r.path: i for i, r in enumerate(store.recordings)}
    heard: dict[str, list[np.ndarray]] = {kind: [] for kind in (*MADE, "recorded")}
    for row in np.flatnonzero(windows.labels == recipe.labels.index("_silence_")):
        clip, source = windows.clips[row].astype(float), windows.sources[row]
        heard[source if source in MADE else "recorded"].append(clip)
        if source not in MADE:
            path, at = source.split("@")
            crop = store.clip(by_path[path])[int(at) : int(at) + RATE_HZ]
            whole = np.abs(clip).max() > 300  # quieter ones are mostly rounding
            assert not whole or np.corrcoef(clip, crop)[0, 1] > 0.99
    counts = {kind: len(clips) for kind, clips in heard.items()}
    assert all(counts.values())
    assert counts["recorded"] == pytest.approx(0.6 * sum(counts.values()), rel=0.15)
    assert not any(clip.any() for clip in heard["zeros"])
    assert all(0 < np.abs(clip).max() < 40 for clip in heard["faint hiss"])
    assert max(np.abs(clip).max() for clip in heard["made noise"]) > 1000


def test_without_noise_to_judge_by_a_warning_says_what_to_do(
    store: ClipStore, tiny: Recipe, caplog: pytest.LogCaptureFixture
) -> None:
    """Then all silence is made, and none of it is what a microphone hears."""
    caplog.set_level(logging.WARNING)
    pools = pools_of(store, tiny, "validation")
    validation_windows(store, tiny, pools)
    assert caplog.text == ""
    windows = validation_windows(store, tiny, replace(pools, noise=pools.noise[:0]))
    silent = windows.labels == tiny.labels.index("_silence_")
    assert {s for s, is_silent in zip(windows.sources, silent, strict=True) if is_silent} <= MADE
    assert "no noise for validation" in caplog.text
    assert "--noise" in caplog.text


def test_windows_are_held_once_while_they_are_made(
    judged_by_silence: tuple[ClipStore, Recipe, Pools],
) -> None:
    """What a large corpus needs is the array that is returned, and little beside it."""
    tracemalloc.start()
    try:
        windows = validation_windows(*judged_by_silence)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert windows.clips.nbytes > 20e6
    assert peak < 1.2 * windows.clips.nbytes


def test_of_a_long_clip_the_word_is_judged(tiny: Recipe, tmp_path: Path) -> None:
    """Of two seconds with the word at the beginning or at the end, the middle might hold none of it."""
    tone = 0.3 * np.sin(np.arange(4800) * 0.3)
    early, late = np.zeros((2, 2 * RATE_HZ))
    early[3200:8000] = late[27_000:31_800] = tone
    for speaker, x in zip(speakers("validation", 2), (early, late), strict=True):
        folder = tmp_path / "words" / "low" / speaker
        folder.mkdir(parents=True)
        sf.write(folder / "1.wav", x, RATE_HZ)
    store = open_store(find_recordings([tmp_path / "words"]), tmp_path / "cache")
    windows = word_windows(store, tiny, pools_of(store, tiny, "validation"))
    energies = np.square(windows.clips / 32768).sum(axis=1)
    assert energies == pytest.approx(np.square(tone).sum(), rel=0.01)


def test_a_clip_of_a_second_or_less_is_taken_whole() -> None:
    """Between zeros if it is short, and wherever its word is."""
    whole = np.arange(16_000, dtype=np.int16)
    assert np.array_equal(centred_window(whole, (0, 4000)), whole)
    short = centred_window(np.ones(10_001, np.int16), (0, 2000))
    assert short.sum() == 10_001
    assert abs(int(np.flatnonzero(short)[0]) - (15_999 - int(np.flatnonzero(short)[-1]))) <= 1


@pytest.mark.parametrize(
    ("span", "begins"),
    [
        ((8000, 12_000), 2000),  # the word in the middle
        ((0, 4000), 0),  # not before the clip's beginning
        ((19_000, 20_000), 4000),  # nor beyond its end
        ((1000, 20_000), 2500),  # a word of more than a second loses as much at both ends
    ],
)
def test_the_window_of_a_long_clip_lies_around_its_word(span: tuple[int, int], begins: int) -> None:
    """As far as the clip reaches."""
    x = np.arange(20_000, dtype=np.int16)
    assert np.array_equal(centred_window(x, span), x[begins : begins + 16_000])
