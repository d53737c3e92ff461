"""How long from the end of a word until its hook runs, and where that time goes.

A labelled recording is spoken into a microphone of which the time of each sample is known
(`timed_microphone`); the installed `kws-live --device default` listens to it through PulseAudio and
PortAudio, starts a hook for every detection, and keeps what it heard with `--record`. Where the recording lies in what
was heard is found by cross-correlation, so the end of a word is known to the sample in the daemon's own stream.
The end of a word is that of its label: the last 10 ms within 25 dB of the dry clip's peak. `latency_parts` says what
the parts are; their means add up to the mean of the total. The model's part comes from the recording's posteriors, as
the same program gives them again.

A real sound card adds what its driver holds beyond 10 ms, and air 3 ms a metre.

    python -m benchmarks.latency                          the bundled demo
    python -m benchmarks.latency STREAM.wav LABELS.txt    a stream made with kws-live eval make
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.common import DEMO, kws_live, publish
from benchmarks.latency_parts import NAMES, Clock, Parts, Posteriors, parts
from benchmarks.running import Running, is_detection
from benchmarks.timed_microphone import TimedMicrophone
from kws_live.config import Config, effective
from kws_live.eval.match import Decision, Matching, match
from kws_live.eval.posteriors import infer
from kws_live.eval.tracks import Label, read_track
from kws_live.model import Classifier, find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

TARGET_P95_MS = 350.0
PERCENTILES = (50, 95, 99)
_LEAD_IN_S = 0.5
_LEAD_OUT_S = 1.5
_MAX_CLOCK_STEP_MS = 2.0


@dataclass(frozen=True)
class Run:
    """What the daemon told while the recording was spoken to it.

    Attributes:
        events: from `ready` to the last `stats`.
        began_ms: time of day at which the recording's first sample sounded, in ms since the epoch.
        latest_ms: how late the microphone was at worst.
    """

    events: list[dict[str, Any]]
    began_ms: float
    latest_ms: float

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the events of one type."""
        return [event for event in self.events if event["type"] == kind]


def main() -> None:
    """Speak the recording, listen to it, and print what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.latency",
        description="How long from the end of a word until its hook runs.",
    )
    parser.add_argument("audio", metavar="STREAM", nargs="?", type=Path, default=DEMO)
    parser.add_argument("track", metavar="LABELS", nargs="?", type=Path)
    arguments = parser.parse_args()
    audio: Path = arguments.audio
    track: Path = arguments.track or audio.with_suffix(".txt")
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / "heard.wav"
        run = listen(audio, heard)
        clock = Clock(offset_s(_read(audio), _read(heard)), run.began_ms)
        posteriors = _posteriors(heard)
        duration_s = soundfile.info(heard).duration
    labels = [
        Label(label.start_s + clock.offset_s, label.end_s + clock.offset_s, label.text)
        for label in read_track(track)
    ]
    outcome = match(
        [Decision(event["keyword"], event["decided_s"]) for event in run.of_type("detection")],
        labels,
        [entry["keyword"] for entry in run.events[0]["keywords"]],
        duration_s,
    )
    if not outcome.hits:
        raise SystemExit(f"None of the words in {audio} was heard: nothing to time.")
    _publish(audio, run, outcome, _all_parts(outcome, run, posteriors, clock))


def listen(audio: Path, heard: Path) -> Run:
    """Speak a recording to the daemon and keep what it heard at `heard`."""
    with TimedMicrophone(audio) as microphone:
        daemon = Running(
            [
                *(str(kws_live()), "--device", "default", "--json", "--hook", "*=true"),
                *("--record", str(heard)),
            ],
            is_detection,
            env=microphone.env,
        )
        try:
            daemon.wait_until_ready()
            time.sleep(_LEAD_IN_S)
            epoch_ms = _epoch_ms()
            began_ms = microphone.play() / 1e6
            time.sleep(_LEAD_OUT_S)
        finally:
            daemon.stop()
    if abs(_epoch_ms() - epoch_ms) > _MAX_CLOCK_STEP_MS:
        raise SystemExit("The system's clock was set meanwhile: run it again.")
    return Run(
        [json.loads(line) for line in daemon.lines], began_ms + epoch_ms, microphone.latest_ms
    )


def offset_s(played: Float32Array, heard: Float32Array) -> float:
    """Return where `played` begins in `heard`, both float32 [samples], by the peak of their cross-correlation."""
    size = 1 << (len(played) + len(heard) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    return lag / SAMPLE_RATE_HZ


def _epoch_ms() -> float:
    """Return the time of day at which CLOCK_MONOTONIC was 0, in ms since the epoch."""
    return (time.time_ns() - time.monotonic_ns()) / 1e6


def _read(path: Path) -> Float32Array:
    """Return a recording as float32 [samples], mono at 16 kHz."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono: Float32Array = soxr.resample(samples.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    return mono


