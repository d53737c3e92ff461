"""Standard streams that are closed, full or gone: never a traceback, never a file spoilt."""

from pathlib import Path

import pytest
import soundfile
from support import daemon

Eager = tuple[str, ...]

LISTEN = 'kws-live --input "$1" "${@:2}"'


def in_bash(script: str, *values: str | Path) -> None:
    """Run a script that must succeed without a word of Python's on standard error."""
    result = daemon.run_in_bash(script, *values)
    assert result.returncode == 0, result.stderr.decode()
    assert b"Traceback" not in result.stderr
    assert b"Exception ignored" not in result.stderr


@pytest.mark.parametrize(
    "command", ["--print-config", "--help", "--version", "completion bash", "--check-config"]
)
def test_what_is_printed_may_find_no_reader(command: str) -> None:
    """`| true` has ended long before: no error, nothing on standard error."""
    result = daemon.run_in_bash(f"kws-live {command} | true; exit ${{PIPESTATUS[0]}}")
    assert result.returncode == 0
    assert result.stderr == b""


@pytest.mark.parametrize("json", ["", "--json"])
def test_a_search_may_lose_its_reader(eager: Eager, speech: Path, json: str) -> None:
    """`| head -1` is how people look: the run ends, with exit code 0."""
    in_bash(f"{LISTEN} {json} | head -1; exit ${{PIPESTATUS[0]}}", speech, *eager)


def test_it_stops_when_its_reader_goes(eager: Eager, speech: Path) -> None:
    """Nobody reads: it does not go on to the end of a recording that is played in real time."""
    began = daemon.run_in_bash(f"{LISTEN} --realtime --json | true", speech, *eager, timeout_s=15)
    assert began.returncode == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("json", ["", "--json"])
def test_closed_descriptors_are_no_error(
    eager: Eager, speech: Path, closed: str, json: str
) -> None:
    """As daemons and cron jobs have them."""
    in_bash(f"{LISTEN} {json} {closed}", speech, *eager)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_recording_never_takes_the_place_of_a_closed_descriptor(
    eager: Eager, speech: Path, tmp_path: Path, closed: str
) -> None:
    """What is printed would go into the file: it holds the audio and nothing else."""
    in_bash(f"{LISTEN} --record {tmp_path}/heard.wav {closed}", speech, *eager)
    kept, _ = soundfile.read(tmp_path / "heard.wav", dtype="int16")
    played, _ = soundfile.read(speech, dtype="int16")
    assert kept.tobytes() == played.tobytes()


@pytest.mark.parametrize("command", ["--print-config", "--help", "devices --json"])
def test_printing_to_a_closed_descriptor_is_no_error(command: str) -> None:
    """There is nobody to tell."""
    result = daemon.run_in_bash(f"kws-live {command} >&-")
    assert result.returncode in (0, daemon.DEVICE)
    assert b"Traceback" not in result.stderr


def test_an_error_needs_no_standard_error() -> None:
    """The exit code tells it."""
    assert daemon.run_in_bash("kws-live --input /no/such.wav 2>&-").returncode == daemon.INPUT


def test_raw_samples_from_a_closed_standard_input_are_missing() -> None:
    """No audio is no success."""
    result = daemon.run_in_bash("kws-live --input - <&-")
    assert result.returncode == daemon.INPUT
    assert b"Traceback" not in result.stderr
    assert b"tandard input" in result.stderr


def test_a_full_disk_under_printed_lines(eager: Eager, speech: Path) -> None:
    """A reader that can't keep the detections is told, with exit code 74."""
    result = daemon.run_in_bash(f"{LISTEN} > /dev/full", speech, *eager)
    assert result.returncode == daemon.OUTPUT
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr


def test_a_full_disk_under_a_printed_configuration() -> None:
    """Half a configuration that was saved must not look like a success."""
    result = daemon.run_in_bash("kws-live --print-config > /dev/full")
    assert result.returncode == daemon.OUTPUT
    assert b"No space left" in result.stderr
    assert b"Traceback" not in result.stderr
