"""The input devices there are."""

import json
import time

from kws_live.capture.devices import DeviceInfo
from kws_live.errors import DeviceError
from kws_live.sources.process import CaptureProcess


def list_devices(timeout_s: float = 5.0) -> list[DeviceInfo]:
    """Return every input device.

    They are asked for in a process of their own, which a frozen sound server can't hold up.

    Raises:
        DeviceError: PortAudio is missing, or gave no answer within `timeout_s`.
    """
    process = CaptureProcess("--list")
    answer = b""
    deadline_s = time.monotonic() + timeout_s
    try:
        while data := process.read(max(0.0, deadline_s - time.monotonic())):
            answer += data
        if data is None:
            raise DeviceError(
                f"The sound system gave no list of devices within {timeout_s:g} s: the sound server"
                " is frozen. Restart it (`systemctl --user restart pipewire` or `pulseaudio -k`)."
            )
        if not answer:
            raise DeviceError(f"The devices can't be listed: {process.last_words()}")
    finally:
        process.close()
    result = json.loads(answer)
    if "error" in result:
        raise DeviceError(result["error"])
    return [DeviceInfo(**values) for values in result["devices"]]
