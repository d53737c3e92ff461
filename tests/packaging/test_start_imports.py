"""Each command imports what it uses and nothing else: imports are most of what a start takes."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

COMMAND = ("-m", "kws_live")
CAPTURE = ("-m", "kws_live.capture")

HEAVY = {"numpy", "onnxruntime", "soundfile", "soxr", "_webrtcvad", "rich"}
NO_DEVICE = ("--device", "no device has this name")
"""Ends with 69 wherever it runs, after all that a start imports."""


def imported(program: Sequence[str], *arguments: str) -> set[str]:
    """Runs a program in a fresh interpreter to its end; returns the names of all that it imported."""
    answer = subprocess.run(
        [sys.executable, "-P", "-X", "importtime", *program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode in {0, 69}, answer.stderr
    lines = (line for line in answer.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines}


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), ("completion", "bash"), ("devices",)], ids=" ".join
)
def test_what_needs_no_audio_imports_nothing_for_it(arguments: tuple[str, ...]) -> None:
    """Help, version, completion and the list of devices answer without numpy or a model."""
    found = imported(COMMAND, *arguments)
    assert found & (HEAVY | {"kws_live.compose"}) == set()
    assert "click" in found


@pytest.mark.parametrize("output", ["--json", "--verbose"])
def test_a_microphone_needs_neither_sound_files_nor_a_terminal(output: str) -> None:
    """Listening without a terminal imports numpy and the model's runtime, and neither soundfile nor rich."""
    found = imported(COMMAND, *NO_DEVICE, output)
    assert found & {"soundfile", "rich", "kws_live.clips.saver", "kws_live.recorder"} == set()
    assert {"numpy", "onnxruntime", "kws_live.sources.microphone"} <= found


def test_recording_imports_what_writes_sound_files(tmp_path: Path) -> None:
    """What the tests above miss is found where a run does use it."""
    found = imported(COMMAND, *NO_DEVICE, "--json", "--record", str(tmp_path / "heard.wav"))
    assert "soundfile" in found


def test_the_capture_process_imports_no_more_than_portaudio_needs() -> None:
    """The microphone's own process has neither numpy nor anything of the daemon's other parts."""
    found = imported(CAPTURE, "--list")
    others = {"click", "kws_live.config", "kws_live.types", "kws_live.model", "kws_live.events"}
    assert found & (HEAVY | others) == set()
    assert "kws_live.capture.portaudio" in found
