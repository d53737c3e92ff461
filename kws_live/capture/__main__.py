"""The capture process: `python -m kws_live.capture --device SPEC`, or `--list`."""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from typing import NoReturn

from kws_live.capture import portaudio
from kws_live.capture.alsa import forget_encoder
from kws_live.capture.devices import DEFAULT_DEVICE
from kws_live.capture.guard import end_with_parent
from kws_live.capture.recorder import Recorder, RecordWriter
from kws_live.capture.records import Kind, message
from kws_live.errors import DeviceError


def main() -> NoReturn:
    """Run the capture process."""
    parser = argparse.ArgumentParser(prog="kws_live.capture")
    parser.add_argument("--device", default=DEFAULT_DEVICE, metavar="SPEC")
    parser.add_argument("--block-ms", type=int, default=100)
    parser.add_argument("--list", action="store_true", help="print the input devices as JSON")
    arguments = parser.parse_args()
    # A signal for the whole process group (Ctrl-C, a service manager's stop) is the parent's to
    # handle: it closes the pipes when it is done with us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_parent()
    # Nothing that a library prints may get between the records.
    output_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    forget_encoder()
    if arguments.list:
        _list(output_fd)
    _record(arguments.device, arguments.block_ms, RecordWriter(output_fd))


def _record(spec: str, block_ms: int, writer: RecordWriter) -> NoReturn:
    try:
        Recorder(spec, block_ms, writer).run()
    except DeviceError as error:
        writer.write(message(Kind.ERROR, {"message": str(error)}))
    # Without the interpreter's exit: PortAudio's own clean-up hangs when the sound server does.
    os._exit(DeviceError.exit_code)


def _list(output_fd: int) -> NoReturn:
    result: dict[str, object]
    try:
        result = {"devices": [asdict(d) for d in portaudio.input_devices(portaudio.load())]}
    except DeviceError as error:
        result = {"error": str(error)}
    with open(output_fd, "w", encoding="utf-8") as output:
        json.dump(result, output)
    os._exit(0 if "devices" in result else DeviceError.exit_code)


if __name__ == "__main__":
    main()
