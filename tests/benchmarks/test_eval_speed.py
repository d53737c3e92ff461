"""A recording repeated until the hours are full."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.eval_speed import repeat
from kws_live.errors import InputError
from kws_live.eval.recordings import Recording
from kws_live.eval.tracks import Label, read_track


def recording(folder: Path, name: str, seconds: float, rate_hz: int = 16_000) -> Recording:
    """A recording of ramps with one word, half a second in."""
    path = folder / f"{name}.wav"
    soundfile.write(path, np.arange(round(seconds * rate_hz), dtype=np.int16), rate_hz)
    return Recording(path, path.with_suffix(".txt"), (Label(0.5, 1.0, name),), seconds)


def test_labels_move_with_their_recordings(tmp_path: Path) -> None:
    """One after another, and again, until the end, where the last is cut with what is said in it."""
    target = tmp_path / "long.wav"
    recordings = [recording(tmp_path, "yes", 2.0), recording(tmp_path, "no", 3.0)]
    assert repeat(recordings, 7.75 / 3600, target) == 3
    samples, _ = soundfile.read(target, dtype="int16")
    assert len(samples) == 7.75 * 16_000
    assert samples[5 * 16_000 + 123] == 123
    assert read_track(target.with_suffix(".txt")) == [
        Label(0.5, 1.0, "yes"),
        Label(2.5, 3.0, "no"),
        Label(5.5, 6.0, "yes"),
    ]


def test_recordings_of_different_kinds_are_refused(tmp_path: Path) -> None:
    """Both are named, with their rates."""
    recordings = [recording(tmp_path, "yes", 1.0), recording(tmp_path, "no", 1.0, 8_000)]
    with pytest.raises(InputError, match=r"no\.wav has 8000 Hz .*yes\.wav 16000 Hz"):
        repeat(recordings, 1.0, tmp_path / "long.wav")
