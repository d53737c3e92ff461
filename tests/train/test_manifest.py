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
from kws_train.manifest import note_resumption, require_same_recordings, write_manifest
from kws_train.recipe import Recipe
from kws_train.settings import ValidationSettings

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
