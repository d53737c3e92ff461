"""The cache of decoded recordings."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train.cache import ClipStore, open_store, read_clip
from kws_train.corpus import find_recordings
from kws_train.fit import Corpora

from kws_live.errors import InputError


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
    assert isinstance(second.samples, np.memmap)
    assert np.array_equal(first.samples, second.samples)
    assert np.array_equal(first.spans, second.spans)


@pytest.mark.parametrize("suffix", [".s16", ".json"])
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
    assert isinstance(again.samples, np.memmap)
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


def test_any_rate_and_channel_count_is_read(tmp_path: Path) -> None:
    """A stereo file at 44.1 kHz becomes one channel at 16 kHz, its tone at the same pitch."""
    t = np.arange(44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 1000 * t)
    sf.write(tmp_path / "a.wav", np.stack([tone, tone], axis=1), 44_100)
    x = read_clip(tmp_path / "a.wav")
    assert abs(len(x) - 16_000) <= 1
    assert abs(int(np.argmax(np.abs(np.fft.rfft(x)))) - 1000) <= 1


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    """The message names the file, so that it can be removed."""
    path = tmp_path / "low" / "a_nohash_0.wav"
    path.parent.mkdir()
    path.write_bytes(b"not audio")
    with pytest.raises(InputError, match=r"a_nohash_0\.wav cannot be read"):
        open_store(find_recordings([tmp_path]), tmp_path / "cache")


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
