"""`kws-live` with its arguments, which at its end tells in a file what it and its model took.

It is the command's own program, in which each run of ONNX Runtime is timed by the processor time of
its thread: that costs 2 µs a run, of some milliseconds.

    python -m benchmarks.model_time TIMES.json eval stream recording.flac
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import onnxruntime

from kws_live.cli import main as kws_live


class _Session(onnxruntime.InferenceSession):  # type: ignore[misc]  # it has no types
    """A session that keeps what its runs took: (processor time, CLOCK_MONOTONIC at the end), both in ns."""

    runs: list[tuple[int, int]] = []  # noqa: RUF012  # of all sessions together

    def run(self, *args: Any, **options: Any) -> Any:
        """Run the graph; as the parent's."""
        began_ns = time.thread_time_ns()
        try:
            return super().run(*args, **options)
        finally:
            # Appending is atomic: threads share the list.
            self.runs.append((time.thread_time_ns() - began_ns, time.monotonic_ns()))


def main() -> None:
    """Run the command, and write what it took."""
    times, *arguments = sys.argv[1:]
    onnxruntime.InferenceSession = _Session
    try:
        kws_live(arguments)
    finally:
        taken = {
            "model_cpu_s": sum(cpu_ns for cpu_ns, _ in _Session.runs) / 1e9,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "model_done_ns": max((ended_ns for _, ended_ns in _Session.runs), default=None),
        }
        Path(times).write_text(json.dumps(taken), encoding="utf-8")


if __name__ == "__main__":
    main()
