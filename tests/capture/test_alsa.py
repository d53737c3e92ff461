"""PortAudio looks at the sound system without loading what only plays."""

import shutil
import subprocess
import sys

import pytest

OPEN_PORTAUDIO = (
    "import sounddevice; sounddevice.query_devices(); print(open('/proc/self/maps').read())"
)
FORGET = "from kws_live.capture.alsa import forget_encoder; forget_encoder(); "


def mapped(program: str) -> str:
    """Runs a program in a fresh interpreter; returns the files that it has mapped at its end."""
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    if "PortAudio library not found" in answer.stderr:
        pytest.skip("PortAudio is not installed")
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_the_encoder_of_alsa_brings_no_video_library_in() -> None:
    """Where ALSA's plugins are installed, PortAudio alone loads FFmpeg; after `forget_encoder` it doesn't."""
    if "libavcodec" not in mapped(OPEN_PORTAUDIO):
        pytest.skip("ALSA has no AC-3 encoder here")
    assert "libavcodec" not in mapped(FORGET + OPEN_PORTAUDIO)


def test_the_devices_are_the_same_without_the_encoder() -> None:
    """What can record is still there."""
    if shutil.which("pulseaudio") is None:
        pytest.skip("no sound server to list the devices of")
    from support.virtual_microphone import VirtualMicrophone

    names = "import sounddevice; print([d['name'] for d in sounddevice.query_devices()])"
    with VirtualMicrophone() as microphone:
        listed = [
            subprocess.run(
                [sys.executable, "-c", program],
                env=microphone.env,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout
            for program in (names, FORGET + names)
        ]
    assert "default" in listed[0]
    assert listed[0] == listed[1]
