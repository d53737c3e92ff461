"""`kws-live eval make`, installed: words in, a stream out that the daemon's own evaluation can use."""

import json
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import daemon
from support.daemon import INPUT, OUTPUT, USAGE, fails
from support.disk import disk_full_at
from support.speech import FLITE_VOICES, say

from kws_live.eval.clips import read_mono
from kws_live.eval.tracks import read_track
from kws_live.types import SAMPLE_RATE_HZ

WORDS = ("yes", "stop", "happy")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Words in two synthetic voices, a folder per word and voice."""
    folder = tmp_path_factory.mktemp("clips")
    for word in WORDS:
        for voice in FLITE_VOICES:
            (folder / word / voice).mkdir(parents=True)
            soundfile.write(folder / word / voice / "1.wav", say(word, voice), SAMPLE_RATE_HZ)
    return folder


def test_a_stream_is_made_and_the_daemon_hears_it(clips: Path, tmp_path: Path) -> None:
    """Audio, labels and recipe; what the program detects in it are the words it was made of."""
    out = tmp_path / "stream.flac"
    made = daemon.run(
        "eval", "make", "--clips", clips, "--keywords", "yes,stop", "--snr-db", "30", "--out", out
    )  # fmt: skip
    assert made.returncode == 0, made.stderr.decode()
    assert made.stdout == b""
    assert b"4 keywords, 2 other words" in made.stderr
    labels = read_track(tmp_path / "stream.txt")
    assert sorted(label.text for label in labels) == sorted(WORDS * 2)
    assert all(a.end_s < b.start_s for a, b in pairwise(labels))
    assert json.loads((tmp_path / "stream.json").read_text())["counts"]["other_words"] == 2

    heard = daemon.run("--input", out, "--json")
    events = [json.loads(line) for line in heard.stdout.splitlines()]
    keywords = {event["keyword"] for event in events if event["type"] == "detection"}
    assert keywords <= {"yes", "stop"}
    assert keywords


def test_the_two_halves_are_different_people(clips: Path, tmp_path: Path) -> None:
    """Who is in one is not in the other, and together they are all."""
    found = []
    for half in ("A", "B"):
        out = tmp_path / f"{half}.flac"
        made = daemon.run("eval", "make", "--clips", clips, "--half", half, "--out", out)
        if made.returncode == 0:
            found += [label.text for label in read_track(out.with_suffix(".txt"))]
        else:
            assert made.returncode == INPUT, made.stderr.decode()
    assert sorted(found) == sorted(WORDS * 2)


def test_the_audio_is_that_of_the_clips(clips: Path, tmp_path: Path) -> None:
    """Over silence, each label holds one of the clips of its word, but for the level."""
    out = tmp_path / "stream.wav"
    daemon.run("eval", "make", "--clips", clips, "--noise", "none", "--out", out)
    audio = read_mono(out)
    for label in read_track(tmp_path / "stream.txt"):
        start, end = (round(s * SAMPLE_RATE_HZ) for s in (label.start_s, label.end_s))
        likeness = [
            np.abs(np.correlate(say(label.text, voice), audio[start:end], "valid")).max()
            / np.linalg.norm(audio[start:end])
            / np.linalg.norm(say(label.text, voice))
            for voice in FLITE_VOICES
        ]
        assert max(likeness) > 0.98


def test_errors_have_their_exit_codes(clips: Path, tmp_path: Path) -> None:
    """And leave nothing behind."""
    out = tmp_path / "stream.flac"
    fails(INPUT, "eval", "make", "--clips", tmp_path, "--out", out, says=("folder per word",))
    fails(USAGE, "eval", "make", "--out", out, says=("nothing to make",))
    (tmp_path / "mine.wav").write_bytes(b"precious")
    fails(
        OUTPUT, "eval", "make", "--clips", clips, "--out", tmp_path / "mine.wav",
        says=("mine.wav exists", "another --out"),
    )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["mine.wav"]


def test_a_full_disk_ends_with_74_and_without_a_file(clips: Path, tmp_path: Path) -> None:
    """Simulated by the limit on the size of files that the command inherits."""
    arguments = ["eval", "make", "--clips", str(clips), "--hours", "0.1"]
    with disk_full_at(500_000):
        result = subprocess.run(
            [daemon.COMMAND, *arguments, "--out", tmp_path / "stream.wav"],
            capture_output=True,
            check=False,
        )
    assert result.returncode == OUTPUT, result.stderr.decode()
    assert b"stream.wav" in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_was_begun_is_removed_when_it_is_stopped(
    clips: Path, tmp_path: Path, number: signal.Signals
) -> None:
    """By Ctrl-C or from elsewhere; the parent sees a death by that signal."""
    arguments = ["eval", "make", "--clips", str(clips), "--hours", "20"]
    with subprocess.Popen(
        [daemon.COMMAND, *arguments, "--out", tmp_path / "stream.flac"], stderr=subprocess.PIPE
    ) as process:
        give_up_s = time.monotonic() + daemon.PATIENCE_S
        while not any(tmp_path.glob(".stream.flac-*/stream.flac")):
            assert process.poll() is None
            assert time.monotonic() < give_up_s
            time.sleep(0.01)
        process.send_signal(number)
        _, message = process.communicate(timeout=daemon.PATIENCE_S)
    assert process.returncode == -number, message.decode()
    assert b"Traceback" not in message
    assert not list(tmp_path.iterdir())
