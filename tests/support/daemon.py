"""The installed `kws-live` command, run as a user runs it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kws_live.eval.tracks import Label

COMMAND = Path(sys.executable).parent / "kws-live"
DEMO = Path(__file__).resolve().parents[2] / "kws_live" / "demo"
KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
LATEST_S = 0.75

Event = dict[str, Any]


def run(
    *arguments: str | Path,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    timeout_s: float = 120,
) -> subprocess.CompletedProcess[bytes]:
    """Run the command to its end, in an environment without the user's own configuration."""
    return subprocess.run(
        [COMMAND, *map(str, arguments)],
        input=stdin,
        env=clean(env),
        capture_output=True,
        timeout=timeout_s,
        check=False,
    )


def clean(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return `env` (default: ours) without configuration of kws-live."""
    kept = {
        name: value
        for name, value in (os.environ if env is None else env).items()
        if not name.startswith("KWS_LIVE_")
    }
    return kept | {"XDG_CONFIG_HOME": "/nonexistent"}


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


def heard_once_each(found: Sequence[Event], labels: Sequence[Label], offset_s: float = 0.0) -> bool:
    """Return whether each keyword of `labels` was detected once, in its place, and nothing else."""
    expected = [label for label in labels if label.text in KEYWORDS]
    got = detections(found)
    return len(got) == len(expected) and all(
        keyword == label.text and label.start_s <= decided_s - offset_s <= label.end_s + LATEST_S
        for (keyword, decided_s, _), label in zip(got, expected, strict=True)
    )


class Daemon:
    """A running `kws-live --json`, stopped at the end of the `with`."""

    def __init__(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [COMMAND, "--json", *map(str, arguments)],
            env=clean(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.pid = self._process.pid
        self.seen: list[Event] = []

    def __enter__(self) -> "Daemon":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_for(self, kind: str) -> Event:
        """Read events until one of this type comes."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.seen.append(json.loads(line))
            if self.seen[-1]["type"] == kind:
                return self.seen[-1]
        raise AssertionError(f"no {kind!r} event; standard error: {self.errors()}")

    def stop(self, number: signal.Signals) -> int:
        """Send a signal, read the remaining events and return the process's exit status."""
        assert self._process.stdout is not None
        self._process.send_signal(number)
        self.seen += events(self._process.stdout.read())
        return self._process.wait(15)

    def errors(self) -> str:
        """Return what was written to standard error; only after the end."""
        assert self._process.stderr is not None
        return self._process.stderr.read().decode()
