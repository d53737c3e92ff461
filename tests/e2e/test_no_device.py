"""No usable device: each case has its exit code and a message that names the value and the remedy."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from support import daemon
from support.virtual_microphone import VirtualMicrophone

Environment = Mapping[str, str]

LISTING = (("devices",), ("devices", "--json"))
LISTENING = (("--device", "default"), ("--device", "default", "--json"))


@pytest.fixture(scope="module")
def sound_server() -> Iterator[Environment]:
    """An environment with a sound server: ALSA's plugins offer it as `pulse` and as `default`."""
    with VirtualMicrophone(44_100) as server:
        yield server.env


@pytest.fixture(scope="module")
def silence() -> Iterator[Environment]:
    """An environment with neither sound server nor sound card."""
    if Path("/proc/asound/pcm").exists() and Path("/proc/asound/pcm").read_text():
        pytest.skip("this computer has a sound card")
    with VirtualMicrophone() as server:
        server.kill()
        yield server.env


@pytest.fixture
def no_portaudio(tmp_path: Path) -> Environment:
    """An environment in which the library is found and can't be loaded."""
    (tmp_path / "libportaudio.so.2").touch()
    return os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}


@pytest.mark.parametrize("arguments", [*LISTENING, *LISTING])
def test_without_portaudio_the_package_is_named(
    no_portaudio: Environment, arguments: tuple[str, ...]
) -> None:
    """Listening and listing both say what to install."""
    daemon.fails(
        daemon.DEVICE,
        *arguments,
        says=("PortAudio library can't be loaded", "apt-get install libportaudio2"),
        env=no_portaudio,
    )


def test_the_demo_needs_no_portaudio(no_portaudio: Environment) -> None:
    """Who has no sound at all can still see it work."""
    with daemon.Daemon("--device", "demo", env=no_portaudio) as listener:
        assert listener.wait_for("ready")["device"] == "demo recording"


@pytest.mark.parametrize("arguments", [*LISTENING, *LISTING])
def test_without_any_device_the_remedy_is_named(
    silence: Environment, arguments: tuple[str, ...]
) -> None:
    """Plug a microphone in, or start the sound server."""
    daemon.fails(
        daemon.DEVICE,
        *arguments,
        says=("no audio input device", "Plug in a microphone", "sound server"),
        env=silence,
    )


def test_the_json_list_without_any_device_is_empty(silence: Environment) -> None:
    """A program that reads it gets a list all the same."""
    assert json.loads(daemon.run("devices", "--json", env=silence).stdout) == []


@pytest.mark.parametrize("name", ["no such thing", "--list"])
def test_an_unknown_device_is_told_what_there_is(sound_server: Environment, name: str) -> None:
    """The name that was given, and those that could have been."""
    daemon.fails(
        daemon.DEVICE,
        f"--device={name}",
        says=(f"{name!r}", "0 pulse, ALSA", "1 default, ALSA"),
        env=sound_server,
    )


def test_an_unknown_id_is_told_what_there_is(sound_server: Environment) -> None:
    """A number is an id, never a part of a name."""
    daemon.fails(
        daemon.DEVICE,
        "--device",
        "77",
        says=("id 77", "0 pulse, ALSA", "1 default, ALSA"),
        env=sound_server,
    )


def test_an_ambiguous_device_is_told_which_ones_match(sound_server: Environment) -> None:
    """More of the name, or the id, leaves one."""
    daemon.fails(
        daemon.DEVICE,
        "--device",
        "alsa",
        says=("'alsa' matches 2", "0 pulse, ALSA", "1 default, ALSA", "Give the id"),
        env=sound_server,
    )


def test_an_error_is_an_event_too(sound_server: Environment) -> None:
    """A program that reads the events learns why they end, and with which code."""
    result = daemon.run("--device", "no such thing", "--json", env=sound_server)
    last = daemon.events(result.stdout)[-1]
    assert last["type"] == "error"
    assert last["exit_code"] == daemon.DEVICE
    assert "'no such thing'" in last["message"]


@pytest.mark.parametrize("spec", ["0", "pulse", "PULSE alsa"])
def test_an_id_or_parts_of_a_name_choose_a_device(sound_server: Environment, spec: str) -> None:
    """In any case of letters, in the order of "name, host api"."""
    with daemon.Daemon("--device", spec, env=sound_server) as listener:
        assert listener.wait_for("ready")["device"].startswith("pulse, ALSA")


def test_the_list_marks_the_default(sound_server: Environment) -> None:
    """Id, name, host API, channels and rate, a line each."""
    result = daemon.run("devices", env=sound_server)
    lines = result.stdout.decode().splitlines()
    assert result.returncode == 0
    assert lines[0].split()[:3] == ["0", "pulse,", "ALSA"]
    assert lines[1].split()[:4] == ["*", "1", "default,", "ALSA"]
    assert all("44100 Hz" in line for line in lines[:2])
    assert "--device" in lines[2]


def test_the_json_list_has_the_same(sound_server: Environment) -> None:
    """One object a device."""
    result = daemon.run("devices", "--json", env=sound_server)
    found = json.loads(result.stdout)
    assert result.returncode == 0
    assert [
        (one["id"], one["name"], one["host_api"], one["rate_hz"], one["is_default"])
        for one in found
    ] == [(0, "pulse", "ALSA", 44_100, False), (1, "default", "ALSA", 44_100, True)]


def test_a_frozen_sound_server_does_not_hang_the_list() -> None:
    """It is given up after some seconds, and the remedy is to restart the server."""
    with VirtualMicrophone() as server:
        server.freeze()
        daemon.fails(
            daemon.DEVICE, "devices", says=("sound server is frozen", "Restart it"), env=server.env
        )
