"""The daemon at rest: it sleeps unless there is something to do, and infers nothing while nobody speaks.

Wake-ups are counted, not timed: the kernel counts how often each thread has waited for something.
"""

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from support import daemon
from support.terminal import Terminal
from support.virtual_microphone import VirtualMicrophone

sys.path.append(str(Path(__file__).resolve().parents[2]))
from benchmarks.usage import Usage, read
from kws_live.types import SAMPLE_RATE_HZ

WATCHED_S = 5.0

# The sound system hands over every 50 ms, for which PortAudio now and then waits twice; kws-capture
# lets blocks gather for 200 ms. A loop that polls every 10 ms wakes up 100 times a second, one that
# polls every 50 ms 20 times.
CAPTURE_PROCESS_HZ = 45.0
KWS_CAPTURE_HZ = 10.0
DISPLAY_HZ = 6.0
EVERYTHING_ELSE_HZ = 3.0

PROGRAM = daemon.COMMAND.name
PULSE_THREAD = "threaded-ml"
"""PulseAudio's own in the capture process: how often it wakes up is not ours to say."""


@pytest.fixture
def microphone() -> Iterator[VirtualMicrophone]:
    """A private PulseAudio server, silent."""
    with VirtualMicrophone() as server:
        yield server


def watched(pid: int) -> Usage:
    """What the program and its children use in a while."""
    before = read(pid)
    time.sleep(WATCHED_S)
    return read(pid) - before


def wake_ups_hz(usage: Usage) -> dict[str, float]:
    """Wake-ups a second: of the program's own threads by name, of all its children as "capture process"."""
    found: dict[str, float] = {}
    for thread in usage.threads:
        if thread.name != PULSE_THREAD:
            name = thread.name if thread.process == PROGRAM else "capture process"
            found[name] = found.get(name, 0.0) + thread.voluntary / usage.elapsed_s
    return found


def sleeps(found: dict[str, float]) -> bool:
    """Whether nobody but those who take in audio wakes up, and they no more often than they must."""
    others = dict(found)
    return (
        0 < others.pop("capture process") < CAPTURE_PROCESS_HZ
        and 0 < others.pop("kws-capture") < KWS_CAPTURE_HZ
        and others.pop("kws-display", 0.0) < DISPLAY_HZ
        and sum(others.values()) < EVERYTHING_ELSE_HZ
    )


def test_in_silence_it_wakes_up_for_audio_only(microphone: VirtualMicrophone) -> None:
    """No thread polls: not for work, events, a stop, hooks or the sound server."""
    with daemon.Daemon("--device", "default", env=microphone.env) as listener:
        listener.wait_for("ready")
        found = wake_ups_hz(watched(listener.pid))
    assert {"kws-capture", "kws-infer", "kws-hooks", "kws-json", "kws-stop"} <= set(found)
    assert sleeps(found), found


def test_a_thread_that_polls_would_be_noticed() -> None:
    """One loop of 10 ms in any thread, or of 50 ms outside those that take in audio, is too many."""
    asleep = {"capture process": 26.0, "kws-capture": 5.0, "kws-json": 0.2, "kws-infer": 0.0}
    assert sleeps(asleep)
    for name, calm_hz in asleep.items():
        assert not sleeps(asleep | {name: calm_hz + 100.0})
    assert not sleeps(asleep | {"kws-infer": 20.0})


def test_the_display_hardly_wakes_up_in_silence(microphone: VirtualMicrophone) -> None:
    """While nobody speaks it draws four times a second, not as often as it is configured to."""
    env = daemon.clean(microphone.env | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"})
    env.pop("NO_COLOR", None)
    with Terminal([daemon.COMMAND, "--device", "default"], env) as terminal:
        terminal.read_until(b"listening")
        before = read(terminal.pid)
        terminal.read_for(WATCHED_S)
        found = wake_ups_hz(read(terminal.pid) - before)
    assert found["kws-display"] > 0
    assert sleeps(found), found


def test_nothing_is_inferred_while_the_gate_is_closed(
    microphone: VirtualMicrophone, tmp_path: Path
) -> None:
    """After speech the count of hops stands still, and the time the gate was open with it."""
    config = tmp_path / "config.toml"
    config.write_text("schema = 1\n[events]\nstats_interval_s = 0.5\n")
    speech, rate_hz = soundfile.read(daemon.DEMO / "demo.flac", frames=2 * SAMPLE_RATE_HZ)
    soundfile.write(tmp_path / "speech.wav", speech, rate_hz)
    with daemon.Daemon("--device", "default", "--config", config, env=microphone.env) as listener:
        listener.wait_for("ready")
        microphone.play(tmp_path / "speech.wav")
        time.sleep(4.0)
        assert listener.stop(signal.SIGTERM) == -signal.SIGTERM
    closed = daemon.of_type(listener.seen, "vad")[-1]
    assert not closed["open"]
    after = [e for e in daemon.of_type(listener.seen, "stats") if e["seq"] > closed["seq"]]
    assert len(after) >= 4
    assert after[-1]["stream_s"] - closed["stream_s"] > 1.5
    assert after[1]["inferred_hops"] > 0
    # The first may have been told while the last hops were still being inferred.
    assert {e["inferred_hops"] for e in after[1:]} == {after[1]["inferred_hops"]}
    assert {e["gate_open_s"] for e in after[1:]} == {after[1]["gate_open_s"]}
    assert {e["dropped_hops"] for e in after} == {0}
