"""What is said when there is too little to train on."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train.cache import ClipStore, open_store
from kws_train.checks import require_readable, require_words
from kws_train.corpus import find_recordings
from kws_train.holdout import choose_splits
from kws_train.plan import pools_of
from kws_train.recipe import Recipe
from kws_train.settings import ValidationSettings
from kws_train.split import two_way_split

from kws_live.errors import InputError

from .conftest import TONES_HZ, speakers, tone_clip


def store_of(root: Path, files: Mapping[str, Sequence[str]], recipe: Recipe) -> ClipStore:
    """A folder of words, each file with a tone of its own; a name with `broken` can't be read."""
    rng = np.random.default_rng(1)
    for word, names in files.items():
        (root / word).mkdir(parents=True)
        for name in names:
            path = root / word / f"{name}.wav"
            path.parent.mkdir(exist_ok=True)
            if "broken" in name:
                path.write_bytes(b"RIFF")
            else:
                sf.write(path, tone_clip(TONES_HZ.get(word, 700.0), rng), 16_000)
    return open_store(choose_splits(find_recordings([root]), recipe), root.parent / "cache")


def check(store: ClipStore, recipe: Recipe) -> None:
    require_readable(store, recipe)
    pools = (pools_of(store, recipe, "training"), pools_of(store, recipe, "validation"))
    require_words(store, recipe, *pools)


GOOD = {"low": ["a/1", "b/1"], "high": ["a/1", "b/1"], "other": ["a/1", "b/1"]}


def test_two_speakers_are_enough(tiny: Recipe, tmp_path: Path) -> None:
    """Little, but each keyword can be trained on one and judged by the other."""
    check(store_of(tmp_path / "d", GOOD, tiny), tiny)


def test_files_without_speakers_are_enough(tiny: Recipe, tmp_path: Path) -> None:
    """A user's own `computer/*.wav`: each file counts as a speaker."""
    files = {word: [f"{word}{i}" for i in range(4)] for word in ("low", "high", "other")}
    check(store_of(tmp_path / "d", files, tiny), tiny)


def test_a_keyword_by_one_speaker_is_an_error_that_says_what_to_do(
    tiny: Recipe, tmp_path: Path
) -> None:
    """Nobody is in training and in validation; others are needed, or the name is left out."""
    one = GOOD | {"low": ["a/1", "a/2", "a/3"]}
    with pytest.raises(
        InputError,
        match=r"no usable \w+ clip of 'low'\. All recordings are by one speaker, a, who can't be in both "
        r"training and validation\. Add clips of others \(low/SPEAKER/FILE.*leave the name out",
    ):
        check(store_of(tmp_path / "d", one, tiny), tiny)


def test_another_word_by_one_speaker_is_none(tiny: Recipe, tmp_path: Path) -> None:
    """Words to be ignored need no validation each."""
    check(store_of(tmp_path / "d", GOOD | {"third": ["a/1"]}, tiny), tiny)


def test_an_empty_class_is_named(tiny: Recipe, tmp_path: Path) -> None:
    """With the words that there are, and the one that may have been meant."""
    files = {"lows": GOOD["low"], "low": [], "high": GOOD["high"], "other": GOOD["other"]}
    with pytest.raises(
        InputError,
        match=r"no usable training clip of 'low'\. Each keyword needs a folder of its name in "
        r"--data, with clips in it\. Did you mean 'lows'\? There are clips of high, lows, other",
    ):
        check(store_of(tmp_path / "d", files, tiny), tiny)


def test_a_few_broken_files_are_no_obstacle(tiny: Recipe, tmp_path: Path) -> None:
    """They are left out; half of a class may be broken."""
    files = GOOD | {"low": ["a/1", "b/1", "a/broken1", "b/broken2"]}
    store = store_of(tmp_path / "d", files, tiny)
    check(store, tiny)
    assert store.fault_counts() == {"unreadable": 2}


