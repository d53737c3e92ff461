"""How fast a recording is gone through."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.throughput import (
    DEMO,
    Rates,
    Run,
    efficiency,
    only_on,
    repeated,
    time_run,
    with_pauses,
)


def test_pauses_leave_the_share_that_is_asked_for() -> None:
    """The speech comes first, and what follows is soft."""
    mixed = with_pauses(np.full(1_000, 9_000, np.int16), 0.1)
    assert len(mixed) == 10_000
    assert np.all(mixed[:1_000] == 9_000)
    assert np.abs(mixed[1_000:]).max() < 20


def test_a_recording_is_repeated_to_a_length() -> None:
    """Cut where it ends."""
    samples = np.arange(10_000, dtype=np.int16)
    assert repeated(samples, 1.5).tolist() == [*samples, *samples, *samples[:4_000]]


def test_the_mix_is_held_against_the_speech_and_the_open_gate() -> None:
    """A tenth of the work at eight times the speed is four fifths of what can be hoped for."""
    assert efficiency(Rates(100.0, 90.0, 1.0), Rates(800.0, 500.0, 0.1)) == pytest.approx(0.8)


def test_rates_are_medians() -> None:
    """One run that was disturbed changes nothing."""
    runs = [Run(100.0, whole, whole - 1.0, 0.5, 3) for whole in (2.0, 3.0, 101.0)]
    assert Rates.of(runs) == Rates(steady=50.0, whole=100.0 / 3.0, open_share=0.5)


def test_cores_are_given_back() -> None:
    """Also after a failure."""
    before = os.sched_getaffinity(0)
    core = min(before)
    with contextlib.suppress(RuntimeError), only_on([core]):
        assert os.sched_getaffinity(0) == {core}
        raise RuntimeError
    assert os.sched_getaffinity(0) == before


def test_the_gate_is_off_or_on_as_asked(tmp_path: Path) -> None:
    """Without it everything is inferred; the same program tells how long it took."""
    speech, _ = soundfile.read(DEMO, dtype="int16", frames=32_000)
    path = tmp_path / "mix.wav"
    soundfile.write(path, with_pauses(speech, 0.2), 16_000)
    cores = sorted(os.sched_getaffinity(0))[:1]
    all_of_it, some_of_it = (time_run(path, cores, gated=gated) for gated in (False, True))
    assert all_of_it.audio_s == some_of_it.audio_s == 10.0
    assert all_of_it.open_share == pytest.approx(1.0, abs=0.01)
    assert 0.1 < some_of_it.open_share < 0.6
    assert 0 < all_of_it.steady_s < all_of_it.whole_s
