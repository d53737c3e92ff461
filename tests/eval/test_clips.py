"""Reading clips and backgrounds from the files people have."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_live.errors import InputError
from kws_live.eval.clips import (
    background_rms,
    find_clips,
    join_backgrounds,
    read_background,
    read_clip,
    read_mono,
)
from kws_live.eval.noise import generate_noise
from kws_live.types import SAMPLE_RATE_HZ, Float32Array


def tone(rate_hz: int, seconds: float, amplitude: float = 0.5) -> Float32Array:
    times_s = np.arange(round(rate_hz * seconds)) / rate_hz
    return (amplitude * np.sin(2.0 * np.pi * 440.0 * times_s)).astype(np.float32)


def test_stereo_at_another_rate_becomes_mono_at_16_khz(tmp_path: Path) -> None:
    """The channels are averaged, and a tone stays the tone it was."""
    left = tone(44_100, 1.0)
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.stack([left, np.zeros_like(left)], axis=1), 44_100, subtype="FLOAT")
    samples = read_mono(path)
    middle = slice(1_000, 15_000)
    assert len(samples) == SAMPLE_RATE_HZ
    assert np.abs(samples - tone(SAMPLE_RATE_HZ, 1.0, 0.25))[middle].max() < 1e-3


def test_what_is_not_audio_is_named(tmp_path: Path) -> None:
    """With its path."""
    path = tmp_path / "notes.wav"
    path.write_text("not audio")
    with pytest.raises(InputError, match=r"notes\.wav"):
        read_mono(path)


def test_audio_without_a_sample_is_refused(tmp_path: Path) -> None:
    """There is nothing to splice."""
    path = tmp_path / "empty.wav"
    soundfile.write(path, np.zeros(0, dtype=np.float32), SAMPLE_RATE_HZ)
    with pytest.raises(InputError, match="holds no audio"):
        read_mono(path)


def test_a_clip_is_named_after_its_folder(tmp_path: Path) -> None:
    """Clips of noise and files that are no audio are left out."""
    for name in ("yes/a.wav", "no/b.flac", "_background_noise_/c.wav"):
        (tmp_path / name).parent.mkdir()
        soundfile.write(tmp_path / name, tone(SAMPLE_RATE_HZ, 0.2), SAMPLE_RATE_HZ)
    (tmp_path / "yes" / "notes.txt").write_text("no clip")
    paths = find_clips(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == ["no/b.flac", "yes/a.wav"]
    assert [read_clip(path).word for path in paths] == ["no", "yes"]


def test_a_folder_without_clips_says_what_belongs_there(tmp_path: Path) -> None:
    """A folder per word."""
    with pytest.raises(InputError, match="in a folder per word"):
        find_clips(tmp_path)


def test_a_folder_without_background_says_what_belongs_there(tmp_path: Path) -> None:
    """Audio, anywhere in it."""
    with pytest.raises(InputError, match="no background in"):
        read_background(tmp_path)


def test_joined_backgrounds_have_one_level() -> None:
    """A recording that was made louder is no louder in the loop."""
    loud = generate_noise("white", SAMPLE_RATE_HZ, seed=1, level_dbfs=-10.0)
    soft = generate_noise("white", SAMPLE_RATE_HZ, seed=2, level_dbfs=-50.0)
    loop = join_backgrounds([loud, soft])
    first, second = loop[1_000:15_000], loop[17_000:31_000]
    assert background_rms(first) == pytest.approx(0.1, rel=0.05)
    assert background_rms(second) == pytest.approx(0.1, rel=0.05)


def test_joined_backgrounds_loop_without_a_click() -> None:
    """Neither where one follows another nor where the last meets the first."""
    pieces = [tone(SAMPLE_RATE_HZ, 1.0013), tone(SAMPLE_RATE_HZ, 0.4), tone(SAMPLE_RATE_HZ, 0.7007)]
    loop = join_backgrounds(pieces)
    amplitude = 0.1 * np.sqrt(2.0)
    steepest = amplitude * 2.0 * np.pi * 440.0 / SAMPLE_RATE_HZ
    # Where two tones in phase cross-fade at equal power, the sum is up to sqrt(2) times as steep.
    assert np.abs(np.diff(np.tile(loop, 2))).max() < 1.5 * steepest


def test_digital_silence_between_backgrounds_stays_silent_and_counts_for_no_level() -> None:
    """A stream may be quiet for a while without its noise growing louder elsewhere."""
    noise = generate_noise("white", SAMPLE_RATE_HZ, seed=1)
    loop = join_backgrounds([noise, np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)])
    assert not loop[17_000:30_000].any()
    assert background_rms(loop) == pytest.approx(0.1, rel=0.05)
