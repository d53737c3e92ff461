"""A program that is measured while it listens."""

import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import usage
from benchmarks.common import ROOT
from benchmarks.usage import Reading

_START_TIMEOUT_S = 30.0


def is_detection(line: str) -> bool:
    """Return whether a line of `kws-live --json` is a detection."""
    return bool(json.loads(line)["type"] == "detection")


class Running:
    """A system that listens, until it is stopped.

    Args:
        command: starts it; the first line that it prints says that it listens.
        is_detection: whether a line that it prints is a detection.
        env: its environment; None for ours.
        cwd: where it runs.
        stdin: `subprocess.PIPE` where it takes its audio there.
    """

    def __init__(
        self,
        command: Sequence[str],
        is_detection: Callable[[str], bool],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `stop` closes it
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self.pid = self._process.pid
        self.stdin = self._process.stdin
        self.lines: list[str] = []
        self._detections = 0
        self._is_detection = is_detection
        self._first = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.play: Callable[[], float] = time.monotonic
        """Starts what is played, and returns when (CLOCK_MONOTONIC)."""
        self.trouble = ""
        """What kept it from doing all its work, once it has ended."""

    def wait_until_ready(self) -> None:
        """Wait for its first line, which says that it listens.

        Raises:
            SystemExit: it ended without one, or says nothing.
        """
        self._first.wait(_START_TIMEOUT_S)
        if not self.lines:
            self._fail()

    def at(self, due_s: float) -> tuple[Reading, int]:
        """Wait until a time (CLOCK_MONOTONIC); return what was used and detected until then."""
        time.sleep(max(0.0, due_s - time.monotonic()))
        if self._process.poll() is not None:
            self._fail()
        return usage.read(self.pid), self._detections

    def stop(self) -> None:
        """End it, and read what it still has to say."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        self._errors.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = line.decode()
            self.lines.append(said)
            self._detections += self._is_detection(said)
            self._first.set()
        self._first.set()

    def _fail(self) -> None:
        self._process.kill()
        self._process.wait()
        self._errors.seek(0)
        raise SystemExit(f"{self._process.args!r} ended early:\n{self._errors.read()}")
