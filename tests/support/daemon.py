"""The installed `kws-live` command, run as a user runs it."""

import contextlib
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kws_live.eval.tracks import Label

COMMAND = Path(sys.executable).parent / "kws-live"
DEMO = Path(__file__).resolve().parents[2] / "kws_live" / "demo"
KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
LATEST_S = 0.75

USAGE, INPUT, DEVICE, INTERNAL, OUTPUT, CONFIG = 2, 66, 69, 70, 74, 78
"""Exit codes."""

PATIENCE_S = 60.0
"""What takes longer hangs: the test fails and says what the command had written until then."""

Event = dict[str, Any]


def run(
    *arguments: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    timeout_s: float = 2 * PATIENCE_S,
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end, without the user's own configuration; `settings` are KWS_LIVE_* variables."""
    environment = clean(env) | dict(settings or {})
    return _to_the_end([COMMAND, *map(str, arguments)], stdin, environment, timeout_s)


def fails(
    code: int,
    *arguments: str | Path,
    says: Sequence[str],
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
) -> None:
    """Run the command as `run` does and check how it fails: its exit code, its words, and no traceback."""
    result = run(*arguments, stdin=stdin, env=env, settings=settings)
    message = " ".join(result.stderr.decode().split())
    assert result.returncode == code, message
    assert "Traceback" not in message
    for words in says:
        assert words in message, message


def run_in_bash(
    script: str,
    *values: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float = PATIENCE_S,
) -> subprocess.CompletedProcess[bytes]:
    """Run a script that finds the command as `kws-live` and `values` as $1, $2 …, as `run` does."""
    environment = clean(env)
    environment["PATH"] = f"{COMMAND.parent}:{environment['PATH']}"
    return _to_the_end(
        ["bash", "-c", script, "bash", *map(str, values)], stdin, environment, timeout_s
    )


def _to_the_end(
    argv: Sequence[str | Path], stdin: bytes, env: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[bytes]:
    # A session of its own, so that a pipeline that hangs can be killed as a whole.
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        shown = shlex.join(map(str, argv))
        raise AssertionError(
            f"{shown} did not end within {timeout_s:g} s; standard error: {error.stderr!r}"
        ) from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return subprocess.CompletedProcess(argv, process.returncode, stdout, stderr)


def clean(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `env` (default: ours) without configuration of kws-live."""
    kept = {
        name: value
        for name, value in (os.environ if env is None else env).items()
        if not name.startswith("KWS_LIVE_")
    }
    # Nobody can make a folder there, as PulseAudio's library does elsewhere for root.
    return kept | {"XDG_CONFIG_HOME": "/dev/null"}


def events(output: bytes) -> list[Event]:
    """Parse JSON Lines."""
    return [json.loads(line) for line in output.splitlines()]


def of_type(found: Sequence[Event], kind: str) -> list[Event]:
    """Return the events of one type."""
    return [event for event in found if event["type"] == kind]


def detections(found: Sequence[Event]) -> list[tuple[str, float, float]]:
    """Return (keyword, decided_s, score) of each detection."""
    return [
        (event["keyword"], event["decided_s"], event["score"])
        for event in of_type(found, "detection")
    ]


def near_misses(found: Sequence[Event]) -> list[tuple[str, float, float]]:
    """Return (keyword, decided_s, score) of each near miss."""
    return [
        (event["keyword"], event["decided_s"], event["score"])
        for event in of_type(found, "near_miss")
    ]


def heard_once_each(found: Sequence[Event], labels: Sequence[Label], offset_s: float = 0.0) -> bool:
    """Return whether each keyword of `labels` was detected once, in its place, and nothing else."""
    expected = [label for label in labels if label.text in KEYWORDS]
    got = detections(found)
    return len(got) == len(expected) and all(
        keyword == label.text and label.start_s <= decided_s - offset_s <= label.end_s + LATEST_S
        for (keyword, decided_s, _), label in zip(got, expected, strict=True)
    )


class Daemon:
    """A running `kws-live --json`, stopped at the end of the `with`; no method waits for ever."""

    def __init__(
        self,
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        # A file and not a pipe: nobody has to read it for the daemon to go on.
        self._stderr = os.memfd_create("standard-error")
        self._process = subprocess.Popen(
            [COMMAND, "--json", *map(str, arguments)],
            env=clean(env),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        self.pid = self._process.pid
        self.seen: list[Event] = []
        # A thread reads, because a read of a pipe that a grandchild holds can't be given up.
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._stderr)

    def wait_for(self, kind: str, patience_s: float = PATIENCE_S) -> Event:
        """Read events until one of this type comes."""
        deadline_s = time.monotonic() + patience_s
        while (event := self._next(deadline_s, f"no {kind!r} event")) is not None:
            if event["type"] == kind:
                return event
        raise AssertionError(f"it ended without a {kind!r} event; standard error: {self.errors()}")

    def wait_for_end(self, patience_s: float = PATIENCE_S) -> None:
        """Read the remaining events."""
        deadline_s = time.monotonic() + patience_s
        while self._next(deadline_s, "it goes on") is not None:
            pass

    def stop(self, number: signal.Signals, patience_s: float = PATIENCE_S) -> int:
        """Send a signal, read the remaining events and return the process's exit status."""
        self._process.send_signal(number)
        deadline_s = time.monotonic() + patience_s
        while self._next(deadline_s, f"it goes on after {number.name}") is not None:
            pass
        try:
            return self._process.wait(max(0.1, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"it closed its output and did not end; standard error: {self.errors()}"
            ) from None

    def errors(self) -> str:
        """Return what was written to standard error until now."""
        # Without moving the offset, which is the daemon's as well.
        return os.pread(self._stderr, os.fstat(self._stderr).st_size, 0).decode(errors="replace")

    def _next(self, deadline_s: float, fault: str) -> Event | None:
        """Return the next event, or None at the end of the output."""
        try:
            line = self._lines.get(timeout=max(0.0, deadline_s - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"{fault} in time; standard error: {self.errors()}") from None
        if not line:
            self._lines.put(line)
            return None
        self.seen.append(json.loads(line))
        return self.seen[-1]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._process.stdout.close()
        self._lines.put(b"")
