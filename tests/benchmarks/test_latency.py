"""Where the time between a word's end and its hook went."""

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.latency import offset_s
from benchmarks.latency_parts import NAMES, Clock, Posteriors, parts
from benchmarks.timed_microphone import PERIOD_MS, TimedMicrophone

HOP = 1_600


def posteriors(*yes: float, first_hop: int = 10) -> Posteriors:
    """What a model gave for one keyword, hop after hop."""
    ends = (first_hop + np.arange(len(yes))) * HOP
    values = np.array([[1 - value, value] for value in yes], np.float32)
    return Posteriors(("_unknown_", "yes"), ends, values)


def test_smoothing_counts_from_the_first_window_that_stays_above() -> None:
    """A posterior that passed earlier and fell again did not lead to the decision."""
    given = posteriors(0.8, 0.2, 0.7, 0.9, 0.6)
    assert given.passed_sample("yes", 0.5, 14 * HOP) == 12 * HOP


def test_a_stretch_above_may_begin_with_the_first_window() -> None:
    """The gate opened when the word was half over."""
    assert posteriors(0.7, 0.9).passed_sample("yes", 0.5, 11 * HOP) == 10 * HOP


@pytest.mark.parametrize("decided_hop", [9, 11, 13])
def test_posteriors_of_another_run_are_refused(decided_hop: int) -> None:
    """A decision at a window that was not inferred, or did not pass, is not explained by them."""
    with pytest.raises(ValueError, match="not in the replay"):
        posteriors(0.9, 0.1, 0.9).passed_sample("yes", 0.5, decided_hop * HOP)


def test_the_parts_add_up_to_what_a_clock_on_the_wall_shows() -> None:
    """From the moment at which the word's last sound sounded to the start of the hook."""
    clock = Clock(offset_s=0.25, began_ms=1_000_000.0)
    word_end_s = 1.17
    detection = {
        "keyword": "yes",
        "threshold": 0.5,
        "decided_s": 1.4,
        "latency_ms": {"gate": 12.0, "queue": 0.5, "inference": 2.0, "total": 14.5},
    }
    started = {"latency_ms": 16.0}
    started_ms = 1_001_210.0
    found = parts(
        word_end_s, detection, started, started_ms, posteriors(0.1, 0.1, 0.9, 0.8, 0.7), clock
    )
    assert {name: pytest.approx(getattr(found, name)) for name in NAMES} == {
        "model": 30.0,
        "smoothing": 200.0,
        "capture": 44.0,
        "gate": 12.0,
        "queue": 0.5,
        "inference": 2.0,
        "spawn": 1.5,
    }
    assert found.total == pytest.approx(started_ms - clock.sounded_ms(word_end_s))


def test_a_recording_is_found_in_what_was_heard() -> None:
    """To the sample, in noise and at another level."""
    random = np.random.default_rng(0)
    played = random.standard_normal(16_000).astype(np.float32)
    heard = 0.1 * random.standard_normal(40_000).astype(np.float32)
    heard[12_345 : 12_345 + len(played)] += 0.3 * played
    assert offset_s(played, heard) == 12_345 / 16_000


def test_the_timed_microphone_says_when_each_sample_sounded(tmp_path: Path) -> None:
    """What is recorded from it is the recording, bit for bit, and it came no sooner than it sounded."""
    samples = np.random.default_rng(0).integers(-9_000, 9_000, 16_000).astype(np.int16)
    soundfile.write(tmp_path / "noise.wav", samples, 16_000)
    with TimedMicrophone(tmp_path / "noise.wav") as microphone:
        recording = subprocess.Popen(
            [
                "parec",
                "--raw",
                "--format=s16le",
                "--rate=16000",
                "--channels=1",
                "--latency-msec=10",
            ],
            env=microphone.env,
            stdout=subprocess.PIPE,
        )
        assert recording.stdout is not None
        assert not any(recording.stdout.read(3_200)), "silence before it"
        before_ns = time.monotonic_ns()
        began_ns = microphone.play()
        ended_ns = time.monotonic_ns()
        recording.terminate()
        heard = recording.stdout.read()
        recording.wait()
    assert before_ns - 1e6 * PERIOD_MS <= began_ns
    assert ended_ns - began_ns == pytest.approx(1e9, abs=1e9 * 0.1)
    assert samples[:12_000].tobytes() in heard
