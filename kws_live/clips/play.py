"""The process that plays one clip: `python -m kws_live.clips.play FILE`.

Playing is a process of its own because every call of PortAudio may hang for ever while the sound
server is frozen; only killing it helps.
"""

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import soundfile

from kws_live.capture import portaudio
from kws_live.capture.guard import end_with_parent
from kws_live.errors import DeviceError

_TAIL_S = 0.2
"""Silence behind the clip, because some sound systems swallow the last block."""


def main() -> NoReturn:
    """Play the clip to its end; exit code 69 and a line on standard error where that is impossible."""
    end_with_parent()
    code = 0
    try:
        _play(Path(sys.argv[1]))
    except DeviceError as error:
        print(error, file=sys.stderr, flush=True)
        code = DeviceError.exit_code
    # Without the interpreter's exit: PortAudio's own clean-up may hang.
    os._exit(code)


def _play(path: Path) -> None:
    sounddevice = portaudio.load()
    with soundfile.SoundFile(path) as file:
        rate_hz = file.samplerate
        audio = bytes(file.buffer_read(dtype="int16"))
    try:
        device = sounddevice.query_devices(kind="output")
    except (sounddevice.PortAudioError, ValueError) as error:
        raise DeviceError("there is no audio output device") from error
    try:
        _send(sounddevice, audio, rate_hz)
    except sounddevice.PortAudioError:
        own_rate_hz = round(device["default_samplerate"])
        try:
            _send(sounddevice, _resampled(audio, rate_hz, own_rate_hz), own_rate_hz)
        except sounddevice.PortAudioError as error:
            raise DeviceError(f"{device['name']!r} can't be played on ({error})") from error


def _send(sounddevice: Any, audio: bytes, rate_hz: int) -> None:
    with sounddevice.RawOutputStream(
        samplerate=rate_hz, channels=1, dtype="int16", latency="high"
    ) as stream:
        stream.write(audio + bytes(2 * round(_TAIL_S * rate_hz)))


def _resampled(audio: bytes, rate_hz: int, own_rate_hz: int) -> bytes:
    """Return the audio at the device's own rate, for hardware without a sound server before it."""
    import numpy as np  # noqa: PLC0415  (a tenth of a second, which is seldom needed)
    import soxr  # noqa: PLC0415

    samples = np.frombuffer(audio, dtype=np.int16)
    return bytes(soxr.resample(samples, rate_hz, own_rate_hz).tobytes())


if __name__ == "__main__":
    main()
