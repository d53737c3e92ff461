"""How many seconds of audio `kws-live --input FILE --json` goes through in a second.

Two recordings, on 1, 2, … cores: one that is all given to the model (the gate is off), and one of
typical use with the gate on, of which about a tenth is speech. What can be expected of the second
is the first one's speed ÷ the fraction of time that the gate was open; the table says how much of
that is reached. "Steady" counts from `ready` to the last event, by the program's own time stamps;
"whole" is the command with its start and end. Each is the median of several runs, the two
recordings and all numbers of cores in turn.

    python -m benchmarks.throughput                                  the bundled demo again and again
    python -m benchmarks.throughput --speech SPEECH.flac --mix MIX.flac
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from benchmarks.common import DEMO, bare_environment, kws_live, publish
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

SPEECH_S = 600.0
MIX_S = 3600.0
"""Longer, because it goes faster."""
SPEECH_SHARE = 0.1
TARGET_RATE = 120.0
TARGET_EFFICIENCY = 0.7
_NOISE_RMS = 3.0
"""Of the pauses, in steps of 16 bits: the −81 dBFS of a quiet room's microphone."""


@dataclass(frozen=True)
class Run:
    """One run of the command.

    Attributes:
        audio_s: length of the recording.
        whole_s: from the start of the process to its end.
        steady_s: from its `ready` event to its last one.
        open_share: of the audio, that the gate let through.
        detections: how many keywords were heard.
    """

    audio_s: float
    whole_s: float
    steady_s: float
    open_share: float
    detections: int


@dataclass(frozen=True)
class Rates:
    """Medians of several runs of one kind: seconds of audio per second.

    Attributes:
        steady: without the start.
        whole: with it.
        open_share: of the audio, that the gate let through.
    """

    steady: float
    whole: float
    open_share: float

    @classmethod
    def of(cls, runs: Iterable[Run]) -> "Rates":
        """Return the medians of some runs."""
        runs = list(runs)
        return cls(
            statistics.median(run.audio_s / run.steady_s for run in runs),
            statistics.median(run.audio_s / run.whole_s for run in runs),
            runs[0].open_share,
        )


def main() -> None:
    """Time both recordings on every number of cores, and print and keep the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.throughput",
        description="How many seconds of audio `kws-live --input` goes through in a second.",
    )
    parser.add_argument("--speech", type=Path, help="ten minutes or more, nearly all speech")
    parser.add_argument("--mix", type=Path, help="an hour or more, about a tenth of it speech")
    parser.add_argument("--runs", type=int, default=3, help="of each kind (default: 3)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        demo, rate_hz = soundfile.read(DEMO, dtype="int16")
        assert rate_hz == SAMPLE_RATE_HZ, "the demo has the pipeline's own rate"
        speech: Path = arguments.speech or Path(folder) / "speech.wav"
        if not arguments.speech:
            soundfile.write(speech, repeated(demo, SPEECH_S), SAMPLE_RATE_HZ)
        mix: Path = arguments.mix or Path(folder) / "mix.wav"
        if not arguments.mix:
            soundfile.write(mix, repeated(with_pauses(demo, SPEECH_SHARE), MIX_S), SAMPLE_RATE_HZ)
        cores = sorted(os.sched_getaffinity(0))
        found: dict[tuple[int, str], list[Run]] = {}
        for _ in range(arguments.runs):
            for count in range(1, len(cores) + 1):
                for kind, audio, gated in (("speech", speech, False), ("mix", mix, True)):
                    run = time_run(audio, cores[:count], gated=gated)
                    found.setdefault((count, kind), []).append(run)
    rates = {key: Rates.of(runs) for key, runs in found.items()}
    _publish(speech, mix, rates, found)


def time_run(audio: Path, cores: list[int], *, gated: bool) -> Run:
    """Run the command once on `audio`, on some cores alone.

    Raises:
        SystemExit: it failed; its message is on standard error.
    """
    command = [str(kws_live()), "--input", str(audio), "--json"]
    with bare_environment() as env, only_on(cores):
        env["KWS_LIVE_GATE_ENABLED"] = str(gated).lower()
        began_s = time.perf_counter()
        answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        whole_s = time.perf_counter() - began_s
    if answer.returncode:
        raise SystemExit(f"kws-live --input {audio} failed:\n{answer.stderr}")
    events = [json.loads(line) for line in answer.stdout.splitlines()]
    ready, stats = events[0], events[-1]
    return Run(
        audio_s=stats["stream_s"],
        whole_s=whole_s,
        steady_s=_time_s(stats) - _time_s(ready),
        open_share=stats["gate_open_s"] / stats["stream_s"],
        detections=stats["detections"],
    )


@contextlib.contextmanager
def only_on(cores: list[int]) -> Iterator[None]:
    """Keep this process, and those that it starts meanwhile, on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _time_s(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["ts"]).timestamp()


def repeated(samples: Int16Array, seconds: float) -> Int16Array:
    """Return int16 [n] samples again and again, `seconds` long."""
    return np.resize(samples, round(seconds * SAMPLE_RATE_HZ))


def with_pauses(speech: Int16Array, share: float) -> Int16Array:
    """Return int16 [n] speech and after it the soft noise of a quiet room, so that `share` of it is speech."""
    pause = round(len(speech) * (1 / share - 1))
    noise = np.random.default_rng(0).normal(0.0, _NOISE_RMS, pause)
    return np.concatenate((speech, np.rint(noise).astype(np.int16)))


def efficiency(speech: Rates, mix: Rates) -> float:
    """Return how fast the mix goes, in parts of what the speech's speed and the open gate let expect."""
    return mix.steady * mix.open_share / speech.steady


def _publish(
    speech: Path,
    mix: Path,
    rates: dict[tuple[int, str], Rates],
    runs: dict[tuple[int, str], list[Run]],
) -> None:
    counts = sorted({count for count, _ in rates})
    names = {
        "speech": f"{speech.name}, gate off",
        "mix": f"{mix.name}, gate on",
    }
    publish(
        "throughput",
        "kws-live --input: seconds of audio per second",
        ["recording", "cores", "gate open", "steady", "whole", "of what the gate lets expect"],
        [
            [
                names[kind],
                str(count),
                f"{100 * rates[count, kind].open_share:.1f} %",
                f"{rates[count, kind].steady:.0f} ×",
                f"{rates[count, kind].whole:.0f} ×",
                f"{efficiency(rates[count, 'speech'], rates[count, 'mix']):.2f}"
                if kind == "mix"
                else "",
            ]
            for kind in names
            for count in counts
        ],
        {
            "runs": len(runs[1, "speech"]),
            "recordings": {"speech": speech.name, "mix": mix.name},
            "seconds": {kind: round(runs[1, kind][0].audio_s, 1) for kind in names},
            "detections": {kind: runs[1, kind][0].detections for kind in names},
            "targets": {"rate_1_core": TARGET_RATE, "efficiency": TARGET_EFFICIENCY},
            "by_cores": [
                {
                    "cores": count,
                    **{
                        kind: {
                            "steady_rate": round(rates[count, kind].steady, 1),
                            "whole_rate": round(rates[count, kind].whole, 1),
                            "open_share": round(rates[count, kind].open_share, 4),
                        }
                        for kind in names
                    },
                    "efficiency": round(efficiency(rates[count, "speech"], rates[count, "mix"]), 3),
                }
                for count in counts
            ],
        },
    )


if __name__ == "__main__":
    main()
