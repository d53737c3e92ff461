"""How long `kws-live eval stream` takes for hours of audio, its sweep of thresholds included.

The installed command runs on one long recording: those given (the bundled demo if none is), one after
another with their labels, again and again until the hours are full. Making that file isn't timed.

    python -m benchmarks.eval_speed
    python -m benchmarks.eval_speed --hours 5 words_10.flac speech_10.flac
"""

import argparse
import itertools
import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import soundfile

from benchmarks.common import ROOT, kws_live, publish
from kws_live.errors import InputError
from kws_live.eval.recordings import Recording, find_recordings
from kws_live.eval.tracks import Label, write_track

DEMO = ROOT / "kws_live" / "demo" / "demo.flac"
TARGET_S_PER_HOUR = 96.0
"""Eight minutes for five hours, on two cores."""


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
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began_s = time.perf_counter()
        answer = subprocess.run(
            [kws_live(), "eval", "stream", "--json", stream], stdout=subprocess.PIPE, check=True
        )
        wall_s = time.perf_counter() - began_s
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    thresholds = len(json.loads(answer.stdout)["sweep"])
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    publish(
        "eval_speed",
        f"kws-live eval stream: {arguments.hours:g} h, {words} labels, {thresholds} thresholds",
        ["", "in all", "an hour of audio"],
        [
            ["time", f"{wall_s:.0f} s", f"{wall_s / arguments.hours:.1f} s"],
            ["processor time", f"{cpu_s:.0f} s", f"{cpu_s / arguments.hours:.1f} s"],
        ],
        {
            "recordings": [path.name for path in arguments.audio],
            "hours": arguments.hours,
            "labels": words,
            "thresholds": thresholds,
            "targets": {"wall_s_per_hour": TARGET_S_PER_HOUR},
            "wall_s": round(wall_s, 1),
            "cpu_s": round(cpu_s, 1),
        },
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
