"""Which device a `--device` value means."""

from dataclasses import replace

import pytest

from kws_live.capture.devices import DeviceInfo, choose
from kws_live.errors import DeviceError

BUILT_IN = DeviceInfo(0, "HDA Intel: ALC662 Analog (hw:0,0)", "ALSA", 2, 44_100)
USB = DeviceInfo(3, "USB PnP Audio: USB Mic (hw:1,0)", "ALSA", 1, 48_000)
OTHER_USB = DeviceInfo(4, "USB Webcam: USB Mic (hw:2,0)", "ALSA", 2, 32_000)
DEFAULT = DeviceInfo(7, "default", "ALSA", 32, 44_100, is_default=True)
PULSE = DeviceInfo(8, "default", "PulseAudio", 2, 44_100)
SYSTEM_DEFAULT = DeviceInfo(9, "sysdefault", "ALSA", 128, 48_000)
DEVICES = [BUILT_IN, USB, OTHER_USB, DEFAULT, PULSE, SYSTEM_DEFAULT]


@pytest.mark.parametrize(
    ("spec", "device"),
    [
        ("3", USB),
        (" 3 ", USB),
        ("alc662", BUILT_IN),
        ("usb pnp", USB),
        ("webcam mic ALSA", OTHER_USB),
        ("default", DEFAULT),
        ("DEFAULT", DEFAULT),
        ("default, pulseaudio", PULSE),
        ("sysdefault", SYSTEM_DEFAULT),
        ("default, alsa", DEFAULT),
    ],
)
def test_a_value_means_one_device(spec: str, device: DeviceInfo) -> None:
    """Ids, ordered substrings in any case, whole names before mere parts, and "default"."""
    assert choose(spec, DEVICES) is device


@pytest.mark.parametrize("spec", ["alsa webcam", "mic usb pnp", "5", "", "12345678901234567890"])
def test_a_value_that_means_no_device_is_refused_with_the_list(spec: str) -> None:
    """Substrings out of order, ids of no input, and nothing at all match nothing."""
    with pytest.raises(DeviceError, match="No input device") as caught:
        choose(spec, DEVICES)
    assert spec.strip() in str(caught.value)
    assert "3  USB PnP Audio: USB Mic (hw:1,0), ALSA" in str(caught.value)


def test_a_value_that_means_several_devices_is_refused_with_those() -> None:
    """Only the candidates are listed, each with its id."""
    with pytest.raises(DeviceError, match="'usb mic' matches 2 input devices") as caught:
        choose("usb mic", DEVICES)
    assert "4  USB Webcam" in str(caught.value)
    assert "ALC662" not in str(caught.value)


def test_two_devices_of_one_name_are_ambiguous() -> None:
    """A whole name decides only where it is unique."""
    with pytest.raises(DeviceError, match="matches 3 input devices"):
        choose("default", [PULSE, replace(DEFAULT, is_default=False), SYSTEM_DEFAULT])


def test_without_devices_the_remedy_is_named() -> None:
    """Nothing to choose from is another trouble than a wrong name."""
    with pytest.raises(DeviceError, match=r"no audio input device.*--device demo"):
        choose("default", [])
