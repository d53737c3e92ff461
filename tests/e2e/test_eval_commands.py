"""`kws-live eval stream` and `eval clips`, as a user runs them."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import daemon

from kws_live.types import SAMPLE_RATE_HZ


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """The demo and its labels."""
    shutil.copy(daemon.DEMO / "demo.txt", tmp_path / "demo.txt")
    return Path(shutil.copy(daemon.DEMO / "demo.flac", tmp_path / "demo.flac"))


def test_the_demo_is_measured(recording: Path, tmp_path: Path) -> None:
    """Table, CSV, track and page in one go."""
    result = daemon.run(
        *("eval", "stream", recording, "--csv", tmp_path / "sweep.csv"),
        *("--track", tmp_path / "tracks", "--report", tmp_path / "report.html"),
    )
    assert result.returncode == 0, result.stderr.decode()
    assert result.stderr == b""
    shown = result.stdout.decode()
    assert "10 words; model default" in shown
    assert "0.0 %" in shown
    assert (tmp_path / "sweep.csv").read_text().startswith("threshold,keyword,words")
    track = (tmp_path / "tracks" / "demo.outcome.txt").read_text()
    assert track.count("hit ") == len(daemon.KEYWORDS)
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["demo.flac", "demo.txt", "report.html", "sweep.csv", "tracks"]


def test_json_is_all_there_is_on_standard_output(recording: Path) -> None:
    """One document, under the user's own options."""
    result = daemon.run(
        "eval", "stream", recording, "--json", "--keyword", "stop", "--threshold", "0.6"
    )
    assert result.returncode == 0, result.stderr.decode()
    found = json.loads(result.stdout)
    assert list(found["point"]["keywords"]) == ["stop"]
    assert found["settings"]["decoder"]["keywords"]["stop"]["threshold"] == 0.6
    assert found["settings"]["changed"] == ["decoder.threshold"]
    assert found["point"]["all"]["words"] == 1


def test_settings_come_from_the_configuration(recording: Path, tmp_path: Path) -> None:
    """As the daemon reads it."""
    config = tmp_path / "config.toml"
    config.write_text("schema = 1\n[keywords.go]\nthreshold = 0.61\n")
    result = daemon.run("eval", "stream", recording, "--json", "--config", config)
    keywords = json.loads(result.stdout)["settings"]["decoder"]["keywords"]
    assert keywords["go"]["threshold"] == 0.61


def test_tracks_may_follow_one_option(recording: Path, tmp_path: Path) -> None:
    """`--labels A.txt B.txt`, in the order of the recordings."""
    other = Path(shutil.copy(recording, tmp_path / "other.flac"))
    labels = [tmp_path / "1.txt", tmp_path / "2.txt"]
    labels[0].write_text("")
    shutil.copy(recording.with_suffix(".txt"), labels[1])
    result = daemon.run("eval", "stream", other, recording, "--labels", *labels, "--json")
    assert result.returncode == 0, result.stderr.decode()
    kinds = [
        {one["kind"] for one in found["outcomes"]}
        for found in json.loads(result.stdout)["recordings"]
    ]
    assert kinds == [{"false"}, {"hit"}]


def test_a_recording_without_labels_is_refused(recording: Path) -> None:
    """66, with what to do."""
    recording.with_suffix(".txt").unlink()
    daemon.fails(daemon.INPUT, "eval", "stream", recording, says=["no label track", "empty file"])


