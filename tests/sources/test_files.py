"""Audio files as a source: what they give, and what is said of those that can't."""

import itertools
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_live.errors import InputError
from kws_live.sources.files import FileSource
from kws_live.types import Block, Float32Array

RATE_HZ = 44_100
FRAMES = 100_000
PCM = np.random.default_rng(7).integers(-32_768, 32_767, (FRAMES, 2), dtype=np.int16)


def written(path: Path, **options: str) -> Path:
    soundfile.write(path, PCM, RATE_HZ, **options)
    return path


def cut(path: Path, kept: float) -> Path:
    """Cut a file off after a part of its bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * kept)])
    return path


def blocks(source: FileSource) -> list[Block]:
    items = list(source.items())
    assert all(isinstance(item, Block) for item in items)
    return [item for item in items if isinstance(item, Block)]


def until_error(source: FileSource) -> tuple[Float32Array, str]:
    """Return all samples of a source, and the error it ends with."""
    parts = []
    items = source.items()
    try:
        for item in items:
            assert isinstance(item, Block)
            parts.append(item.samples)
    except InputError as error:
        return np.concatenate(parts), str(error)
    raise AssertionError("the source ended without an error")


@pytest.mark.parametrize("name", ["speech.wav", "speech.flac"])
@pytest.mark.parametrize("block_frames", [7, 480, 16_000, FRAMES + 1])
def test_16_bit_samples_are_exact_at_any_block_size(
    tmp_path: Path, name: str, block_frames: int
) -> None:
    """A sample is its 16-bit value; every block but the last is full."""
    source = FileSource(written(tmp_path / name), block_frames)
    got = blocks(source)
    assert np.array_equal(np.concatenate([b.samples for b in got]), PCM)
    assert {len(b.samples) for b in got[:-1]} <= {block_frames}
    assert {(b.rate_hz, b.arrived_ns, b.samples.dtype.name) for b in got} == {
        (RATE_HZ, None, "int16")
    }
    assert source.duration_s == FRAMES / RATE_HZ
    assert source.name == f"{name}, 44100 Hz, 2 ch"
    assert not source.paced


@pytest.mark.parametrize("subtype", ["PCM_24", "FLOAT"])
def test_finer_samples_than_16_bits_keep_their_fineness(tmp_path: Path, subtype: str) -> None:
    """They come as float32, full scale being 1."""
    fine = (PCM / 32_768 + 2.0**-20).clip(-1, 1 - 2.0**-20)
    soundfile.write(tmp_path / "fine.wav", fine, RATE_HZ, subtype=subtype)
    samples = np.concatenate([b.samples for b in blocks(FileSource(tmp_path / "fine.wav", 480))])
    assert samples.dtype == np.float32
    assert np.abs(samples - fine).max() < 2.0**-22


def test_ogg_is_read_whole(tmp_path: Path) -> None:
    """A lossy file gives as many frames as were put in."""
    got = blocks(FileSource(written(tmp_path / "speech.ogg"), 480))
    assert sum(len(b.samples) for b in got) == FRAMES


def test_realtime_dates_each_block_when_its_last_frame_was_due(tmp_path: Path) -> None:
    """The first tenth of a second takes a tenth of a second, in equal steps."""
    source = FileSource(written(tmp_path / "speech.wav"), 441, realtime=True)
    began_ns = time.monotonic_ns()
    arrived_ns = [
        item.arrived_ns for item in itertools.islice(source.items(), 10) if isinstance(item, Block)
    ]
    assert time.monotonic_ns() - began_ns >= 100_000_000
    steps = {(b or 0) - (a or 0) for a, b in itertools.pairwise(arrived_ns)}
    assert steps == {10_000_000}
    assert source.paced


def test_stop_ends_a_realtime_file_at_once(tmp_path: Path) -> None:
    """Also in the middle of a block of two seconds."""
    source = FileSource(written(tmp_path / "speech.wav"), 88_200, realtime=True)
    threading.Timer(0.1, source.stop).start()
    began_s = time.monotonic()
    assert blocks(source) == []
    assert time.monotonic() - began_s < 1.0


def test_stop_ends_an_unpaced_file(tmp_path: Path) -> None:
    """No block follows a stop."""
    source = FileSource(written(tmp_path / "speech.wav"), 480)
    items = source.items()
    next(items)
    source.stop()
    assert list(items) == []


def test_a_cut_wav_gives_what_is_there_and_says_how_much(tmp_path: Path) -> None:
    """The header promises more than the file holds, which libsndfile keeps to itself."""
    path = cut(written(tmp_path / "speech.wav"), 0.6)
    samples, error = until_error(FileSource(path, 480))
    assert len(samples) == (path.stat().st_size - 44) // 4
    assert np.array_equal(samples, PCM[: len(samples)])
    assert f"{path}: the file is cut off or damaged: 1.36 s of 2.27 s are there" in error


def test_a_cut_24_bit_wav_with_other_chunks_is_noticed(tmp_path: Path) -> None:
    """The data chunk is found behind others."""
    path = cut(written(tmp_path / "speech.wav", subtype="PCM_24", format="WAVEX"), 0.5)
    _, error = until_error(FileSource(path, 480))
    assert "1.13 s of 2.27 s are there" in error


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 0x80000000])
def test_a_wav_that_was_written_to_a_pipe_is_whole(tmp_path: Path, size: int) -> None:
    """Its writer could not know the length and claims the greatest there is."""
    path = written(tmp_path / "speech.wav")
    data = bytearray(path.read_bytes())
    data[40:44] = size.to_bytes(4, "little")
    path.write_bytes(data)
    assert sum(len(b.samples) for b in blocks(FileSource(path, 480))) == FRAMES


@pytest.mark.parametrize("block_frames", [1, 480, FRAMES])
def test_a_cut_flac_gives_all_whole_audio_at_any_block_size(
    tmp_path: Path, block_frames: int
) -> None:
    """Everything that can be decoded comes, exactly, before the error."""
    path = cut(written(tmp_path / "speech.flac"), 0.6)
    samples, error = until_error(FileSource(path, block_frames))
    assert 55_000 < len(samples) < 60_000
    assert np.array_equal(samples, PCM[: len(samples)])
    assert "s of 2.27 s are there" in error


def test_a_flac_that_was_written_to_a_pipe_is_whole(tmp_path: Path) -> None:
    """Without a length in its header, it is as long as it is."""
    path = written(tmp_path / "speech.flac")
    data = bytearray(path.read_bytes())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    source = FileSource(path, 480)
    assert source.duration_s is None
    assert sum(len(b.samples) for b in blocks(source)) == FRAMES


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
@pytest.mark.parametrize("kept", [0.6, 0.8, 0.97])
def test_a_cut_ogg_is_noticed_by_its_missing_end(tmp_path: Path, subtype: str, kept: float) -> None:
    """The last page there is looks like the end, but isn't marked as such."""
    path = tmp_path / "speech.ogg"
    soundfile.write(path, PCM[:, 0], 48_000, subtype=subtype, format="OGG")
    assert len(blocks(FileSource(path, 480))) == -(-FRAMES // 480)
    samples, error = until_error(FileSource(cut(path, kept), 480))
    assert 0 < len(samples) < FRAMES
    assert "without its end mark" in error


def test_a_file_of_no_audio_is_refused(tmp_path: Path) -> None:
    """A header with nothing behind it."""
    soundfile.write(tmp_path / "none.wav", PCM[:0], RATE_HZ)
    with pytest.raises(InputError, match=r"none\.wav: the file holds no audio"):
        FileSource(tmp_path / "none.wav", 480)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """Zero bytes."""
    (tmp_path / "empty.wav").touch()
    with pytest.raises(InputError, match=r"empty\.wav: the file is empty"):
        FileSource(tmp_path / "empty.wav", 480)


def test_a_text_file_is_refused(tmp_path: Path) -> None:
    """Something that isn't audio, whatever its name."""
    (tmp_path / "text.wav").write_text("one two three\n" * 100)
    with pytest.raises(InputError, match=r"text\.wav: not an audio file.*Give a WAV, FLAC or OGG"):
        FileSource(tmp_path / "text.wav", 480)


def test_raw_samples_in_a_file_are_refused(tmp_path: Path) -> None:
    """They carry no rate; standard input is the way for them."""
    (tmp_path / "speech.raw").write_bytes(PCM.tobytes())
    with pytest.raises(InputError, match=r"speech\.raw: raw samples.*--input -"):
        FileSource(tmp_path / "speech.raw", 480)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(InputError, match=r"nowhere\.wav: No such file"):
        FileSource(tmp_path / "nowhere.wav", 480)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    with pytest.raises(InputError, match="Is a directory"):
        FileSource(tmp_path, 480)


def test_a_forbidden_file_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    written(tmp_path / "secret.wav").chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        FileSource(tmp_path / "secret.wav", 480)


def test_samples_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    """A float file may hold anything."""
    samples = np.zeros(1_000, np.float32)
    samples[500] = np.nan
    soundfile.write(tmp_path / "odd.wav", samples, RATE_HZ, subtype="FLOAT")
    with pytest.raises(InputError, match="not finite"):
        list(FileSource(tmp_path / "odd.wav", 480).items())


def test_a_rate_too_low_for_speech_is_refused(tmp_path: Path) -> None:
    """A header that says 8 Hz is a mistake, not a recording."""
    path = tmp_path / "slow.wav"
    soundfile.write(path, np.zeros(100, dtype=np.int16), 8)
    with pytest.raises(InputError, match="8 Hz"):
        FileSource(path, 480)