def test_a_class_that_is_mostly_broken_is_an_error(tiny: Recipe, tmp_path: Path) -> None:
    """As after a download that failed; an example says why."""
    files = GOOD | {"low": ["a/1", "b/1", "a/broken1", "b/broken2", "c/broken3"]}
    with pytest.raises(
        InputError, match=r"3 of 5 files of low cannot be read, such as this: .*broken1\.wav cannot"
    ):
        check(store_of(tmp_path / "d", files, tiny), tiny)


def test_clips_that_are_all_at_fault_are_counted(tiny: Recipe, tmp_path: Path) -> None:
    """Where nothing is left of a word, the reasons are."""
    store_of(tmp_path / "d", GOOD, tiny)
    for file in (tmp_path / "d" / "low").glob("*/1.wav"):
        sf.write(file, np.zeros(16_000), 16_000)
    store = open_store(choose_splits(find_recordings([tmp_path / "d"]), tiny), tmp_path / "c")
    with pytest.raises(InputError, match="None of its 2 clips can be used: 2 silent"):
        check(store, tiny)


def test_synthetic_voices_alone_do_not_judge(tiny: Recipe, tmp_path: Path) -> None:
    """A word that only they say needs people; beside them, one person is one speaker."""
    voices = ["synthetic-a_nohash_0", "synthetic-b_nohash_0"]
    with pytest.raises(InputError, match="synthetic voices, which only train"):
        check(store_of(tmp_path / "d", GOOD | {"low": voices}, tiny), tiny)
    with pytest.raises(InputError, match="All recordings are by one speaker, a,"):
        check(store_of(tmp_path / "e", GOOD | {"low": ["a/1", *voices]}, tiny), tiny)


def test_the_published_split_may_leave_a_word_without_validation(
    tiny: Recipe, tmp_path: Path
) -> None:
    """Speakers named as in Speech Commands stay where it has them; more are needed."""
    names = [f"{s}_nohash_0" for s in speakers("training", 3)]
    with pytest.raises(InputError, match=r"as in Speech Commands: 3 in training\. Add clips of mo"):
        check(store_of(tmp_path / "d", GOOD | {"low": names}, tiny), tiny)


def test_keywords_alone_are_refused(tiny: Recipe, tmp_path: Path) -> None:
    """Without other words a model would take every word for a keyword."""
    with pytest.raises(InputError, match="no folder of other words"):
        check(store_of(tmp_path / "d", {w: GOOD[w] for w in ("low", "high")}, tiny), tiny)


def test_words_that_are_all_held_out_are_not_missing(tiny: Recipe, tmp_path: Path) -> None:
    """There is another word; the recipe keeps it from training."""
    recipe = replace(tiny, validation=ValidationSettings(held_out_words=("other",)))
    with pytest.raises(InputError, match=r"all words but the keywords \(other\) are held out"):
        check(store_of(tmp_path / "d", GOOD, recipe), recipe)


def test_keywords_alone_do_not_judge(tiny: Recipe, tmp_path: Path) -> None:
    """Synthetic voices teach what to ignore; whether that was learned only people can tell."""
    voices = GOOD | {"other": ["synthetic-a_nohash_0", "synthetic-b_nohash_0"]}
    with pytest.raises(InputError, match=r"left for validation.*with --speech.*only train"):
        check(store_of(tmp_path / "d", voices, tiny), tiny)


def test_longer_speech_judges_what_is_to_be_ignored(tiny: Recipe, tmp_path: Path) -> None:
    """Without any other word by a person, if one of its speakers validates."""
    voices = GOOD | {"other": ["synthetic-a_nohash_0", "synthetic-b_nohash_0"]}
    store_of(tmp_path / "d", voices, tiny)
    judge = next(n for n in map(str, range(99)) if two_way_split(n) == "validation")
    (tmp_path / "s" / judge).mkdir(parents=True)
    x = tone_clip(500, np.random.default_rng(0), length_s=3)
    sf.write(tmp_path / "s" / judge / "talk.wav", x, 16_000)
    found = find_recordings([tmp_path / "d"], [tmp_path / "s"])
    check(open_store(choose_splits(found, tiny), tmp_path / "cache"), tiny)
