"""PortAudio, as the capture process needs it: list the inputs, open one.

Any call here may hang for ever when the sound server is frozen.
"""

from typing import Any

from kws_live.capture.devices import DeviceInfo
from kws_live.errors import DeviceError

_PERIOD_MS = 50
"""How much the sound system is asked to hand over at a time: a block waits no longer than this for
the rest of what came with its last sample."""

_MAX_CHANNELS = 2
"""Sound servers offer 32 channels on any device; more than a stereo pair is copies or silence."""


def load() -> Any:
    """Return the sounddevice module, with PortAudio initialised.

    Raises:
        DeviceError: PortAudio isn't installed or can't start.
    """
    try:
        import sounddevice  # noqa: PLC0415  (loading it starts PortAudio)
    except ImportError:
        raise
    except OSError as error:
        raise DeviceError(
            f"The PortAudio library can't be loaded ({error}). Install it:"
            " `apt-get install libportaudio2` (Debian, Ubuntu), `dnf install portaudio` (Fedora),"
            " `pacman -S portaudio` (Arch)."
        ) from error
    except (
        Exception
    ) as error:  # sounddevice raises its own type, which can't be named before it is imported
        raise DeviceError(f"PortAudio can't start: {error}") from error
    return sounddevice


def input_devices(sounddevice: Any) -> list[DeviceInfo]:
    """Return every device that has an input, in PortAudio's order."""
    host_apis = [api["name"] for api in sounddevice.query_hostapis()]
    default_id = sounddevice.default.device[0]
    return [
        DeviceInfo(
            id=info["index"],
            name=info["name"],
            host_api=host_apis[info["hostapi"]],
            channels=info["max_input_channels"],
            rate_hz=round(info["default_samplerate"]),
            is_default=info["index"] == default_id,
        )
        for info in sounddevice.query_devices()
        if info["max_input_channels"] > 0
    ]


class InputStream:
    """An open input stream, at the device's own rate, read on the caller's thread."""

    def __init__(self, sounddevice: Any, device: DeviceInfo, block_ms: int) -> None:
        """Open the device without starting it.

        Args:
            sounddevice: the module.
            device: what to open.
            block_ms: length of the blocks to deliver.

        Raises:
            DeviceError: the device can't be opened.
        """
        self.rate_hz = device.rate_hz
        self.channels = min(device.channels, _MAX_CHANNELS)
        self._block_frames = max(1, self.rate_hz * block_ms // 1000)
        self._error = sounddevice.PortAudioError
        self._label = device.label
        try:
            self._stream = sounddevice.RawInputStream(
                device=device.id,
                samplerate=self.rate_hz,
                channels=self.channels,
                dtype="int16",
                blocksize=self.rate_hz * min(block_ms, _PERIOD_MS) // 1000,
                dither_off=True,
            )
        except self._error as error:
            raise self._unusable(error) from error

    def start(self) -> None:
        """Start delivering.

        Raises:
            DeviceError: the device can't be started.
        """
        try:
            self._stream.start()
        except self._error as error:
            raise self._unusable(error) from error

    def read(self) -> tuple[bytes, bool]:
        """Wait for the next block.

        Returns:
            Its samples, interleaved int16, and whether PortAudio lost input before them.

        Raises:
            DeviceError: the device has stopped delivering.
        """
        try:
            samples, overflowed = self._stream.read(self._block_frames)
        except self._error as error:
            raise DeviceError(
                "the device stopped delivering (unplugged, or the sound server went away)"
            ) from error
        return bytes(samples), overflowed

    def _unusable(self, error: Exception) -> DeviceError:
        return DeviceError(
            f"The device {self._label!r} can't be opened at {self.rate_hz} Hz, {self.channels} ch"
            f" ({error}). Is another program using it? `kws-live devices` lists the others."
        )
