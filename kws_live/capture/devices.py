"""Which input device a `--device` value means.

The rules are those of `python -m sounddevice`: an id (all digits), or case-insensitive substrings,
in order, of "name, host api"; a whole name wins over devices that merely contain it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kws_live.errors import DeviceError

DEFAULT_DEVICE = "default"


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """An input device.

    Attributes:
        id: PortAudio's number for it, good only until devices come or go.
        name: its name.
        host_api: PortAudio's name of the sound system it belongs to.
        channels: the most input channels it offers.
        rate_hz: its default sample rate.
        is_default: whether PortAudio opens it for "default".
    """

    id: int
    name: str
    host_api: str
    channels: int
    rate_hz: int
    is_default: bool = False

    @property
    def label(self) -> str:
        """The "name, host api" that a device value is matched against."""
        return f"{self.name}, {self.host_api}"


def choose(spec: str, devices: Sequence[DeviceInfo]) -> DeviceInfo:
    """Return the one input device that `spec` means.

    Args:
        spec: an id, substrings of "name, host api", or "default".
        devices: every input device there is.

    Raises:
        DeviceError: there is no input device, none matches, or several do.
    """
    if not devices:
        raise DeviceError(
            "There is no audio input device. Plug in a microphone or start the sound server"
            " (PipeWire or PulseAudio), then try again; `kws-live devices` lists what there is, and"
            " `--device demo` needs no microphone."
        )
    query = spec.strip().lower()
    if query.isdecimal():
        return _by_id(int(query), devices)
    defaults = [device for device in devices if device.is_default]
    if query == DEFAULT_DEVICE and defaults:
        return defaults[0]
    matches = [device for device in devices if _contains(device.label.lower(), query.split())]
    exact = [d for d in matches if query in (d.name.lower(), d.label.lower())]
    if len(matches) == 1:
        return matches[0]
    if len(exact) == 1:
        return exact[0]
    if not matches:
        raise DeviceError(
            f"No input device matches {spec!r}. There are:\n{_listed(devices)}\n"
            "Give an id from this list or a part of a name."
        )
    raise DeviceError(
        f"{spec!r} matches {len(matches)} input devices:\n{_listed(matches)}\n"
        "Give the id, or more of the name, so that one is left."
    )


def _by_id(number: int, devices: Sequence[DeviceInfo]) -> DeviceInfo:
    for device in devices:
        if device.id == number:
            return device
    raise DeviceError(f"No input device has the id {number}. There are:\n{_listed(devices)}")


def _contains(text: str, parts: Sequence[str]) -> bool:
    position = 0
    for part in parts:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return bool(parts)


def _listed(devices: Sequence[DeviceInfo]) -> str:
    return "\n".join(f"  {device.id}  {device.label}" for device in devices)
