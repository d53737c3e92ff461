"""The installed daemon on a real sound server: microphone → keyword → hook."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import daemon
from support.virtual_microphone import VirtualMicrophone

from kws_live.eval.tracks import read_track

VARIABLES = ("KWS_KEYWORD", "KWS_SCORE", "KWS_START_S", "KWS_END_S", "KWS_TIMESTAMP")


@pytest.fixture
def microphone() -> Iterator[VirtualMicrophone]:
    """A private PulseAudio server."""
    with VirtualMicrophone() as server:
        yield server


def processes_of(pid: int) -> set[int]:
    """The process and all its descendants that are alive."""
    found = {pid}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) in found and state != "Z":
            found |= processes_of(int(stat.parent.name))
    return {number for number in found if Path(f"/proc/{number}").exists()}


def test_each_word_spoken_is_heard_once_and_runs_its_hook(
    microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    """The demo, played into the sink, gives ten detections and ten hooks with their variables."""
    hook = tmp_path / "hook"
    hook.write_text(
        f"#!/bin/sh\nenv | grep ^KWS_ | sort > {tmp_path}/$KWS_KEYWORD.env\n"
        f"cat > {tmp_path}/$KWS_KEYWORD.json\n"
    )
    hook.chmod(0o755)
    with daemon.Daemon(
        "--device", "default", "--hook", f"*={hook}", env=microphone.env
    ) as listener:
        listener.wait_for("ready")
        microphone.play(daemon.DEMO / "demo.flac")
        time.sleep(1.5)
        listener.stop(signal.SIGINT)
    started_s = _start_of_demo(listener.seen)
    track = read_track(daemon.DEMO / "demo.txt")
    assert daemon.heard_once_each(listener.seen, track, started_s), daemon.detections(listener.seen)
    for detection in daemon.of_type(listener.seen, "detection"):
        lines = (tmp_path / f"{detection['keyword']}.env").read_text().splitlines()
        variables = dict(line.split("=", 1) for line in lines)
        assert set(variables) == set(VARIABLES)
        assert variables["KWS_KEYWORD"] == detection["keyword"]
        assert float(variables["KWS_SCORE"]) == pytest.approx(detection["score"], abs=1e-4)
        assert float(variables["KWS_START_S"]) == pytest.approx(detection["start_s"], abs=1e-3)
        assert float(variables["KWS_END_S"]) == pytest.approx(detection["end_s"], abs=1e-3)
        assert variables["KWS_TIMESTAMP"] == detection["ts"]
        assert daemon.events((tmp_path / f"{detection['keyword']}.json").read_bytes()) == [
            detection
        ]
    exits = [
        e["exit_code"] for e in daemon.of_type(listener.seen, "hook") if e["state"] == "exited"
    ]
    assert exits == [0] * len(daemon.KEYWORDS)


def _start_of_demo(seen: list[daemon.Event]) -> float:
    """Where the demo began in the stream, by its first word."""
    first = read_track(daemon.DEMO / "demo.txt")[0]
    return float(daemon.of_type(seen, "detection")[0]["end_s"]) - first.end_s


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(microphone: VirtualMicrophone, number: signal.Signals) -> None:
    """It tells its totals, dies by the signal, and leaves no process behind."""
    with daemon.Daemon("--device", "default", env=microphone.env) as listener:
        listener.wait_for("ready")
        family = processes_of(listener.pid)
        assert len(family) == 2, "the daemon and its capture process"
        began_s = time.monotonic()
        assert listener.stop(number) == -number
        assert time.monotonic() - began_s < 5
        assert listener.seen[-1]["type"] == "stats"
        assert listener.errors() == ""
    assert not any(Path(f"/proc/{pid}").exists() for pid in family)


def test_a_stop_ends_running_hooks(microphone: VirtualMicrophone) -> None:
    """A hook that would run for a minute does not outlive the daemon."""
    with daemon.Daemon(
        "--device", "default", "--hook", "*=sleep 60", env=microphone.env
    ) as listener:
        listener.wait_for("ready")
        speaking = microphone.speak(daemon.DEMO / "demo.flac")
        started = listener.wait_for("hook")
        speaking.kill()
        speaking.wait()
        listener.stop(signal.SIGTERM)
    assert started["state"] == "started"
    with pytest.raises(ProcessLookupError):
        os.kill(started["pid"], 0)


def test_an_unplugged_microphone_is_reported_and_taken_up_again(
    microphone: VirtualMicrophone,
) -> None:
    """The stream goes on after the server came back, with a gap as long as it was away."""
    with daemon.Daemon("--device", "default", env=microphone.env) as listener:
        listener.wait_for("ready")
        microphone.kill()
        listener.wait_for("device_lost")
        time.sleep(1)
        microphone.start()
        gap = listener.wait_for("gap")
        restored = listener.wait_for("device_restored")
        listener.stop(signal.SIGTERM)
    assert gap["reason"] == "device_lost"
    assert gap["lost_s"] == pytest.approx(restored["lost_s"], abs=0.001)
    assert gap["lost_s"] > 1
    assert listener.seen[-1]["lost_s"] == pytest.approx(gap["lost_s"], abs=0.001)
