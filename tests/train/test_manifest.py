"""What manifest.json says of the recordings."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf
from kws_train.cache import ClipStore, open_store
from kws_train.corpus import find_recordings
from kws_train.errors import FlagError
from kws_train.fit import Corpora
from kws_train.holdout import choose_splits
from kws_train.manifest import (
    moved_speakers,
    note_resumption,
    require_same_recordings,
    write_manifest,
)
from kws_train.recipe import Recipe
from kws_train.settings import ValidationSettings

from kws_live.errors import InputError

from .conftest import speakers, tone_clip


def opened(corpora: Corpora, recipe: Recipe, cache: Path) -> ClipStore:
    found = find_recordings(corpora.data, corpora.speech)
    return open_store(choose_splits(found, recipe), cache)


def manifest_of(corpora: Corpora, recipe: Recipe, folder: Path) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    write_manifest(folder, opened(corpora, recipe, folder / "cache"), recipe, ["low/a.wav"])
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


@pytest.fixture
def copy(corpora: Corpora, tmp_path: Path) -> Corpora:
    """The corpora in another place, all files written just now."""
    for folder in (*corpora.data, *corpora.speech):
        shutil.copytree(folder, tmp_path / "copy" / folder.name, copy_function=shutil.copyfile)
    return Corpora([tmp_path / "copy" / "words"], [tmp_path / "copy" / "speech"])


def test_counts_and_hashes_have_an_entry_for_each_class_and_split(
    corpora: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """Of what is used; noise and longer speech are classes of their own."""
    manifest = manifest_of(corpora, tiny, tmp_path)
    counts, hashes = manifest["counts"], manifest["hashes"]
    assert counts["low"] == {"training": 8, "validation": 3, "testing": 1}
    assert set(counts) == {"low", "high", "_unknown_", "speech", "noise"}
    assert {c: set(s) for c, s in counts.items()} == {c: set(s) for c, s in hashes.items()}
    every = [h for splits in hashes.values() for h in splits.values()]
    assert len(set(every)) == len(every)
    assert manifest["speakers_known_by"] == {"name": 38}


def test_hashes_are_of_what_is_heard(
    corpora: Corpora, copy: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """Not of where files lie, what they are called or when they were written."""
    here = manifest_of(corpora, tiny, tmp_path / "a")
    there = manifest_of(copy, tiny, tmp_path / "b")
    assert there["hashes"] == here["hashes"]
    assert there["recordings"] == here["recordings"]
    (speaker,) = speakers("testing", 1)
    file = copy.data[0] / "low" / f"{speaker}_nohash_0.flac"
    file.rename(file.with_name(f"{speaker}_nohash_9.flac"))
    renamed = manifest_of(copy, tiny, tmp_path / "c")
    assert renamed["hashes"] == here["hashes"]
    assert renamed["recordings"] != here["recordings"]


def test_one_other_clip_changes_one_hash(
    corpora: Corpora, copy: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """That of its class and split."""
    before = manifest_of(corpora, tiny, tmp_path / "a")["hashes"]
    (speaker,) = speakers("testing", 1)
    file = copy.data[0] / "low" / f"{speaker}_nohash_0.flac"
    sf.write(file, tone_clip(310, np.random.default_rng(7)), 16_000)
    after = manifest_of(copy, tiny, tmp_path / "b")["hashes"]
    changed = {(c, s) for c in before for s in before[c] if before[c][s] != after[c][s]}
    assert changed == {("low", "testing")}


def test_what_is_left_out_is_named_with_its_reason(
    copy: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """And counted; a copy says of what, a broken file what the decoder said."""
    a, b = speakers("training", 2)
    words = copy.data[0]
    shutil.copyfile(words / "low" / f"{a}_nohash_0.flac", words / "low" / f"{a}_nohash_1.flac")
    (words / "high" / f"{b}_nohash_5.wav").write_bytes(b"RIFF")
    manifest = manifest_of(copy, tiny, tmp_path / "run")
    assert manifest["left_out_counts"] == {"silent": 1, "cut": 1, "duplicate": 1, "unreadable": 1}
    assert manifest["counts"]["low"]["training"] == 8
    entries = {e["reason"]: e for e in manifest["left_out"]}
    assert entries["duplicate"] == {
        "path": f"low/{a}_nohash_1.flac",
        "split": "training",
        "reason": "duplicate",
        "note": f"low/{a}_nohash_0.flac",
    }
    assert entries["unreadable"]["path"] == f"high/{b}_nohash_5.wav"
    assert "cannot be read" in entries["unreadable"]["note"]


def test_what_is_left_out_of_one_of_two_folders_is_named_with_it(
    corpora: Corpora, copy: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """The same path is in both: without the folder nobody could tell which file to look at."""
    (name,) = (f"{s}_nohash_0.flac" for s in speakers("training", 1))
    (copy.data[0] / "low" / name).write_bytes(b"fLaC")
    other = copy.data[0].rename(tmp_path / "copy" / "mine")
    both = Corpora([*corpora.data, other], corpora.speech)
    left_out = manifest_of(both, tiny, tmp_path / "run")["left_out"]
    assert f"mine/low/{name}" in {e["path"] for e in left_out if e["reason"] == "unreadable"}
    assert {e["path"].split("/")[0] for e in left_out} == {"mine", "words"}


def test_speakers_who_are_not_where_their_hash_has_them_are_named(
    tiny: Recipe, tmp_path: Path
) -> None:
    """With the split in which the run used them: an evaluation must know that for certain."""
    rng = np.random.default_rng(1)
    anna, bert = speakers("testing", 2)
    for word, hz in (("low", 300.0), ("high", 2500.0), ("other", 900.0)):
        for speaker in (anna, bert, *speakers("training", 1)):
            (tmp_path / "words" / word / speaker).mkdir(parents=True)
            sf.write(tmp_path / "words" / word / speaker / "1.wav", tone_clip(hz, rng), 16_000)
    manifest_of(Corpora([tmp_path / "words"]), tiny, tmp_path / "run")
    moved = moved_speakers(tmp_path / "run")
    assert moved is not None
    assert list(moved.values()) == ["validation"]
    assert set(moved) < {anna, bert}


def test_a_run_in_which_nobody_moved_says_so(
    corpora: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """Which is more than a manifest, or none, that does not speak of it; held-out words move nobody."""
    recipe = replace(tiny, validation=ValidationSettings(held_out_words=("other",)))
    manifest_of(corpora, recipe, tmp_path)
    assert moved_speakers(tmp_path) == {}
    (tmp_path / "manifest.json").write_text("{}")
    assert moved_speakers(tmp_path) is None
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest\.json cannot be read"):
        moved_speakers(tmp_path)
    (tmp_path / "manifest.json").unlink()
    assert moved_speakers(tmp_path) is None


def test_words_held_out_are_named(corpora: Corpora, tiny: Recipe, tmp_path: Path) -> None:
    """And the clips that are not used for it are counted in a split of their own."""
    recipe = replace(tiny, validation=ValidationSettings(held_out_words=("other",)))
    manifest = manifest_of(corpora, recipe, tmp_path)
    assert manifest["held_out_words"] == ["other"]
    assert manifest["counts"]["_unknown_"] == {"held_out": 8, "validation": 3, "testing": 1}


def test_a_run_goes_on_with_its_recordings_only(
    copy: Corpora, tiny: Recipe, tmp_path: Path
) -> None:
    """Touching a file changes nothing; one more, one less or another in its place does."""
    manifest_of(copy, tiny, tmp_path)
    some = next((copy.data[0] / "low").iterdir())
    os.utime(some, ns=(1, 1))
    require_same_recordings(tmp_path, opened(copy, tiny, tmp_path / "cache"))
    content = some.read_bytes()
    sf.write(some, tone_clip(310, np.random.default_rng(7)), 16_000)
    with pytest.raises(FlagError, match="begun with other recordings; give --data"):
        require_same_recordings(tmp_path, opened(copy, tiny, tmp_path / "cache"))
    some.write_bytes(content)
    require_same_recordings(tmp_path, opened(copy, tiny, tmp_path / "cache"))
    some.unlink()
    with pytest.raises(FlagError, match="begun with other recordings"):
        require_same_recordings(tmp_path, opened(copy, tiny, tmp_path / "cache"))


def test_each_resumption_is_noted(tmp_path: Path) -> None:
    """From which step, in order."""
    (tmp_path / "manifest.json").write_text('{"counts": {}, "resumed": []}')
    for step in (5, 8):
        note_resumption(tmp_path, "only", step)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [(r["stage"], r["from_step"]) for r in manifest["resumed"]] == [("only", 5), ("only", 8)]
    assert manifest["counts"] == {}
