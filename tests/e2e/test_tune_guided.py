"""The guided session of the installed command, at a microphone that speaks and on a terminal that is looked at."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import daemon
from support.speech import spoken_stream
from support.terminal import Terminal
from support.virtual_microphone import VirtualMicrophone

from kws_live.config import load
from kws_live.types import SAMPLE_RATE_HZ

CTRL_C = b"\x03"


@pytest.fixture(scope="module")
def microphone() -> Iterator[VirtualMicrophone]:
    """A microphone that is silent until somebody speaks."""
    with VirtualMicrophone() as found:
        yield found


@pytest.fixture
def env(microphone: VirtualMicrophone, tmp_path: Path) -> dict[str, str]:
    """A home of its own, with a terminal that can draw."""
    kept = {name: value for name, value in microphone.env.items() if name != "NO_COLOR"}
    homes = {"XDG_CONFIG_HOME": tmp_path / "config", "XDG_DATA_HOME": tmp_path / "data"}
    return daemon.clean(kept) | {
        **{name: str(path) for name, path in homes.items()},
        "TERM": "xterm-256color",
        "PYTHONIOENCODING": "utf-8",
    }


def guided(env: dict[str, str], session: Path, *arguments: str) -> Terminal:
    """Start a session for one word."""
    asked = ["tune", "--keyword", "stop", "--session", session, *arguments]
    return Terminal([daemon.COMMAND, *map(str, asked)], env)


def lived(session: Path, duration_s: float) -> Path:
    """A session with so much background in it already."""
    folder = session / "background"
    folder.mkdir(parents=True)
    samples = np.zeros(round(duration_s * SAMPLE_RATE_HZ), dtype=np.int16)
    soundfile.write(folder / "001.flac", samples, SAMPLE_RATE_HZ)
    return session


def takes(folder: Path, words: list[str]) -> Path:
    """A sound file with the words, two seconds apart."""
    samples, _ = spoken_stream(words, gap_s=(1.6, 1.8))
    path = folder / "takes.wav"
    soundfile.write(path, samples, SAMPLE_RATE_HZ)
    return path


def test_it_asks_listens_and_writes_the_configuration(
    microphone: VirtualMicrophone, env: dict[str, str], tmp_path: Path
) -> None:
    """Two words, then some seconds of silence: too little to promise anything, and it says so."""
    session = tmp_path / "session"
    with guided(env, session, "--takes", "2", "--minutes", "0.18") as terminal:
        terminal.read_until(b"listening to")
        terminal.read_until(b"say 'stop' 2 times")
        terminal.read_until(b"level")
        microphone.play(takes(tmp_path, ["stop"] * 2))
        terminal.read_until(b"'stop': 2 kept")
        terminal.read_until(b"live normally")
        terminal.read_until(b"of background kept")
        assert terminal.wait() == 0
        assert terminal.as_before
        text = b" ".join(terminal.seen.split()).decode()
    assert "11 seconds can't show 1 false accept per hour" in text
    assert "bound a keyword at 1000/h" in text
    assert "Was the microphone muted?" in text
    assert len(list((session / "words" / "stop").glob("*.flac"))) == 2
    assert session.stat().st_mode & 0o777 == 0o700
    config = tmp_path / "config" / "kws-live" / "config.toml"
    assert load(config, {}, {}).config.keywords["stop"].threshold is not None
    assert list(load(config, {}, {}).config.keywords) == ["stop"]


def test_ctrl_c_keeps_what_was_said_and_tells_how_to_go_on(
    microphone: VirtualMicrophone, env: dict[str, str], tmp_path: Path
) -> None:
    """And the next time only the rest is asked for."""
    session = tmp_path / "session"
    with guided(env, session, "--takes", "3") as terminal:
        terminal.read_until(b"say 'stop' 3 times")
        terminal.read_until(b"level")
        microphone.play(takes(tmp_path, ["stop"]))
        terminal.read_until("●○○".encode())
        terminal.type(CTRL_C)
        assert terminal.wait() == -signal.SIGINT
        assert terminal.as_before
        assert f"kws-live tune --session {session}".encode() in b" ".join(terminal.seen.split())
    with guided(env, session, "--takes", "3") as terminal:
        terminal.read_until(b"say 'stop' 2 times")
        terminal.type(CTRL_C)
        terminal.wait()


def test_sigterm_gives_the_terminal_back(env: dict[str, str], tmp_path: Path) -> None:
    """And the parent sees a death by it."""
    with guided(env, tmp_path / "session") as terminal:
        terminal.read_until(b"level")
        terminal.send(signal.SIGTERM)
        assert terminal.wait() == -signal.SIGTERM
        assert terminal.as_before


def test_background_that_was_cut_short_is_mended(
    microphone: VirtualMicrophone, env: dict[str, str], tmp_path: Path
) -> None:
    """Killed in the middle; the next time it counts, and q ends it."""
    session = lived(tmp_path / "session", 7.0)
    with guided(env, session, "--minutes", "10") as terminal:
        terminal.read_until(b"level")
        terminal.type(b"s")
        terminal.read_until(b"live normally")
        terminal.read_until(b"0:09 of 10:00")
        terminal.send(signal.SIGKILL)
        terminal.wait()
    with guided(env, session, "--minutes", "10", "--dry-run") as terminal:
        terminal.read_until(b"level")
        terminal.type(b"s")
        terminal.read_until(b"live normally for 9:5")
        terminal.read_until(b"0:11 of 10:00")
        terminal.type(b"q")
        assert terminal.wait() == 0
    assert len(list((session / "background").glob("*.flac"))) == 3


def test_a_lost_microphone_is_waited_for(
    microphone: VirtualMicrophone, env: dict[str, str], tmp_path: Path
) -> None:
    """What comes after it is a recording of its own."""
    session = lived(tmp_path / "session", 8.0)
    with guided(env, session, "--minutes", "0.2", "--dry-run") as terminal:
        terminal.read_until(b"level")
        terminal.type(b"s")
        terminal.read_until(b"0:09 of 0:12")
        microphone.kill()
        terminal.read_until(b"the microphone is gone")
        time.sleep(0.5)
        microphone.start()
        terminal.read_until(b"the microphone is back")
        assert terminal.wait() == 0
    found = [soundfile.info(path).duration for path in (session / "background").glob("*.flac")]
    assert len(found) == 3
    assert sum(found) == pytest.approx(12.0, abs=0.2)


def test_without_a_terminal_it_says_what_to_give(env: dict[str, str]) -> None:
    """Nothing is opened."""
    daemon.fails(daemon.USAGE, "tune", says=["needs a terminal", "--background"], env=env)


def test_an_unknown_microphone_is_told(env: dict[str, str], tmp_path: Path) -> None:
    """The exit code is that of a device, and the session can be gone on with."""
    with guided(env, tmp_path / "session", "--device", "no such thing") as terminal:
        assert terminal.wait() == daemon.DEVICE
        assert b"kws-live tune --session" in b" ".join(terminal.seen.split())
        assert terminal.as_before
