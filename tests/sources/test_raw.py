"""Raw samples on standard input."""

import itertools
import os
import pty
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kws_live.errors import InputError
from kws_live.sources.raw import RawStdinSource
from kws_live.types import SAMPLE_RATE_HZ, Block, Int16Array

PCM = np.random.default_rng(3).integers(-32_768, 32_767, 5_000, dtype=np.int16)


class Pipe:
    """A pipe with a writer of its own thread."""

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        self._writer: threading.Thread | None = None

    def send(self, *parts: bytes, pause_s: float = 0.0) -> None:
        """Write the parts and close."""

        def write() -> None:
            with os.fdopen(self.write_fd, "wb", buffering=0) as file:
                for part in parts:
                    file.write(part)
                    time.sleep(pause_s)

        self._writer = threading.Thread(target=write)
        self._writer.start()

    def close(self) -> None:
        """Wait for the writer and close."""
        if self._writer is not None:
            self._writer.join()
        else:
            os.close(self.write_fd)
        os.close(self.read_fd)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def samples_of(items: list[object]) -> Int16Array:
    assert all(isinstance(item, Block) for item in items)
    return np.concatenate([item.samples for item in items if isinstance(item, Block)])


@settings(max_examples=30, deadline=None)
@given(
    block_frames=st.sampled_from([1, 3, 480, 16_000]),
    cuts=st.lists(st.integers(0, 2 * len(PCM)), max_size=10),
)
def test_samples_are_the_same_however_they_come(block_frames: int, cuts: list[int]) -> None:
    """Writes of any size, samples and blocks cut across them."""
    data = PCM.tobytes()
    edges = sorted({0, len(data), *cuts})
    pipe = Pipe()
    try:
        pipe.send(*(data[a:b] for a, b in itertools.pairwise(edges)))
        items = list(RawStdinSource(pipe.read_fd, block_frames).items())
    finally:
        pipe.close()
    assert np.array_equal(samples_of(items)[:, 0], PCM)
    assert {len(i.samples) for i in items[:-1] if isinstance(i, Block)} <= {block_frames}


def test_blocks_are_mono_at_16_khz(pipe: Pipe) -> None:
    """As int16 [frames, 1], without an arrival, for a pipe has no clock."""
    pipe.send(PCM.tobytes())
    source = RawStdinSource(pipe.read_fd, 480)
    block, *_ = source.items()
    assert isinstance(block, Block)
    assert (block.samples.shape, block.rate_hz, block.arrived_ns) == ((480, 1), 16_000, None)
    assert not source.paced


def test_a_redirected_file_is_read(tmp_path: Path) -> None:
    """`< speech.raw` is as good as a pipe."""
    (tmp_path / "speech.raw").write_bytes(PCM.tobytes())
    with (tmp_path / "speech.raw").open("rb") as file:
        items = list(RawStdinSource(file.fileno(), 480).items())
    assert np.array_equal(samples_of(items)[:, 0], PCM)


def test_a_block_comes_as_soon_as_it_is_whole(pipe: Pipe) -> None:
    """A live writer isn't made to fill a larger buffer first."""
    os.write(pipe.write_fd, PCM[:480].tobytes())
    assert isinstance(next(RawStdinSource(pipe.read_fd, 480).items()), Block)


def test_realtime_holds_back_what_comes_early(pipe: Pipe) -> None:
    """A file sent all at once is delivered at its own pace, and dated so."""
    pipe.send(PCM[:1_600].tobytes())
    began_ns = time.monotonic_ns()
    items = list(RawStdinSource(pipe.read_fd, 160, realtime=True).items())
    assert time.monotonic_ns() - began_ns >= 100_000_000
    arrived_ns = [item.arrived_ns or 0 for item in items if isinstance(item, Block)]
    assert set(np.diff(arrived_ns)) == {10_000_000}


def test_realtime_dates_what_comes_late_when_it_comes(pipe: Pipe) -> None:
    """The audio of a slow writer has arrived when it has been written, not when it was due."""
    pipe.send(PCM[:160].tobytes(), PCM[:160].tobytes(), pause_s=0.2)
    first, second = (
        item.arrived_ns or 0
        for item in RawStdinSource(pipe.read_fd, 160, realtime=True).items()
        if isinstance(item, Block)
    )
    assert second - first > 150_000_000


def test_input_cut_in_the_middle_of_a_sample_is_noticed(pipe: Pipe) -> None:
    """All whole samples come first, and then the error says how much there was."""
    pipe.send(PCM.tobytes()[:2_001])
    source = RawStdinSource(pipe.read_fd, 480)
    items = source.items()
    assert len(samples_of(list(itertools.islice(items, 3)))) == 1_000
    with pytest.raises(InputError, match=r"middle of a sample: 2001 bytes.*All 1000 whole"):
        next(items)


def test_empty_input_is_refused(pipe: Pipe) -> None:
    """Nothing at all is a mistake, not silence."""
    pipe.send()
    with pytest.raises(InputError, match="Standard input is empty"):
        next(RawStdinSource(pipe.read_fd, 480).items())


@pytest.mark.parametrize("magic", [b"RIFF", b"fLaC", b"OggS"])
@pytest.mark.parametrize("block_frames", [1, 480])
def test_an_audio_file_is_not_raw_samples(pipe: Pipe, magic: bytes, block_frames: int) -> None:
    """`cat speech.wav |` would be heard at the wrong rate, from a header that clicks."""
    pipe.send(magic[:2], magic[2:] + bytes(2_000), pause_s=0.02)
    with pytest.raises(InputError, match=r"not raw samples.*--input FILE"):
        next(RawStdinSource(pipe.read_fd, block_frames).items())


def test_a_terminal_is_refused() -> None:
    """Someone who forgot the pipe isn't left waiting."""
    master_fd, slave_fd = pty.openpty()
    try:
        with pytest.raises(InputError, match="terminal"):
            next(RawStdinSource(slave_fd, 480).items())
    finally:
        os.close(master_fd)
        os.close(slave_fd)


@pytest.mark.parametrize("realtime", [False, True])
def test_stop_ends_a_wait_for_input(pipe: Pipe, realtime: bool) -> None:
    """The writer is silent and keeps the pipe open, a byte of a sample behind it."""
    os.write(pipe.write_fd, PCM[:480].tobytes() + b"x")
    source = RawStdinSource(pipe.read_fd, 480, realtime)
    items = source.items()
    next(items)
    threading.Timer(0.05, source.stop).start()
    began_s = time.monotonic()
    assert list(items) == []
    assert time.monotonic() - began_s < 1.0


def test_the_reader_sets_the_pace(pipe: Pipe) -> None:
    """A writer ahead of us waits in the pipe; nothing is thrown away."""
    second = bytes(SAMPLE_RATE_HZ * 2)
    pipe.send(*[second] * 20)
    source = RawStdinSource(pipe.read_fd, 16_000)
    frames = 0
    for item in source.items():
        assert isinstance(item, Block)
        frames += len(item.samples)
        time.sleep(0.005)
    assert frames == 20 * SAMPLE_RATE_HZ