def _posteriors(heard: Path) -> Posteriors:
    """Return what the daemon's gate and model gave for what it heard."""
    folder = load_model_folder(find_model("default"))
    gate = effective(Config(), folder.operating_point).gate
    (stored,) = infer([(heard, ())], folder, Classifier(folder), gate)
    return Posteriors(folder.labels, stored.end_samples, stored.posteriors)


def _all_parts(outcome: Matching, run: Run, posteriors: Posteriors, clock: Clock) -> list[Parts]:
    detections = {
        (event["keyword"], event["decided_s"]): event for event in run.of_type("detection")
    }
    started = {
        event["detection_seq"]: event
        for event in run.of_type("hook")
        if event["state"] == "started"
    }
    found = []
    for pair in outcome.hits:
        detection = detections[pair.decision.keyword, pair.decision.decided_s]
        hook = started[detection["seq"]]
        started_ms = 1e3 * datetime.fromisoformat(hook["ts"]).timestamp()
        found.append(parts(pair.label.end_s, detection, hook, started_ms, posteriors, clock))
    return found


def _publish(audio: Path, run: Run, outcome: Matching, found: list[Parts]) -> None:
    stats = run.events[-1]
    columns = {name: [getattr(one, name) for one in found] for name in (*NAMES, "total")}
    means = {name: round(float(np.mean(values)), 1) for name, values in columns.items()}
    percentiles = {
        name: np.percentile(values, PERCENTILES).round(1).tolist()
        for name, values in columns.items()
    }
    slow_ms = np.percentile(columns["total"], 90)
    slow = [one for one in found if one.total >= slow_ms]
    slow_means = {
        name: round(float(np.mean([getattr(one, name) for one in slow])), 1) for name in columns
    }
    words = len(outcome.hits) + len(outcome.misses)
    publish(
        "latency",
        f"{audio.name}: {words} words, {len(outcome.hits)} hits, {len(outcome.misses)} misses, "
        f"{len(outcome.false_accepts)} false accepts, {len(outcome.duplicates)} duplicates",
        [
            "end of word → hook started, ms",
            "mean",
            *(f"p{p}" for p in PERCENTILES),
            "slowest tenth, mean",
        ],
        [
            [
                name,
                f"{means[name]:.1f}",
                *(f"{value:.1f}" for value in percentiles[name]),
                f"{slow_means[name]:.1f}",
            ]
            for name in columns
        ],
        {
            "stream": audio.name,
            "words": words,
            "hits": len(outcome.hits),
            "misses": len(outcome.misses),
            "missed_words": [label.word for label in outcome.misses],
            "false_accepts": len(outcome.false_accepts),
            "false_accept_words": [decision.keyword for decision in outcome.false_accepts],
            "duplicates": len(outcome.duplicates),
            "dropped_hops": stats["dropped_hops"],
            "lost_s": stats["lost_s"],
            "microphone_latest_ms": round(run.latest_ms, 1),
            "targets": {"total_p95_ms": TARGET_P95_MS},
            "mean_ms": means,
            "slowest_tenth_mean_ms": slow_means,
            **{f"{name}_ms_p50_p95_p99": values for name, values in percentiles.items()},
        },
    )


if __name__ == "__main__":
    main()
