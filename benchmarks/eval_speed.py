"""How long `kws-live eval stream` takes for hours of audio, its sweep of thresholds included, and on what.

The command runs on one long recording: those given (the bundled demo if none is), one after
another with their labels, again and again until the hours are full. Making that file isn't timed.

    python -m benchmarks.eval_speed
    python -m benchmarks.eval_speed --hours 5 words_10.flac speech_10.flac
"""

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from benchmarks.common import DEMO, ROOT, bare_environment, publish
from kws_live.errors import InputError
from kws_live.eval.recordings import Recording, find_recordings
from kws_live.eval.tracks import Label, write_track

TARGET_S_PER_HOUR = 24.0
"""Two minutes for five hours, on two cores."""


def main() -> None:
    """Make the recording, evaluate it, and print and keep the time that took."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.eval_speed",
        description="How long `kws-live eval stream` takes.",
        epilog="Each recording has its label track beside it, with the suffix .txt.",
    )
    parser.add_argument("--hours", type=float, default=5.0, help="how much audio (default: 5)")
    parser.add_argument("audio", metavar="AUDIO", nargs="*", type=Path, default=[DEMO])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stream = Path(folder) / "stream.wav"
        try:
            words = repeat(find_recordings(arguments.audio, [], ()), arguments.hours, stream)
        except InputError as error:
            parser.error(str(error))
        run = evaluate(stream)
    hours = arguments.hours
    rest_s = run.cpu_s - run.model_cpu_s
    publish(
        "eval_speed",
        f"kws-live eval stream: {hours:g} h, {words} labels, {run.thresholds} thresholds",
        ["", "in all", "an hour of audio"],
        [
            ["time", f"{run.wall_s:.1f} s", f"{run.wall_s / hours:.2f} s"],
            ["of it after the model: sweep, figures", f"{run.after_s:.1f} s", ""],
            ["processor time", f"{run.cpu_s:.1f} s", f"{run.cpu_s / hours:.2f} s"],
            ["of it the model", f"{run.model_cpu_s:.1f} s", f"{run.model_cpu_s / hours:.2f} s"],
            ["of it everything else", f"{rest_s:.1f} s", f"{rest_s / hours:.2f} s"],
            ["memory at most", f"{run.memory_mb:.0f} MB", ""],
        ],
        {
            "recordings": [path.name for path in arguments.audio],
            "hours": hours,
            "labels": words,
            "thresholds": run.thresholds,
            "targets": {"wall_s_per_hour": TARGET_S_PER_HOUR},
            "wall_s": round(run.wall_s, 1),
            "after_model_s": round(run.after_s, 2),
            "cpu_s": round(run.cpu_s, 1),
            "model_cpu_s": round(run.model_cpu_s, 1),
            "memory_mb": round(run.memory_mb, 1),
        },
    )


@dataclass(frozen=True)
class Run:
    """One run of the command.

    Attributes:
        wall_s: from its start to its end.
        after_s: of that, what came after the model's last window.
        cpu_s: processor time of all its threads.
        model_cpu_s: of that, what ONNX Runtime took.
        memory_mb: what it held at most.
        thresholds: how many were swept.
    """

    wall_s: float
    after_s: float
    cpu_s: float
    model_cpu_s: float
    memory_mb: float
    thresholds: int


def evaluate(stream: Path) -> Run:
    """Run the command on a recording with its label track beside it."""
    times = stream.with_suffix(".json")
    command = [sys.executable, "-m", "benchmarks.model_time", str(times)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.monotonic()
    with bare_environment() as env:
        answer = subprocess.run(
            [*command, "eval", "stream", "--json", str(stream)],
            cwd=ROOT,
            env=env,
            stdout=subprocess.PIPE,
            check=True,
        )
    ended_s = time.monotonic()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = json.loads(times.read_text(encoding="utf-8"))
    return Run(
        wall_s=ended_s - began_s,
        after_s=ended_s - taken["model_done_ns"] / 1e9,
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        model_cpu_s=taken["model_cpu_s"],
        memory_mb=taken["memory_mb"],
        thresholds=len(json.loads(answer.stdout)["sweep"]),
    )


def repeat(recordings: Sequence[Recording], hours: float, target: Path) -> int:
    """Write recordings one after another until `hours` are full, with one label track for all.

    Args:
        recordings: all of one sample rate and number of channels.
        hours: length of the result; its last recording is cut where they end.
        target: the audio file to write, 16 bits; its track goes beside it.

    Returns:
        How many labels it holds: those that end before the cut.

    Raises:
        InputError: the recordings differ in rate or channels.
    """
    first = soundfile.info(recordings[0].path)
    wanted = round(hours * 3600 * first.samplerate)
    written = 0
    labels: list[Label] = []
    with soundfile.SoundFile(
        target, "w", first.samplerate, first.channels, subtype="PCM_16"
    ) as stream:
        for recording in itertools.cycle(recordings):
            info = soundfile.info(recording.path)
            if (info.samplerate, info.channels) != (first.samplerate, first.channels):
                raise InputError(
                    f"{recording.path} has {info.samplerate} Hz and {info.channels} channels, and "
                    f"{recordings[0].path} {first.samplerate} Hz and {first.channels}: give "
                    "recordings of one kind"
                )
            at_s = written / first.samplerate
            labels += (
                Label(at_s + label.start_s, at_s + label.end_s, label.text)
                for label in recording.labels
                if at_s + label.end_s <= hours * 3600
            )
            for block in soundfile.blocks(recording.path, first.samplerate, dtype="int16"):
                stream.write(block[: wanted - written])
                written = min(written + len(block), wanted)
            if written == wanted:
                break
    write_track(target.with_suffix(".txt"), labels)
    return len(labels)


if __name__ == "__main__":
    main()
