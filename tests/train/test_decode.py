"""Audio files as people have them."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from kws_train import decode
from kws_train.decode import read_blocks

from kws_live.errors import InputError


def read_clip(path: Path) -> np.ndarray:
    """All of a file's samples."""
    return np.concatenate([np.zeros(0, np.int16), *read_blocks(path)])


def tone(rate_hz: int, hz: float = 1000.0) -> np.ndarray:
    """A second of a tone at half of full scale."""
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(rate_hz) / rate_hz)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_any_rate_is_read(tmp_path: Path, rate_hz: int) -> None:
    """A second stays a second, and its tone keeps pitch and level."""
    sf.write(tmp_path / "a.wav", tone(rate_hz), rate_hz)
    x = read_clip(tmp_path / "a.wav")
    assert abs(len(x) - 16_000) <= 1
    assert abs(int(np.argmax(np.abs(np.fft.rfft(x)))) - 1000) <= 1
    middle = x[2000:14_000] / 32768
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.01)


def test_channels_are_mixed_down(tmp_path: Path) -> None:
    """Evenly, however many there are."""
    left = tone(16_000)
    for channels in ([left, left], [left, 0 * left], [left] * 6):
        sf.write(tmp_path / "a.wav", np.stack(channels, axis=1), 16_000)
        expected = np.mean(channels, axis=0) * 32768
        assert np.abs(read_clip(tmp_path / "a.wav") - expected).max() <= 1.5


@pytest.mark.parametrize(
    ("subtype", "steps"),
    [("PCM_U8", 300), ("PCM_16", 1), ("PCM_24", 1), ("PCM_32", 1), ("FLOAT", 1), ("DOUBLE", 1)],
)
def test_any_width_is_read(tmp_path: Path, subtype: str, steps: int) -> None:
    """To a step of 16 bits, or of the file's own where those are coarser."""
    sf.write(tmp_path / "a.wav", tone(16_000), 16_000, subtype=subtype)
    assert np.abs(read_clip(tmp_path / "a.wav") - tone(16_000) * 32768).max() <= steps


def test_floats_beyond_full_scale_are_clipped(tmp_path: Path) -> None:
    """They don't wrap around."""
    sf.write(tmp_path / "a.wav", 4 * tone(16_000), 16_000, subtype="FLOAT")
    x = read_clip(tmp_path / "a.wav")
    assert (x.max(), x.min()) == (32767, -32768)


@pytest.mark.parametrize("what", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path: Path, what: float) -> None:
    """One of them would spoil a whole batch."""
    x = tone(16_000)
    x[100] = what
    sf.write(tmp_path / "a.wav", x, 16_000, subtype="FLOAT")
    with pytest.raises(InputError, match=r"a\.wav cannot be read: it holds samples that are no"):
        read_clip(tmp_path / "a.wav")


def test_a_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    """So that it can be removed or repaired."""
    (tmp_path / "a.wav").write_bytes(b"not audio")
    with pytest.raises(InputError, match=r"a\.wav cannot be read: .*Remove or repair the file"):
        read_clip(tmp_path / "a.wav")


def test_a_file_that_was_cut_off_gives_what_there_is(tmp_path: Path) -> None:
    """A download that stopped half-way leaves a shorter clip, whose word is judged like any other."""
    sf.write(tmp_path / "a.wav", tone(16_000), 16_000)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2])
    assert 7_900 <= len(read_clip(tmp_path / "a.wav")) <= 8_000


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 44_100, 48_000])
def test_where_blocks_end_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate_hz: int
) -> None:
    """Read in many pieces a recording has the same samples, and levels can be measured by piece."""
    noise = np.random.default_rng(0).uniform(-0.9, 0.9, (2 * rate_hz + 77, 2))
    sf.write(tmp_path / "a.flac", noise, rate_hz)
    at_once = list(read_blocks(tmp_path / "a.flac"))
    monkeypatch.setattr(decode, "BLOCK_FRAMES", rate_hz // 49)
    in_pieces = list(read_blocks(tmp_path / "a.flac"))
    assert np.array_equal(np.concatenate(in_pieces), np.concatenate(at_once))
    assert len(in_pieces) > 20
    assert all(len(x) % 160 == 0 for x in in_pieces[:-1])


def test_a_name_that_is_no_utf_8_is_read(tmp_path: Path) -> None:
    """Archives made elsewhere hold such names."""
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    sf.write(os.fsencode(path), tone(16_000), 16_000, format="WAV")
    assert len(read_clip(path)) == 16_000
