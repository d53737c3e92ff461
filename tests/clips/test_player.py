"""Clips are heard on a real sound server, and one that hangs holds up nobody."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from support.clips import detection, kept, tone
from support.virtual_microphone import SOURCE, VirtualMicrophone

from kws_live.clips.player import Player

PATIENCE_S = 20.0
DURATION_S = 2.0


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Two seconds of noise."""
    (stored,) = kept(tmp_path, detection(0))
    return tmp_path / f"{stored.name}.flac"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualMicrophone]:
    """A private PulseAudio, which programs of this process play to."""
    with VirtualMicrophone() as microphone:
        for name, value in microphone.env.items():
            monkeypatch.setenv(name, value)
        yield microphone


@pytest.fixture
def player() -> Iterator[Player]:
    """A player that leaves no process behind."""
    player = Player()
    yield player
    player.stop()


def wait(player: Player) -> None:
    """Wait until it plays no longer."""
    deadline_s = time.monotonic() + PATIENCE_S
    while player.playing:
        assert time.monotonic() < deadline_s
        time.sleep(0.02)
        player.check()


def test_the_clip_is_heard_to_its_end(
    server: VirtualMicrophone, player: Player, clip: Path, tmp_path: Path
) -> None:
    """What the sound server's output carries is the clip."""
    heard = tmp_path / "heard.s16"
    with heard.open("wb") as file:
        recording = subprocess.Popen(
            ["parec", f"--device={SOURCE}", "--format=s16le", "--rate=16000", "--channels=1"],
            env=server.env,
            stdout=file,
        )
        while not heard.stat().st_size:
            time.sleep(0.02)
        player.play(clip, DURATION_S)
        wait(player)
        time.sleep(0.5)
        recording.terminate()
        recording.wait()
    assert player.problem is None
    samples = np.frombuffer(heard.read_bytes(), np.int16).astype(np.float64)
    for part in (tone(0)[:4_000], tone(0)[-4_000:]):
        match = np.correlate(samples, part.astype(np.float64), "valid").max()
        assert match > 0.5 * np.square(part.astype(np.float64)).sum()


def test_another_clip_interrupts_the_first(
    server: VirtualMicrophone, player: Player, clip: Path
) -> None:
    """At once; nobody has to hear a clip to its end."""
    player.play(clip, DURATION_S)
    time.sleep(0.5)
    began_s = time.monotonic()
    player.play(clip, DURATION_S)
    player.stop()
    assert time.monotonic() - began_s < 0.5
    assert not player.playing


def test_a_frozen_sound_server_is_told_and_holds_up_nobody(
    server: VirtualMicrophone, clip: Path
) -> None:
    """The process that hangs is killed."""
    server.freeze()
    player = Player(patience_s=0.5)
    began_s = time.monotonic()
    player.play(clip, DURATION_S)
    assert time.monotonic() - began_s < 0.5
    wait(player)
    server.thaw()
    assert player.problem == "the sound server does not answer"


def test_without_a_device_it_says_so_and_tries_again_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, player: Player, clip: Path
) -> None:
    """A clip after another would else cost a process each, for nothing."""
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    player.play(clip, DURATION_S)
    wait(player)
    assert player.problem
    assert "\n" not in player.problem
    player.play(clip, DURATION_S)
    assert not player.playing
    player.play(clip, DURATION_S, anyway=True)
    assert player.playing


def test_the_process_ends_with_us(server: VirtualMicrophone, clip: Path) -> None:
    """Even when we are killed while the sound server hangs."""
    server.freeze()
    parent = subprocess.Popen(
        [sys.executable, "-c", _PLAY_AND_WAIT, str(clip)],
        stdout=subprocess.PIPE,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    time.sleep(0.5)
    assert _state(child) != "Z", "it hangs"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline_s = time.monotonic() + PATIENCE_S
    while _state(child) != "Z":
        assert time.monotonic() < deadline_s, "it goes on"
        time.sleep(0.02)
    server.thaw()


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


_PLAY_AND_WAIT = """
import sys, time
from pathlib import Path
from kws_live.clips.player import Player
player = Player()
player.play(Path(sys.argv[1]), 2.0)
print(player._child.pid, flush=True)
time.sleep(60)
"""
