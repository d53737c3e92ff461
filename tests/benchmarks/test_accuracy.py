"""The benchmark of accuracy as a whole, on the shipped model and a few words of the demo."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from kws_train.voices import ESPEAK_VARIANTS, FLITE_VOICES
from support import daemon

from benchmarks import accuracy, accuracy_conditions, accuracy_voices, common
from benchmarks.accuracy_voices import spoken_windows, voices
from kws_live.eval.noise import generate_noise
from kws_live.eval.tracks import read_track
from kws_live.types import SAMPLE_RATE_HZ


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A test folder of eight words of the demo and silence, and three kinds of noise."""
    audio, _ = soundfile.read(daemon.DEMO / "demo.flac", dtype="int16")
    test, noise = tmp_path / "test", tmp_path / "noise"
    for label in read_track(daemon.DEMO / "demo.txt"):
        name = label.text if label.text in ("yes", "no", "stop", "go") else "_unknown_"
        samples = audio[round((label.start_s - 0.2) * 16_000) : round((label.end_s + 0.2) * 16_000)]
        (test / name).mkdir(parents=True, exist_ok=True)
        soundfile.write(test / name / f"{label.text}_voice_nohash_0.wav", samples, SAMPLE_RATE_HZ)
    (test / "_silence_").mkdir()
    soundfile.write(test / "_silence_" / "0.wav", np.zeros(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ)
    for seed, kind in enumerate(("chainsaw", "baby_cry", "rain")):
        (noise / kind).mkdir(parents=True)
        sound = generate_noise("pink", 2 * SAMPLE_RATE_HZ, seed)
        soundfile.write(noise / kind / "0.wav", sound, SAMPLE_RATE_HZ)
    return test, noise


def test_one_command_gives_the_same_figures_each_time(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All conditions, in float32 and in int8, of the shipped model, with what is needed to repeat it."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    monkeypatch.setattr(accuracy_conditions, "ROOMS", 2)
    monkeypatch.setattr(accuracy_voices, "ACCENTS", ("en-us",))
    monkeypatch.setattr(accuracy_voices, "STRETCHES", (1.0,))
    test, noise = folders
    command = ["accuracy", "--test", str(test), "--noise", str(noise)]
    for _ in range(2):
        monkeypatch.setattr("sys.argv", command)
        accuracy.main()
    lines = [json.loads(line) for line in (tmp_path / "accuracy.jsonl").read_text().splitlines()]
    first, second = ({k: v for k, v in x.items() if k not in ("date", "machine")} for x in lines)
    assert first == second
    counts = {name: found["windows"] for name, found in first["conditions"].items()}
    assert counts == {"clean": 17, "noise": 51, "rooms": 17, "voices": 100}
    clean = first["conditions"]["clean"]["runtimes"]
    assert clean["float32"]["right"] > 8
    assert clean["int8"]["right"] > 8
    assert list(first["conditions"]["noise"]["runtimes"]["int8"]["groups"]) == [
        "chainsaw",
        "baby_cry",
        "rain",
    ]
    assert first["test"]["clips"] == 17
    assert first["calibration"]["int8"]["n"] == 17
    assert set(first["sha256"]) >= {"model.onnx", "model_quantized.onnx"}


def test_a_folder_without_clips_is_named(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one line."""
    (tmp_path / "empty").mkdir()
    _, noise = folders
    command = ["accuracy", "--test", str(tmp_path / "empty"), "--noise", str(noise)]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit, match=r"no clips in .*empty"):
        accuracy.main()


def test_no_synthetic_voice_is_one_of_training() -> None:
    """Five or more, each saying each word."""
    names = {(voice.program, voice.name) for voice in voices()}
    assert len(names) >= 5
    assert not {name for program, name in names if program == "espeak-ng"} & set(ESPEAK_VARIANTS)
    assert not {name for program, name in names if program == "flite"} & set(FLITE_VOICES)


def test_each_voice_says_each_word_in_a_window() -> None:
    """Voices are clusters and parts: whoever is hard to understand is so in every word."""
    windows = spoken_windows(["stop"], ["go", "stop"], SAMPLE_RATE_HZ)
    assert windows.samples.shape == (len(voices()), SAMPLE_RATE_HZ)
    assert set(windows.targets) == {1}
    assert windows.groups == windows.clusters["voice"]
    assert windows.samples.any(axis=1).all()
