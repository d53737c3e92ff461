"""The recording is what the ring was fed, sample for sample, or an error: never a file with a hole."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.limits import disk_full_at

from kws_live.errors import OutputError
from kws_live.recorder import Recorder
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

PATIENCE_S = 10.0
MINUTE = 60 * SAMPLE_RATE_HZ


class Writing:
    """Runs a recorder on a thread of its own, as the app does; `join` gives what it raised."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._recorder.run()
        except OutputError as error:
            self.error = error

    def join(self) -> BaseException | None:
        """Wait for its end; return the error it ended with."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.error


def noise(samples: int, seed: int = 0) -> Int16Array:
    """int16 [samples] over the whole range."""
    return np.random.default_rng(seed).integers(-32_768, 32_768, samples, dtype=np.int16)


def record(path: Path, pieces: list[Int16Array | int], *, paced: bool = False) -> None:
    """Record pieces of audio, and gaps given by their length."""
    recorder = Recorder(path, paced=paced)
    writing = Writing(recorder)
    for piece in pieces:
        if isinstance(piece, int):
            recorder.gap(piece)
        else:
            recorder.write(piece)
    recorder.close()
    assert writing.join() is None


def kept(path: Path) -> Int16Array:
    """Return the samples of a recording."""
    samples, rate_hz = soundfile.read(path, dtype="int16")
    assert rate_hz == SAMPLE_RATE_HZ
    found: Int16Array = samples
    return found


@pytest.mark.parametrize("name", ["heard.wav", "heard.flac", "HEARD.WAV"])
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lengths=st.lists(st.integers(1, 5_000), min_size=1, max_size=8))
def test_what_is_read_back_is_what_was_written(
    tmp_path: Path, name: str, lengths: list[int]
) -> None:
    """Bit for bit, in pieces of any length, in both formats."""
    pieces = [noise(length, seed) for seed, length in enumerate(lengths)]
    record(tmp_path / name, [*pieces])
    assert np.array_equal(kept(tmp_path / name), np.concatenate(pieces))


@pytest.mark.parametrize("gap", [1, SAMPLE_RATE_HZ, 100_001])
def test_a_gap_is_kept_as_zeros(tmp_path: Path, gap: int) -> None:
    """So that times in the recording are times of the stream."""
    before, after = noise(1_000, 1), noise(2_000, 2)
    record(tmp_path / "heard.wav", [before, gap, after])
    expected = np.concatenate((before, np.zeros(gap, np.int16), after))
    assert np.array_equal(kept(tmp_path / "heard.wav"), expected)


@pytest.mark.parametrize("name", ["heard.mp3", "heard", "heard.", ".wav", "wav"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    """Those that there are, are named, and no file is made."""
    with pytest.raises(OutputError, match=r"Use \.wav or \.flac"):
        Recorder(tmp_path / name, paced=True)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("place", ["no/such/folder/heard.wav", "folder.wav"])
def test_a_file_that_cannot_be_made_is_an_error_at_the_start(tmp_path: Path, place: str) -> None:
    """Not after an hour of listening."""
    (tmp_path / "folder.wav").mkdir()
    with pytest.raises(OutputError, match=rf"--record {tmp_path / place}.*can't be written"):
        Recorder(tmp_path / place, paced=True)


@contextmanager
def stalled(path: Path) -> Iterator[int]:
    """Make `path` a pipe that nobody reads: writing to it stalls after a page."""
    os.mkfifo(path)
    fd = os.open(path, os.O_RDWR)
    try:
        yield fd
    finally:
        # Whoever still writes goes on, and finds nobody there.
        os.set_blocking(fd, False)
        deadline_s = time.monotonic() + 1.0
        while time.monotonic() < deadline_s:
            try:
                os.read(fd, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
        os.close(fd)


def write_until_refused(recorder: Recorder) -> tuple[int, str]:
    """Write audio as it would come, up to ten minutes; return how many samples were taken, and the error."""
    block = noise(480)
    for taken in range(0, 10 * MINUTE, len(block)):
        try:
            recorder.write(block)
        except OutputError as error:
            return taken, str(error)
    raise AssertionError("ten minutes of audio wait in memory")


def test_a_disk_that_stalls_ends_a_live_recording(tmp_path: Path) -> None:
    """The capture thread never waits for it: it gets an error when half a minute is waiting."""
    path = tmp_path / "heard.flac"
    with stalled(path):
        recorder = Recorder(path, paced=True)
        Writing(recorder)
        began_s = time.monotonic()
        taken, error = write_until_refused(recorder)
        assert 20 * SAMPLE_RATE_HZ < taken < 2 * MINUTE
        assert "disk is too slow" in error
        assert time.monotonic() - began_s < PATIENCE_S


def test_close_never_waits_for_a_disk_that_stalls(tmp_path: Path) -> None:
    """A stop is prompt although nothing can be written any more."""
    path = tmp_path / "heard.flac"
    with stalled(path):
        recorder = Recorder(path, paced=True)
        Writing(recorder)
        write_until_refused(recorder)
        began_s = time.monotonic()
        recorder.close()
        assert time.monotonic() - began_s < 0.5


def test_a_short_block_counts_less_than_a_long_one(tmp_path: Path) -> None:
    """What may wait is measured in audio: blocks of one sample are no reason to give up."""
    recorder = Recorder(tmp_path / "heard.wav", paced=True)
    sample = noise(1)
    for _ in range(SAMPLE_RATE_HZ):
        recorder.write(sample)
    recorder.close()
    assert Writing(recorder).join() is None
    assert len(kept(tmp_path / "heard.wav")) == SAMPLE_RATE_HZ


def test_a_file_is_read_no_faster_than_it_can_be_recorded(tmp_path: Path) -> None:
    """An unpaced source waits for the disk, and nothing is lost."""
    recorder = Recorder(tmp_path / "heard.wav", paced=False)
    pieces = [noise(SAMPLE_RATE_HZ, seed) for seed in range(120)]
    written: list[int] = []

    def write() -> None:
        for piece in pieces:
            recorder.write(piece)
            written.append(len(piece))

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(0.5)
    assert writer.is_alive(), "two minutes of audio do not wait in memory"
    writing = Writing(recorder)
    writer.join(PATIENCE_S)
    recorder.close()
    assert writing.join() is None
    assert np.array_equal(kept(tmp_path / "heard.wav"), np.concatenate(pieces))


@pytest.mark.parametrize("name", ["heard.wav", "heard.flac"])
def test_a_full_disk_ends_the_run_with_an_error(tmp_path: Path, name: str) -> None:
    """It names the file and says what to do, and nobody waits for room any more."""
    recorder = Recorder(tmp_path / name, paced=False)
    with disk_full_at(100_000):
        writing = Writing(recorder)
        for _ in range(120):
            recorder.write(noise(SAMPLE_RATE_HZ))
        recorder.close()
        error = writing.join()
    assert isinstance(error, OutputError)
    assert str(tmp_path / name) in str(error)
    assert "Free space" in str(error)


def test_a_disk_that_is_full_only_at_the_end_is_an_error_too(tmp_path: Path) -> None:
    """FLAC keeps its last samples until it is closed."""
    recorder = Recorder(tmp_path / "heard.flac", paced=False)
    with disk_full_at(resource.getpagesize()):
        writing = Writing(recorder)
        recorder.write(noise(3_000))
        recorder.close()
        error = writing.join()
    assert isinstance(error, OutputError)


def test_what_hears_nothing_overwrites_nothing(tmp_path: Path) -> None:
    """A device that can't be opened leaves the earlier recording, and no empty new one."""
    earlier, new = tmp_path / "earlier.wav", tmp_path / "new.wav"
    record(earlier, [noise(1_000)])
    content = earlier.read_bytes()
    for path in (earlier, new):
        record(path, [])
    assert earlier.read_bytes() == content
    assert not new.exists()


def test_where_nothing_can_be_written_is_told_at_once(tmp_path: Path) -> None:
    """Not after the first sound: a folder that is not there, a folder in the file's place."""
    (tmp_path / "folder.wav").mkdir()
    for path in (tmp_path / "none" / "heard.wav", tmp_path / "folder.wav"):
        with pytest.raises(OutputError, match="can't be written"):
            Recorder(path, paced=True)
