"""Where the time of a start goes: its parts in the order in which they happen, each in a fresh process.

The microphone's process runs beside the imports and the model, so the two columns of parts overlap:
the later of them is when kws-live is ready.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping

from kws_live.capture.records import Kind, RecordReader
from kws_live.config import AudioConfig

_READ_BYTES = 1 << 16

_PROGRAM = """
import json, os, sys, time

marks = {"interpreter": time.monotonic()}
import kws_live.cli
marks["command line"] = time.monotonic()
from kws_live.config import load
import kws_live.launch
resolved = load(None, os.environ, {})
marks["configuration"] = time.monotonic()
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as kws_live.launch has it
from kws_live.compose import settle
import kws_live.sources.microphone
marks["numpy, ONNX Runtime, the rest"] = time.monotonic()
from kws_live.model import Classifier
Classifier(settle(resolved).folder)
marks["model opened and tried"] = time.monotonic()
print(json.dumps(marks))
"""


def daemon_parts_ms(env: Mapping[str, str], runs: int) -> dict[str, float]:
    """Returns how long each part of the daemon's own start takes, medians in ms, in their order.

    Args:
        env: Environment of the process.
        runs: How many are counted, after one that is not.
    """
    found: dict[str, list[float]] = {}
    for run in range(runs + 1):
        last_s = time.monotonic()
        answer = subprocess.run(
            [sys.executable, "-P", "-c", _PROGRAM],
            cwd=tempfile.gettempdir(),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
        for name, at_s in json.loads(answer.stdout).items():
            if run:
                found.setdefault(name, []).append((at_s - last_s) * 1e3)
            last_s = at_s
    return {name: statistics.median(values) for name, values in found.items()}


def capture_parts_ms(env: Mapping[str, str], runs: int) -> dict[str, float]:
    """Returns how long the capture process takes to open the default device and to its first block.

    Medians in ms, in their order.

    Args:
        env: Environment of the process.
        runs: How many are counted, after one that is not.

    Raises:
        RuntimeError: The process gave up.
    """
    found = [_capture_s(env) for _ in range(runs + 1)][1:]
    return {
        "capture process, device open": statistics.median(opened for opened, _ in found) * 1e3,
        "its first block": statistics.median(first - opened for opened, first in found) * 1e3,
    }


def _capture_s(env: Mapping[str, str]) -> tuple[float, float]:
    """Returns when the device was open and when the first block came, since the process was started."""
    began_s = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "kws_live.capture", "--block-ms", str(AudioConfig().block_ms)],
        cwd=tempfile.gettempdir(),
        env=dict(env),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert process.stdout is not None
    opened_s = 0.0
    reader = RecordReader()
    try:
        while data := process.stdout.read(_READ_BYTES):
            for record in reader.feed(data):
                if record.kind is Kind.AUDIO:
                    return opened_s, time.monotonic() - began_s
                if record.kind is Kind.ERROR:
                    raise RuntimeError(record.text("message"))
                opened_s = time.monotonic() - began_s
        raise RuntimeError("the capture process ended before its first block")
    finally:
        process.kill()
        process.communicate()
