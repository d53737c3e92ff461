"""The cache of decoded recordings."""

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train import decode
from kws_train.cache import ClipStore, open_store
from kws_train.corpus import find_recordings
from kws_train.fit import Corpora

from .conftest import speakers, tone_clip


def counted_open(corpora: Corpora, cache: Path) -> tuple[ClipStore, int]:
    """The store, and how many recordings were decoded for it."""
    decoded: list[int] = []
    recordings = find_recordings(corpora.data, corpora.speech)
    store = open_store(recordings, cache, lambda done, total: decoded.append(done))
    return store, len(decoded)


def test_recordings_are_decoded_once(corpora: Corpora, tmp_path: Path) -> None:
    """The second time, the same samples come from the memory-mapped file."""
    first, n_first = counted_open(corpora, tmp_path)
    second, n_second = counted_open(corpora, tmp_path)
    assert (n_first, n_second) == (len(first), 0)
    assert isinstance(second.samples.base, np.memmap)
    assert np.array_equal(first.samples, second.samples)
    assert np.array_equal(first.spans, second.spans)


@pytest.mark.parametrize("suffix", [".s16", ".npz"])
def test_a_cache_that_lost_a_file_is_made_again(
    corpora: Corpora, tmp_path: Path, suffix: str
) -> None:
    """Deleting either of a set's two files costs time and nothing else."""
    first, n = counted_open(corpora, tmp_path)
    expected = np.array(first.samples)
    (lost,) = tmp_path.glob(f"*{suffix}")
    lost.unlink()
    again, n_again = counted_open(corpora, tmp_path)
    assert n_again == n
    assert np.array_equal(again.samples, expected)


def test_a_store_sent_to_another_process_maps_the_same_file(
    corpora: Corpora, tmp_path: Path
) -> None:
    """Workers that are not forked get the name of the file, not a copy of all audio."""
    store, _ = counted_open(corpora, tmp_path)
    sent = pickle.dumps(store)
    assert len(sent) < store.samples.nbytes / 10
    again = pickle.loads(sent)
    assert isinstance(again.samples.base, np.memmap)
    assert np.array_equal(again.clip(3), store.clip(3))


