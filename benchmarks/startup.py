"""How long kws-live takes until it listens, and how much memory it holds while it does.

Start: from the creation of the process to the arrival of its `ready` event, which says that the
first audio is in and the model warmed. The file cache is warm: one run before the first is not
counted. Memory: the proportional set size (PSS) of the process and all its children, three seconds
after `ready`, with the demo being spoken into the microphone, so that the model has run.

    python -m benchmarks.startup
"""

import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import ROOT, kws_live, publish

sys.path.insert(0, str(ROOT / "tests"))
from support.virtual_microphone import VirtualMicrophone

RUNS = 7
LISTEN_S = 3.0
DEMO = ROOT / "kws_live" / "demo" / "demo.flac"
START_TARGET_S = 0.6
MEMORY_TARGET_MB = 120


@dataclass(frozen=True)
class Run:
    """One start of the program.

    Attributes:
        start_s: creation of the process → its `ready` event.
        pss_mb: proportional set size of all its processes, in units of 10^6 bytes.
        processes: how many they were.
    """

    start_s: float
    pss_mb: float
    processes: int


def main() -> None:
    """Measure both ways of starting, and print and keep the figures."""
    with tempfile.TemporaryDirectory() as home:
        demo = [run("demo", {"PATH": "/usr/bin:/bin", "HOME": home}) for _ in range(RUNS + 1)]
    with VirtualMicrophone() as microphone:
        listening = [run_spoken_to(microphone) for _ in range(RUNS + 1)]
    measured = {"demo": demo[1:], "default": listening[1:]}

    publish(
        "startup",
        f"kws-live, start to ready and memory, {RUNS} runs",
        ["--device", "start (median)", "slowest", "memory (most)", "processes"],
        [
            [
                device,
                f"{statistics.median(r.start_s for r in runs):.3f} s",
                f"{max(r.start_s for r in runs):.3f} s",
                f"{max(r.pss_mb for r in runs):.1f} MB",
                str(max(r.processes for r in runs)),
            ]
            for device, runs in measured.items()
        ],
        {
            "runs": RUNS,
            "targets": {"start_s": START_TARGET_S, "pss_mb": MEMORY_TARGET_MB},
            "devices": {
                device: {
                    "start_median_s": round(statistics.median(r.start_s for r in runs), 4),
                    "start_max_s": round(max(r.start_s for r in runs), 4),
                    "pss_max_mb": round(max(r.pss_mb for r in runs), 1),
                    "processes": max(r.processes for r in runs),
                }
                for device, runs in measured.items()
            },
        },
    )


def run_spoken_to(microphone: VirtualMicrophone) -> Run:
    """Starts the program on a microphone into which the demo is being spoken."""
    speech = microphone.speak(DEMO)
    try:
        return run("default", microphone.env)
    finally:
        speech.kill()
        speech.wait()


def run(device: str, env: Mapping[str, str]) -> Run:
    """Starts the program once, lets it listen for `LISTEN_S` seconds, and stops it.

    Raises:
        SystemExit: The program ended before it was ready; says what it said.
    """
    with tempfile.TemporaryFile("w+") as messages:
        began_s = time.perf_counter()
        daemon = subprocess.Popen(
            [kws_live(), "--device", device, "--json"],
            cwd=tempfile.gettempdir(),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
        )
        assert daemon.stdout is not None
        with stopping(daemon):
            ready = any(json.loads(line)["type"] == "ready" for line in daemon.stdout)
            start_s = time.perf_counter() - began_s
            if not ready:
                messages.seek(0)
                raise SystemExit(f"kws-live ended before it was ready:\n{messages.read()}")
            time.sleep(LISTEN_S)
            processes = [daemon.pid, *descendants(daemon.pid)]
            return Run(start_s, sum(pss_mb(pid) for pid in processes), len(processes))


@contextlib.contextmanager
def stopping(process: subprocess.Popen[str]) -> Iterator[None]:
    """Ends the process when the block ends, whatever happened in it."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def descendants(pid: int) -> list[int]:
    """Returns the ids of the children of a process, their children, and so on."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            found += [child, *descendants(child)]
    return found


def pss_mb(pid: int) -> float:
    """Returns the proportional set size of a process in units of 10^6 bytes.

    Shared pages count in parts, so that the sum over processes is what they take together.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no Pss line")


if __name__ == "__main__":
    main()
