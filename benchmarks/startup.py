"""How long kws-live takes until it listens, and how much memory it holds while it does.

Start: from the creation of the process to the arrival of its `ready` event, which says that the
first audio is in and the model warmed. The file cache is warm: one run before the first is not
counted. Memory: the proportional set size (PSS) of the process and all its children, three seconds
after `ready`, with the demo being spoken into the microphone, so that the model has run; and how
much more memory of its own it holds after another minute of speech. What other programs share counts
in parts: where nothing else runs Python, the PSS is higher.

    python -m benchmarks.startup
"""

import contextlib
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import DEMO, ROOT, bare_environment, kws_live, publish, show
from benchmarks.startup_parts import capture_parts_ms, daemon_parts_ms
from benchmarks.usage import descendants

sys.path.insert(0, str(ROOT / "tests"))
from support.virtual_microphone import VirtualMicrophone

RUNS = 7
LISTEN_S = 3.0
SOAK_S = 60.0
START_TARGET_S = 0.35
MEMORY_TARGET_MB = 100
GROWTH_TARGET_MB = 3
"""Two of them are the ring: it holds a minute of audio, and takes memory as it fills."""


@dataclass(frozen=True)
class Run:
    """One start of the program.

    Attributes:
        start_s: creation of the process → its `ready` event.
        pss_mb: proportional set size of all its processes, in units of 10^6 bytes.
        processes: how many they were.
        growth_mb: how much more memory of their own, not mapped from files, they hold at the end.
    """

    start_s: float
    pss_mb: float
    processes: int
    growth_mb: float


def main() -> None:
    """Measure both ways of starting, and print and keep the figures."""
    with bare_environment() as env:
        demo = [run("demo", env) for _ in range(RUNS + 1)]
    with VirtualMicrophone() as microphone, spoken_to(microphone):
        listening = [run("default", microphone.env) for _ in range(RUNS + 1)]
        soaked = run("default", microphone.env, SOAK_S)
        parts = daemon_parts_ms(microphone.env, RUNS) | capture_parts_ms(microphone.env, RUNS)
    measured = {"demo": demo[1:], "default": listening[1:]}

    show(
        "Where the time goes (the capture process runs beside the rest)",
        ["part", "ms"],
        [[part, f"{value:.0f}"] for part, value in parts.items()],
    )
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
            "targets": {
                "start_s": START_TARGET_S,
                "pss_mb": MEMORY_TARGET_MB,
                "growth_mb": GROWTH_TARGET_MB,
            },
            "devices": {
                device: {
                    "start_median_s": round(statistics.median(r.start_s for r in runs), 4),
                    "start_max_s": round(max(r.start_s for r in runs), 4),
                    "pss_max_mb": round(max(r.pss_mb for r in runs), 1),
                    "processes": max(r.processes for r in runs),
                }
                for device, runs in measured.items()
            },
            "soak": {"minutes": SOAK_S / 60, "growth_mb": round(soaked.growth_mb, 2)},
            "parts_ms": {part: round(value, 1) for part, value in parts.items()},
        },
    )


@contextlib.contextmanager
def spoken_to(microphone: VirtualMicrophone) -> Iterator[None]:
    """Has the demo spoken into a microphone, over and over, while the block runs."""
    ended = threading.Event()

    def speak() -> None:
        while not ended.is_set():
            speech = microphone.speak(DEMO)
            while speech.poll() is None and not ended.wait(0.1):
                pass
            speech.kill()
            speech.wait()

    thread = threading.Thread(target=speak)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def run(device: str, env: Mapping[str, str], soak_s: float = 0.0) -> Run:
    """Starts the program once, lets it listen for `LISTEN_S` seconds and `soak_s` more, and stops it.

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
            held_mb = sum(memory_mb(pid, "Pss") for pid in processes)
            before_mb = sum(memory_mb(pid, "Anonymous") for pid in processes)
            time.sleep(soak_s)
            growth_mb = sum(memory_mb(pid, "Anonymous") for pid in processes) - before_mb
            return Run(start_s, held_mb, len(processes), growth_mb)


@contextlib.contextmanager
def stopping(process: subprocess.Popen[str]) -> Iterator[None]:
    """Ends the process when the block ends, whatever happened in it."""
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate()


def memory_mb(pid: int, kind: str) -> float:
    """Returns how much memory of a kind a process holds, in units of 10^6 bytes.

    Args:
        pid: The process.
        kind: A key of its smaps_rollup. "Pss": shared pages count in parts, so that the sum over
            processes is what they take together. "Anonymous": pages of its own.
    """
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"/proc/{pid}/smaps_rollup has no line {kind}")


if __name__ == "__main__":
    main()
