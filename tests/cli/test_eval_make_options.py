"""`kws-live eval make`: its options, presets and errors."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result
from support.corpus import burst, write_librispeech, write_words

from kws_live.commands.eval_make import make
from kws_live.errors import InputError, OutputError
from kws_live.eval.presets import PRESETS
from kws_live.eval.tracks import read_track
from kws_live.types import SAMPLE_RATE_HZ

SPEAKERS = ("0132a06d", "012c8314", "3e", "84")


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    return write_words(tmp_path / "clips", ("yes", "no", "bed"), SPEAKERS)


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_librispeech(tmp_path / "speech", {"84": ["OH NO", "GO"], "1272": ["A", "B"]})


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    (tmp_path / "noise").mkdir()
    hum = burst(0.0, 3.0, 0.0, hz=120.0)
    soundfile.write(tmp_path / "noise" / "hum.wav", hum, SAMPLE_RATE_HZ)
    return tmp_path / "noise"


def run(*arguments: str | Path | float) -> Result:
    return CliRunner().invoke(make, [str(argument) for argument in arguments])


def test_every_option_at_once(clips: Path, noise: Path, tmp_path: Path) -> None:
    """Words, their number, rate, channels, pauses and noise are as asked."""
    out = tmp_path / "stream.wav"
    (clips / "list.txt").write_text(
        "".join(f"{word}/{who}_nohash_0.wav\n" for word in ("yes", "bed") for who in SPEAKERS)
    )
    options: tuple[str | Path | float, ...] = (
        "--clips-list",
        clips / "list.txt",
        "--keywords",
        "yes",
        "--count",
        3,
    )
    options += ("--negatives", 2, "--noise", noise, "--snr-db", 5, "--gap-s", 0.5, 0.6)
    options += ("--rate-hz", 44_100, "--channels", 2, "--seed", 4, "--level-spread-db", 3)
    result = run("--clips", clips, *options, "--out", out)
    assert result.exit_code == 0, result.output
    assert "3 keywords, 2 other words" in result.output
    info = soundfile.info(out)
    assert (info.samplerate, info.channels) == (44_100, 2)
    labels = read_track(tmp_path / "stream.txt")
    assert sorted(label.text for label in labels) == ["bed", "bed", "yes", "yes", "yes"]
    assert all(0.499 < b.start_s - a.end_s < 0.601 for a, b in pairwise(labels))
    recipe = json.loads((tmp_path / "stream.json").read_text())
    assert recipe["counts"]["keywords"] == {"yes": 3}
    assert recipe["options"]["seed"] == 4
    assert recipe["snr_db"] == 5.0
    assert set(recipe["sources_sha256"]) == {"clips", "noise"}


def test_each_snr_is_a_stream_of_its_own(clips: Path, tmp_path: Path) -> None:
    """Named after it, with the same labels."""
    result = run("--clips", clips, "--snr-db", 20, "--snr-db", -5, "--out", tmp_path / "words.flac")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in tmp_path.glob("words*")) == sorted(
        f"words_{snr}db.{kind}" for snr in ("20", "-5") for kind in ("flac", "txt", "json")
    )
    tracks = [(tmp_path / f"words_{snr}db.txt").read_text() for snr in ("20", "-5")]
    assert tracks[0] == tracks[1]


def test_the_seed_decides_the_bytes(clips: Path, speech: Path, tmp_path: Path) -> None:
    """Of audio and labels, words and speech; another seed gives others."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        options = ("--keywords", "yes,no", "--seed", seed, "--level-spread-db", 4)
        run("--clips", clips, "--speech", speech, *options, "--out", tmp_path / f"{name}.flac")
    for kind in ("flac", "txt"):
        made = {name: (tmp_path / f"{name}.{kind}").read_bytes() for name in "abc"}
        assert made["a"] == made["b"]
        assert made["a"] != made["c"]


def test_clipped_samples_are_counted_and_warned_of(clips: Path, tmp_path: Path) -> None:
    """In the recipe too."""
    result = run("--clips", clips, "--snr-db", -40, "--out", tmp_path / "loud.wav")
    clipped = json.loads((tmp_path / "loud.json").read_text())["clipped_samples"]
    assert clipped > 0
    assert f"{clipped} samples of loud.wav were beyond full scale" in result.output


def test_the_wake_word_benchmark_in_small(
    clips: Path, speech: Path, noise: Path, tmp_path: Path
) -> None:
    """Flags win over the preset: two minutes of it, with all the speech."""
    out = tmp_path / "stream.flac"
    sources = ("--clips", clips, "--keywords", "yes", "--speech", speech, "--noise", noise)
    result = run(
        "--preset", "wake-word-benchmark", *sources, "--hours", 1 / 30, "--speech-share", 1,
        "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    recipe = json.loads(out.with_suffix(".json").read_text())
    assert recipe["snr_db"] == 10.0
    assert recipe["options"]["speech_share"] == 1.0
    assert recipe["counts"]["keywords"] == {"yes": 4}
    assert recipe["counts"]["other_words"] == 0
    assert recipe["duration_s"] == pytest.approx(120.0, abs=5.0)


def test_the_false_accepts_preset_leaves_no_keyword_in_the_speech(
    speech: Path, tmp_path: Path
) -> None:
    """Three of the four utterances, without a label."""
    out = tmp_path / "stream.flac"
    result = run("--preset", "false-accepts", "--speech", speech, "--keywords", "no", "--out", out)
    assert result.exit_code == 0, result.output
    assert "3 utterances with 0 uncertain spans" in result.output
    assert not read_track(out.with_suffix(".txt"))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_says_what_it_needs(name: str, tmp_path: Path) -> None:
    """All of it at once."""
    result = run("--preset", name, "--out", tmp_path / "stream.flac")
    assert result.exit_code == 2
    for what in PRESETS[name].required.values():
        assert what.split()[0] in result.output


def test_a_preset_sets_options_that_there_are() -> None:
    """A misspelt one would be ignored."""
    names = {parameter.name for parameter in make.params}
    for preset in PRESETS.values():
        assert set(preset.defaults) | set(preset.required) <= names


def test_an_unknown_preset_is_a_usage_error_with_the_nearest(tmp_path: Path) -> None:
    """And all there are."""
    result = run("--preset", "false-accept", "--out", tmp_path / "stream.flac")
    assert result.exit_code == 2
    assert "Did you mean 'false-accepts'" in result.output
    assert "wake-word-benchmark" in result.output


def test_contradictions_are_usage_errors(clips: Path, tmp_path: Path) -> None:
    """Nothing is written."""
    options = ("--gap-s", 1, 2, "--words-per-minute", 20)
    result = run("--clips", clips, *options, "--out", tmp_path / "stream.wav")
    assert result.exit_code == 2
    assert "give one of them" in result.output
    assert not list(tmp_path.glob("stream*"))


def test_input_and_place_are_checked(clips: Path, tmp_path: Path) -> None:
    """With the errors that end the command with 66 and 74."""
    (clips / "yes" / "broken.wav").write_text("no audio")
    result = run("--clips", clips, "--out", tmp_path / "stream.wav")
    assert isinstance(result.exception, InputError)
    assert "broken.wav" in str(result.exception)
    np.save(tmp_path / "stream.npy", np.zeros(1))
    result = run("--clips", clips, "--out", tmp_path / "stream.npy")
    assert isinstance(result.exception, OutputError)