def test_a_damaged_recording_among_others_is_named(recording: Path, tmp_path: Path) -> None:
    """66, and no report of the rest."""
    broken = tmp_path / "broken.flac"
    content = bytearray(recording.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    broken.write_bytes(content)
    shutil.copy(recording.with_suffix(".txt"), tmp_path / "broken.txt")
    report = tmp_path / "report.html"
    daemon.fails(
        daemon.INPUT, "eval", "stream", recording, broken, "--report", report, says=["broken.flac"]
    )
    assert not report.exists()


def test_a_full_disk_is_told(recording: Path) -> None:
    """74."""
    daemon.fails(
        daemon.OUTPUT,
        *("eval", "stream", recording, "--csv", "/dev/full"),
        says=["can't write /dev/full", "No space left"],
    )


def test_a_place_that_can_not_be_written_is_told_at_once(recording: Path, tmp_path: Path) -> None:
    """74, before anything is measured; and nothing that is read is written over."""
    for path, says in (
        (tmp_path / "missing" / "r.html", "no folder"),
        (recording.with_suffix(".txt"), "would be destroyed"),
    ):
        daemon.fails(daemon.OUTPUT, "eval", "stream", recording, "--report", path, says=[says])
    daemon.fails(
        daemon.OUTPUT,
        *("eval", "stream", recording, "--track", "/proc/tracks"),
        says=["can't make the folder /proc/tracks"],
    )


def test_any_name_of_a_file_will_do(recording: Path, tmp_path: Path) -> None:
    """Bytes that are no UTF-8, and what a terminal or a browser would obey."""
    for name in (b"caf\xe9", b"<script>\x1b[2J"):
        path = tmp_path / "odd" / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        shutil.copy(recording, f"{path}.flac")
        shutil.copy(recording.with_suffix(".txt"), f"{path}.txt")
    page, tracks = tmp_path / "report.html", tmp_path / "tracks"
    result = daemon.run(
        *("eval", "stream", tmp_path / "odd", "--json", "--report", page, "--track", tracks)
    )
    assert result.returncode == 0, result.stderr.decode()
    paths = [one["path"] for one in json.loads(result.stdout)["recordings"]]
    assert paths == sorted(str(path) for path in (tmp_path / "odd").glob("*.flac"))
    assert "<script" not in page.read_text(encoding="utf-8")
    assert len(list(tracks.iterdir())) == 2


def test_a_reader_that_goes_away_is_no_error(recording: Path) -> None:
    """As everywhere: 0."""
    script = 'set -o pipefail; kws-live eval stream "$1" | true; exit "${PIPESTATUS[0]}"'
    result = daemon.run_in_bash(script, recording, timeout_s=2 * daemon.PATIENCE_S)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stderr == b""


def test_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    """By that signal, in the middle of an hour, and without a trace in the folder."""
    noise = np.random.default_rng(0).normal(0, 3000, 3600 * SAMPLE_RATE_HZ).astype(np.int16)
    soundfile.write(tmp_path / "hour.wav", noise, SAMPLE_RATE_HZ)
    (tmp_path / "hour.txt").touch()
    csv = tmp_path / "sweep.csv"
    process = subprocess.Popen(
        [daemon.COMMAND, "eval", "stream", tmp_path / "hour.wav", "--csv", csv],
        env=daemon.clean(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    time.sleep(3.0)
    began_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=daemon.PATIENCE_S)
    assert time.monotonic() - began_s < 10.0
    assert process.returncode == -signal.SIGINT
    assert errors.strip() == b""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hour.txt", "hour.wav"]


def test_clips_are_measured(recording: Path, tmp_path: Path) -> None:
    """Each word of the demo as a clip of its own, cut out with half a second on each side."""
    audio, rate_hz = soundfile.read(recording, dtype="int16")
    for line in recording.with_suffix(".txt").read_text().splitlines():
        start_s, end_s, word = line.split("\t")
        folder = tmp_path / "clips" / word
        folder.mkdir(parents=True, exist_ok=True)
        cut = slice(round((float(start_s) - 0.5) * rate_hz), round((float(end_s) + 0.5) * rate_hz))
        soundfile.write(folder / f"{start_s}.wav", audio[cut], rate_hz)
    result = daemon.run(
        "eval", "clips", tmp_path / "clips", "--json", "--csv", tmp_path / "clips.csv"
    )
    assert result.returncode == 0, result.stderr.decode()
    found = json.loads(result.stdout)
    assert found["kind"] == "clips"
    assert found["all"]["missed"]["of"] == len(daemon.KEYWORDS)
    assert found["all"]["missed"]["count"] <= 2
    assert len((tmp_path / "clips.csv").read_text().splitlines()) == len(found["clips"]) + 1


def test_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    """66."""
    daemon.fails(daemon.INPUT, "eval", "clips", tmp_path, says=["folder per word"])
