"""A recording repeated until the hours are full, and what its evaluation takes."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.eval_speed import DEMO, evaluate, repeat
from kws_live.errors import InputError
from kws_live.eval.evaluation import sweep_thresholds
from kws_live.eval.recordings import Recording, find_recordings
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


def test_the_model_is_a_part_of_what_an_evaluation_takes(tmp_path: Path) -> None:
    """Of the processor time and of the time; the command is the installed one, its sweep whole."""
    stream = tmp_path / "demo.wav"
    repeat(find_recordings([DEMO], [], ()), 10 / 3600, stream)
    run = evaluate(stream)
    assert run.thresholds == len(sweep_thresholds())
    assert 0.0 < run.model_cpu_s < run.cpu_s
    assert 0.0 < run.after_s < run.wall_s
    assert run.memory_mb > 30.0
