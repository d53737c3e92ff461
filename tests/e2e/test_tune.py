"""`kws-live tune` on recordings, as a user runs it: what it reports, writes and refuses."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import daemon
from support.speech import ESPEAK_VOICES, say, spoken_stream

from kws_live.config import load
from kws_live.eval.noise import generate_noise
from kws_live.model import load_model_folder
from kws_live.types import SAMPLE_RATE_HZ

OTHERS = ("bed", "seven", "happy", "marvin", "house", "tree")


@pytest.fixture(scope="module")
def background(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes, in two recordings, of voices that say no keyword."""
    folder = tmp_path_factory.mktemp("background")
    for number, voices in enumerate((ESPEAK_VOICES[:2], ESPEAK_VOICES[2:4])):
        samples, _ = spoken_stream(OTHERS * 5, voices=voices, seed=number)
        soundfile.write(folder / f"{number}.flac", samples, SAMPLE_RATE_HZ)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two keywords in four voices."""
    folder = tmp_path_factory.mktemp("clips")
    quiet = generate_noise("pink", SAMPLE_RATE_HZ, 0, -60.0)[: SAMPLE_RATE_HZ // 4]
    for word in ("stop", "go"):
        (folder / word).mkdir()
        for voice in ("slt", "rms", *ESPEAK_VOICES[:2]):
            samples = np.concatenate((quiet, say(word, voice), quiet))
            soundfile.write(folder / word / f"{voice}_nohash_0.wav", samples, SAMPLE_RATE_HZ)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Mapping[str, str]:
    """A home of its own."""
    return {"XDG_CONFIG_HOME": str(tmp_path / "config")}


def test_the_report_holds_what_the_configuration_gets(
    background: Path, clips: Path, tmp_path: Path, home: Mapping[str, str]
) -> None:
    """Thresholds of the words asked for, and of no others; the daemon accepts the file."""
    asked: list[str | Path] = [
        "--background",
        background,
        "--clips",
        clips,
        "--keyword",
        "stop",
        "--keyword",
        "go",
    ]
    done = daemon.run("tune", *asked, "--fa-per-hour", "200", "--json", settings=home)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["target"]["supported"]
    path = tmp_path / "config" / "kws-live" / "config.toml"
    found = load(path, {}, {}).config
    assert found.decoder.smoothing_s == report["smoothing_s"]["new"]
    assert list(found.keywords) == ["stop", "go"]
    for word, own in found.keywords.items():
        told = report["keywords"][word]
        assert own.threshold == told["new"]["threshold"]
        assert told["words"] == 4
        low, high = told["fa_per_hour_ci95"]
        assert low <= told["fa_per_hour"] <= high
    assert report["check"]["hours"] == pytest.approx(report["background_hours"], rel=0.01)
    assert daemon.run("--check-config", settings=home).returncode == 0


def test_two_minutes_are_refused_a_promise(background: Path, home: Mapping[str, str]) -> None:
    """In plain words, and without clips the misses are said to be unknown."""
    done = daemon.run("tune", "--background", background, "--dry-run", settings=home)
    text = " ".join(done.stdout.decode().split())
    assert done.returncode == 0
    assert "can't show 1 false accept per hour: even without any" in text
    assert "Record at least 3.0 hours" in text
    assert "no clips" in text
    assert "written" not in text


def test_a_dry_run_writes_nothing(
    background: Path, tmp_path: Path, home: Mapping[str, str]
) -> None:
    """Not even the folder."""
    daemon.run("tune", "--background", background, "--dry-run", settings=home)
    assert not (tmp_path / "config").exists()


def test_a_model_gets_a_copy(
    background: Path, clips: Path, tmp_path: Path, home: Mapping[str, str]
) -> None:
    """It runs with its new thresholds, and its manifest tells what was measured."""
    out = tmp_path / "mine"
    arguments: list[str | Path] = [
        "--background",
        background,
        "--clips",
        clips,
        "--out",
        out,
        "--data",
        "my kitchen",
    ]
    done = daemon.run("tune", *arguments, "--fa-per-hour", "300", "--total", settings=home)
    assert done.returncode == 0, done.stderr
    point = load_model_folder(out).operating_point
    manifest = json.loads((out / "kws.json").read_text())
    written = manifest["operating_points"][manifest["operating_point"]]
    assert written["keywords"] == point["keywords"]
    assert written["measured"]["data"] == "my kitchen"
    assert written["measured"]["words"] == 8
    assert daemon.run("--model", out, "--check-config", settings=home).returncode == 0
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--clips", "CLIPS"], daemon.USAGE, ["give --background too"]),
        (
            ["--background", "BACKGROUND", "--keyword", "stopp"],
            daemon.USAGE,
            ["no keyword 'stopp'. Did you mean 'stop'?"],
        ),
        (["--background", "BACKGROUND", "--device", "1"], daemon.USAGE, ["Leave one of them out"]),
        (["--background", "BACKGROUND", "--data", "x"], daemon.USAGE, ["Give --out"]),
        (["--background", "/nowhere"], daemon.INPUT, ["/nowhere"]),
        (
            ["--background", "BACKGROUND", "--clips", "/nowhere"],
            daemon.INPUT,
            ["no clips in /nowhere"],
        ),
        (["--background", "BACKGROUND", "--fa-per-hour", "0"], daemon.USAGE, ["--fa-per-hour"]),
        (["--background", "BACKGROUND", "--out", "CLIPS"], daemon.OUTPUT, ["is there already"]),
    ],
)
def test_what_cannot_be_done_is_told(
    arguments: list[str], code: int, says: list[str], background: Path, clips: Path
) -> None:
    """What is wrong, which value, what to do."""
    places = {"BACKGROUND": str(background), "CLIPS": str(clips)}
    given = [places.get(argument, argument) for argument in arguments]
    daemon.fails(code, "tune", *given, says=says)


def test_another_models_thresholds_stay_out_of_the_configuration(
    background: Path, tmp_path: Path, home: Mapping[str, str]
) -> None:
    """They would mean something else there."""
    out = tmp_path / "mine"
    daemon.run("tune", "--background", background, "--out", out, settings=home)
    daemon.fails(
        daemon.USAGE,
        *("tune", "--background", background, "--model", out),
        says=["Give --out DIR"],
        settings=home,
    )


def test_an_environment_that_overrides_the_result_is_told(
    background: Path, home: Mapping[str, str]
) -> None:
    """It would silently undo the tuning."""
    settings = {**home, "KWS_LIVE_DECODER_THRESHOLD": "0.99"}
    asked: list[str | Path] = ["--background", background, "--fa-per-hour", "300"]
    done = daemon.run("tune", *asked, settings=settings)
    assert done.returncode == 0
    assert b"override what was written" in done.stderr