def test_each_clip_is_its_file(corpora: Corpora, tmp_path: Path) -> None:
    """A row of the store holds exactly its file's samples."""
    store, _ = counted_open(corpora, tmp_path)
    for i in (0, len(store) // 2, len(store) - 1):
        expected, _ = sf.read(store.recordings[i].file, dtype="int16")
        assert np.array_equal(store.clip(i), expected)


def test_silent_and_cut_clips_are_counted(corpora: Corpora, tmp_path: Path) -> None:
    """The corpus holds one of each; noise and speech are not judged."""
    store, _ = counted_open(corpora, tmp_path)
    assert store.fault_counts() == {"silent": 1, "cut": 1}


def test_an_interrupted_decoding_leaves_no_cache(tmp_path: Path) -> None:
    """A failure half-way leaves no file behind, and the next run decodes again."""
    for name in ("a", "b"):
        path = tmp_path / "data" / "low" / f"{name}_nohash_0.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, np.zeros(160), 16_000)
    found = find_recordings([tmp_path / "data"])

    def fail(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_store(found, tmp_path / "cache", fail)
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(open_store(found, tmp_path / "cache").samples) == 320


def written(root: Path, **clips: np.ndarray | bytes) -> Path:
    """A folder of one word with these clips; bytes are written as they are."""
    for name, clip in clips.items():
        path = root / "low" / f"{name}_nohash_0.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(clip, bytes):
            path.write_bytes(clip)
        else:
            sf.write(path, clip, 16_000)
    return root


def test_a_broken_file_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are there; the second time, from the cache, it is said again."""
    root = written(tmp_path / "data", a=b"not audio", b=tone_clip(300, np.random.default_rng(0)))
    for _ in range(2):
        caplog.clear()
        store = open_store(find_recordings([root]), tmp_path / "cache")
        assert store.faults == ["unreadable", ""]
        assert store.length(0) == 0
        assert store.length(1) == 16_000
        assert "a_nohash_0.wav cannot be read" in store.notes[0]
        assert "left out 1 files that cannot be read, such as this: " in caplog.text


def test_files_that_hold_nothing(tmp_path: Path) -> None:
    """No bytes can't be read, a header without samples is empty, and zeros are silent."""
    header = tmp_path / "header.wav"
    sf.write(header, np.zeros(0), 16_000)
    root = written(tmp_path / "d", a=b"", b=header.read_bytes(), c=np.zeros(16_000))
    store = open_store(find_recordings([root]), tmp_path / "cache")
    assert store.faults == ["unreadable", "empty", "silent"]
    assert len(open_store(find_recordings([written(tmp_path / "e", a=b"")]), tmp_path)) == 1


def test_a_link_to_nothing_is_unreadable(tmp_path: Path) -> None:
    """As git-annex leaves one for each file that it hasn't fetched; once it is there, it is read."""
    root = written(tmp_path / "data", b=tone_clip(300, np.random.default_rng(0)))
    (root / "low" / "a_nohash_0.wav").symlink_to(tmp_path / "annexed")
    store = open_store(find_recordings([root]), tmp_path / "cache")
    assert store.faults == ["unreadable", ""]
    assert "a_nohash_0.wav cannot be read" in store.notes[0]
    sf.write(tmp_path / "annexed", tone_clip(500, np.random.default_rng(1)), 16_000, format="WAV")
    assert open_store(find_recordings([root]), tmp_path / "cache").faults == ["", ""]


def test_names_that_are_no_utf_8_are_decoded_and_kept(tmp_path: Path) -> None:
    """Nothing on the way needs a name to be text."""
    name = os.fsdecode(b"caf\xe9")
    (tmp_path / "data" / "low").mkdir(parents=True)
    for i in range(2):
        path = tmp_path / "data" / "low" / f"{name}_nohash_{i}.wav"
        sf.write(os.fsencode(path), tone_clip(300, np.random.default_rng(0)), 16_000, format="WAV")
    store = open_store(find_recordings([tmp_path / "data"]), tmp_path / "cache")
    assert [r.speaker for r in store.recordings] == [name, name]
    assert store.faults == ["", "duplicate"]
    assert store.notes == {1: f"low/{name}_nohash_0.wav"}


def test_hours_are_decoded_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples, hash, peak and silence of the whole are found block by block, whatever breaks off."""
    monkeypatch.setattr(decode, "BLOCK_FRAMES", 1000)
    x = (np.random.default_rng(0).uniform(-0.2, 0.2, 40_077) * 32_767).astype(np.int16)
    x[30_000] = -20_000
    late = np.zeros(40_000, np.int16)
    late[-1600:] = 3000
    broken = x.astype(np.float32) / 32_768
    broken[-1] = np.nan
    for name, samples in {"a": x, "b": broken, "c": late, "d": 0 * late}.items():
        (tmp_path / "talk").mkdir(exist_ok=True)
        subtype = "FLOAT" if samples.dtype == np.float32 else "PCM_16"
        sf.write(tmp_path / "talk" / f"{name}.wav", samples, 16_000, subtype=subtype)
    store = open_store(find_recordings([], [tmp_path / "talk"]), tmp_path / "cache")
    assert store.faults == ["", "unreadable", "", "silent"]
    assert [store.length(i) for i in range(4)] == [40_077, 0, 40_000, 40_000]
    assert np.array_equal(store.clip(0), x)
    assert np.array_equal(store.clip(2), late)
    assert store.peaks.tolist() == [20_000, 0, 3000, 0]
    assert store.digests[0].tobytes() == hashlib.sha256(x.tobytes()).digest()[:16]
    assert store.spans.tolist() == [[0, 40_077], [0, 0], [0, 40_000], [0, 40_000]]


def test_speech_shorter_than_a_window_is_left_out(tmp_path: Path) -> None:
    """No window can be cut from it; noise is repeated instead."""
    for kind in ("speech", "noise"):
        (tmp_path / kind).mkdir()
        for name, n in (("a", 15_999), ("b", 16_000)):
            x = 0.1 * np.random.default_rng(n).standard_normal(n)
            sf.write(tmp_path / kind / f"{name}.wav", x, 16_000)
    found = find_recordings([], [tmp_path / "speech"], [tmp_path / "noise"])
    store = open_store(found, tmp_path / "cache")
    assert {r.file: f for r, f in zip(store.recordings, store.faults, strict=True) if f} == {
        tmp_path / "speech" / "a.wav": "short"
    }


def test_silent_speech_is_left_out_and_silent_noise_is_not(tmp_path: Path) -> None:
    """Crops of it would teach that silence is an unknown word."""
    for kind in ("speech", "noise"):
        (tmp_path / kind).mkdir()
        sf.write(tmp_path / kind / "a.wav", np.zeros(32_000), 16_000)
    found = find_recordings([], [tmp_path / "speech"], [tmp_path / "noise"])
    store = open_store(found, tmp_path / "cache")
    assert {r.kind: f for r, f in zip(store.recordings, store.faults, strict=True)} == {
        "speech": "silent",
        "noise": "",
    }


def test_the_same_samples_in_another_format_are_a_copy(tmp_path: Path) -> None:
    """Under another name and as FLAC of 24 bits: the first is kept, the other says of which."""
    x = tone_clip(300, np.random.default_rng(0))
    root = written(tmp_path / "data", a=x)
    as_stored, _ = sf.read(root / "low" / "a_nohash_0.wav")
    sf.write(root / "low" / "a_nohash_7.flac", as_stored, 16_000, subtype="PCM_24")
    store = open_store(find_recordings([root]), tmp_path / "cache")
    assert store.faults == ["", "duplicate"]
    assert store.notes == {1: "low/a_nohash_0.wav"}


def test_of_a_copy_across_splits_training_loses_it(tmp_path: Path) -> None:
    """A clip that is in training and validation, under two names, only judges."""
    x = tone_clip(300, np.random.default_rng(0))
    trains, judges = speakers("training", 1)[0], speakers("validation", 1)[0]
    root = written(tmp_path / "data", **{trains: x, judges: x})
    store = open_store(find_recordings([root]), tmp_path / "cache")
    faults = {r.split: f for r, f in zip(store.recordings, store.faults, strict=True)}
    assert faults == {"training": "duplicate", "validation": ""}


def test_a_digest_is_of_the_samples(corpora: Corpora, tmp_path: Path) -> None:
    """The same wherever the files lie and whenever they were written, and another for each clip."""
    root = tmp_path / "elsewhere"
    shutil.copytree(corpora.data[0], root, copy_function=shutil.copyfile)
    here, _ = counted_open(corpora, tmp_path / "a")
    there = open_store(find_recordings([root], corpora.speech), tmp_path / "b")
    assert np.array_equal(here.digests, there.digests)
    assert len(np.unique(here.digests, axis=0)) == len(here)


def test_a_copy_in_another_folder_is_noted_with_that_folder(tmp_path: Path) -> None:
    """Or a clip would seem to be a copy of itself."""
    x = tone_clip(300, np.random.default_rng(0))
    roots = [written(tmp_path / name, a=x) for name in ("mine", "yours")]
    store = open_store(find_recordings(roots), tmp_path / "cache")
    assert store.faults == ["", "duplicate"]
    assert store.notes == {1: "mine/low/a_nohash_0.wav"}


def test_only_labels_contradict_each_other(tmp_path: Path) -> None:
    """One clip in two folders of words that are to be ignored is wrong in neither."""
    for word in ("cat", "_unknown_", "go"):
        path = tmp_path / "data" / word / "a_nohash_0.wav"
        path.parent.mkdir(parents=True)
        sf.write(path, tone_clip(300, np.random.default_rng(word == "go")), 16_000)
    sf.write(path.with_name("b_nohash_0.wav"), tone_clip(900, np.random.default_rng(2)), 16_000)
    shutil.copy(path.with_name("b_nohash_0.wav"), tmp_path / "data" / "cat" / "b_nohash_0.wav")
    store = open_store(find_recordings([tmp_path / "data"]), tmp_path / "cache", keywords=["go"])
    assert dict(zip((r.path for r in store.recordings), store.faults, strict=True)) == {
        "_unknown_/a_nohash_0.wav": "",
        "cat/a_nohash_0.wav": "duplicate",
        "cat/b_nohash_0.wav": "contradiction",
        "go/a_nohash_0.wav": "",
        "go/b_nohash_0.wav": "contradiction",
    }
