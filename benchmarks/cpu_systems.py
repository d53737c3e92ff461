"""The systems of `benchmarks.cpu`: how each is started, played a slice, and watched."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Protocol

import soundfile

from benchmarks.common import ROOT, bare_environment, kws_live
from benchmarks.cpu_audio import Slice
from benchmarks.cpu_listener import BLOCK_BYTES
from benchmarks.running import Running, is_detection
from benchmarks.usage import Reading, Usage
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

sys.path.insert(0, str(ROOT / "tests"))
from support.virtual_microphone import VirtualMicrophone

_BLOCK_S = BLOCK_BYTES / 2 / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Measured:
    """What a system used in one stretch.

    Attributes:
        condition: of the stretch.
        used: by all its processes.
        main: by the first of them alone.
        detections: how many it reported meanwhile.
    """

    condition: str
    used: Usage
    main: Usage
    detections: int


class System(Protocol):
    """Something that listens for words."""

    @property
    def name(self) -> str:
        """As the table has it."""

    @property
    def words(self) -> tuple[str, ...]:
        """What it listens for."""

    def started(self, played: Slice) -> contextlib.AbstractContextManager[Running]:
        """Start it, wait until it listens, and in the end stop it."""

    def hears(self, samples: Int16Array) -> int:
        """Return how many words it detects in some audio, given without pacing."""
        ...


def measure(system: System, played: Slice) -> tuple[list[Measured], str]:
    """Return what a system uses in each stretch of a slice, which it is played in real time.

    Returns:
        What it used, and what kept it from doing all its work ("" if nothing).

    Raises:
        SystemExit: it ended early; says what it said.
    """
    measured = []
    with system.started(played) as running:
        began_s = running.play()
        for stretch in played.stretches:
            before, detected = running.at(began_s + stretch.start_s)
            after, detected_since = running.at(began_s + stretch.end_s)
            measured.append(
                Measured(
                    stretch.condition,
                    after - before,
                    _only(running.pid, after) - _only(running.pid, before),
                    detected_since - detected,
                )
            )
    return measured, running.trouble


def _only(pid: int, reading: Reading) -> Reading:
    threads = {key: thread for key, thread in reading.threads.items() if key[0] == pid}
    return replace(reading, threads=threads, children_ns=0)


@dataclass(frozen=True, slots=True)
class Daemon:
    """The installed kws-live, listening to a sound server of its own.

    Attributes:
        name: as the table has it.
        model: folder of its model.
        words: what it listens for: all that the model knows.
    """

    name: str
    model: str
    words: tuple[str, ...]

    @contextlib.contextmanager
    def started(self, played: Slice) -> Iterator[Running]:
        """See `System`."""
        with VirtualMicrophone() as microphone, tempfile.TemporaryDirectory() as folder:
            recording = Path(folder) / "played.wav"
            soundfile.write(recording, played.samples, SAMPLE_RATE_HZ)
            command = [str(kws_live()), "--device", "default", "--model", self.model, "--json"]
            running = Running(command, is_detection, env=microphone.env, cwd=Path(folder))
            speech = contextlib.ExitStack()

            def play() -> float:
                speech.callback(microphone.speak(recording).kill)
                return time.monotonic()

            running.play = play
            try:
                running.wait_until_ready()
                yield running
            finally:
                speech.close()
                running.stop()
            last = json.loads(running.lines[-1])
            running.trouble = ", ".join(
                f"{key} {last[key]:g}" for key in ("dropped_hops", "lost_s") if last[key]
            )

    def hears(self, samples: Int16Array) -> int:
        """See `System`."""
        command = [str(kws_live()), "--input", "-", "--model", self.model, "--json"]
        with bare_environment() as env:
            return sum(map(is_detection, _fed(command, samples, env)))


@dataclass(frozen=True, slots=True)
class Rival:
    """A listener of `benchmarks.cpu_listener`, fed through a pipe as fast as one speaks.

    Attributes:
        name: as the table has it.
        listener: its name there.
        words: what it listens for.
    """

    name: str
    listener: str
    words: tuple[str, ...]

    @property
    def _command(self) -> list[str]:
        return [sys.executable, "-m", "benchmarks.cpu_listener", self.listener, *self.words]

    @contextlib.contextmanager
    def started(self, played: Slice) -> Iterator[Running]:
        """See `System`."""
        running = Running(self._command, _is_detection_of_rival, stdin=subprocess.PIPE)
        assert running.stdin is not None
        feeder = threading.Thread(target=_feed, args=(running.stdin, played.samples), daemon=True)

        def play() -> float:
            feeder.start()
            return time.monotonic()

        running.play = play
        try:
            running.wait_until_ready()
            yield running
        finally:
            running.stop()

    def hears(self, samples: Int16Array) -> int:
        """See `System`."""
        return sum(map(_is_detection_of_rival, _fed(self._command, samples)))


def _is_detection_of_rival(line: str) -> bool:
    return line.startswith("detection")


def _feed(pipe: IO[bytes], samples: Int16Array) -> None:
    """Write samples, each block once its last would have been there."""
    data = memoryview(samples.tobytes())
    began_s = time.monotonic()
    with contextlib.suppress(BrokenPipeError), pipe:
        for index, start in enumerate(range(0, len(data), BLOCK_BYTES), start=1):
            time.sleep(max(0.0, began_s + index * _BLOCK_S - time.monotonic()))
            pipe.write(data[start : start + BLOCK_BYTES])
            pipe.flush()


def _fed(
    command: Sequence[str], samples: Int16Array, env: Mapping[str, str] | None = None
) -> list[str]:
    """Return what a program prints that is given all samples at once.

    Raises:
        SystemExit: it fails; says what it said.
    """
    done = subprocess.run(
        command, cwd=ROOT, env=env, input=samples.tobytes(), capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{command!r} failed:\n{done.stderr.decode()}")
    return done.stdout.decode().splitlines()
