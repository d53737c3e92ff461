"""When an evaluation on a folder may be called a test: its speakers were kept from the run for certain."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train.corpus import find_recordings
from kws_train.folder_windows import SplitChoice, evaluation_name, windows_from
from kws_train.recipe import Recipe
from kws_train.split import Split

from kws_live.errors import InputError

from .conftest import RATE_HZ, speakers, tone_clip

TESTERS, TRAINERS = speakers("testing", 3), speakers("training", 3)


class Folder:
    """A folder of word clips, and what an evaluation on it is called."""

    def __init__(self, place: Path, recipe: Recipe, paths: Sequence[str]) -> None:
        rng = np.random.default_rng(0)
        self.root, self._recipe, self._cache = place / "words", recipe, place / "cache"
        for path in paths:
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            sf.write(self.root / path, tone_clip(300.0, rng), RATE_HZ)

    def sources(self, split: SplitChoice, moved: Mapping[str, Split] | None) -> set[str]:
        """The clips that are judged."""
        return set(windows_from([self.root], self._recipe, split, self._cache, moved).sources)

    def name(self, split: SplitChoice, moved: Mapping[str, Split] | None) -> str:
        """What goes into metrics.json."""
        windows = windows_from([self.root], self._recipe, split, self._cache, moved)
        return evaluation_name([self.root], split, windows, self._recipe, moved)


@pytest.mark.parametrize("split", ["testing", "all"])
@pytest.mark.parametrize("moved", [None, {}])
def test_the_published_test_set_is_a_test(
    tiny: Recipe, tmp_path: Path, split: SplitChoice, moved: Mapping[str, Split] | None
) -> None:
    """Nobody whose name stands before `_nohash_` is ever moved; silence has no speaker."""
    paths = [f"{w}/{s}_nohash_0.wav" for w in ("low", "high", "other") for s in TESTERS]
    folder = Folder(tmp_path, tiny, [*paths, "_silence_/0.wav", "_silence_/1.wav"])
    assert folder.name(split, moved) == "test"


def test_one_clip_by_a_training_speaker_makes_it_no_test(tiny: Recipe, tmp_path: Path) -> None:
    """Of a keyword; the other words' speakers don't matter to what a keyword's recall says."""
    paths = [f"low/{TESTERS[0]}_nohash_0.wav", f"other/{TRAINERS[0]}_nohash_0.wav"]
    folder = Folder(tmp_path, tiny, paths)
    assert folder.name("all", {}) == "test"
    folder = Folder(tmp_path, tiny, [f"low/{TRAINERS[0]}_nohash_0.wav"])
    assert folder.name("all", {}) == "folder-words"


def test_a_tenth_of_nameless_files_is_no_test(
    tiny: Recipe, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By hash they are test files, but the same voice may be in the other nine tenths."""
    caplog.set_level(logging.WARNING)
    folder = Folder(tmp_path, tiny, [f"low/{name}.wav" for name in (*TESTERS, *TRAINERS)])
    assert len(folder.sources("testing", {})) == 3
    assert "nothing tells who speaks in 3 clips: low (3)" in caplog.text
    assert folder.name("testing", {}) == "folder-words"
    assert "recorded as folder-words, not as test: for 3 of 3 keyword clips" in caplog.text


def test_the_speaker_counts_and_not_the_name_of_the_file(tiny: Recipe, tmp_path: Path) -> None:
    """In `WORD/SPEAKER/FILE` a file's name has a hash of its own, which means nothing."""
    of_testers = [f"low/{s}/{n}.wav" for s in TESTERS for n in TRAINERS]
    assert Folder(tmp_path / "a", tiny, of_testers).name("all", {}) == "test"
    of_trainers = [f"low/{s}/{n}.wav" for s in TRAINERS for n in TESTERS]
    assert Folder(tmp_path / "b", tiny, of_trainers).name("all", {}) == "folder-words"


def test_a_speaker_who_was_moved_to_training_stays_there(tiny: Recipe, tmp_path: Path) -> None:
    """Whatever the hash says, and whoever else the folder that is judged holds."""
    moved: Mapping[str, Split] = {TESTERS[0]: "training"}
    folder = Folder(tmp_path, tiny, [f"low/{s}/1.wav" for s in TESTERS])
    assert folder.name("all", moved) == "folder-words"
    assert folder.sources("testing", moved) == {f"low/{s}/1.wav" for s in TESTERS[1:]}
    assert folder.name("testing", moved) == "test"
    with pytest.raises(InputError, match="no clip belongs to the split 'testing'"):
        folder.sources("testing", dict.fromkeys(TESTERS, "training"))


def test_where_moves_are_not_recorded_a_folders_name_proves_nothing(
    tiny: Recipe, tmp_path: Path
) -> None:
    """The speaker may have been among those who were moved to training."""
    names = [*TESTERS, *TRAINERS, *speakers("validation", 1)]
    folder = Folder(tmp_path, tiny, [f"low/{s}/1.wav" for s in names])
    assert len(folder.sources("testing", None)) == len(TESTERS)
    assert folder.name("testing", None) == "folder-words"
    assert folder.name("testing", {}) == "test"


def test_clips_without_any_keyword_are_no_test(tiny: Recipe, tmp_path: Path) -> None:
    """A recall of other words alone would stand where that of the keywords is looked for."""
    folder = Folder(tmp_path, tiny, [f"other/{s}_nohash_0.wav" for s in TESTERS])
    assert {r.split for r in find_recordings([folder.root])} == {"testing"}
    assert folder.name("testing", {}) == "folder-words"
