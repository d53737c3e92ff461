"""Hits, misses, false accepts and latency of the installed daemon on a real sound server.

A labelled recording is played into a private PulseAudio; `kws-live --device default` listens to it,
with a real hook for every keyword, and keeps what it heard with `--record`. Where the recording
lies in what was heard is found by cross-correlation, so the end of a word is known to the
sample in the daemon's own stream:

    latency = (end of the deciding window - end of the word)
            + (arrival of that window's last sample -> hook process started)

    python -m benchmarks.latency                          the bundled demo
    python -m benchmarks.latency STREAM.wav LABELS.txt    a stream made with kws-live eval make
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.common import ROOT, kws_live, publish
from kws_live.eval.match import Decision, Pair, match
from kws_live.eval.tracks import Label, read_track
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

sys.path.insert(0, str(ROOT / "tests"))
from support.virtual_microphone import VirtualMicrophone

DEMO = ROOT / "kws_live" / "demo"
PERCENTILES = (50, 95, 99)
_LEAD_IN_S = 0.5
_LEAD_OUT_S = 1.5


def main() -> None:
    """Play the recording, listen to it, and print what came of it."""
    audio, track = map(Path, sys.argv[1:3]) if len(sys.argv) > 2 else _demo()
    with tempfile.TemporaryDirectory() as folder:
        heard = Path(folder) / "heard.wav"
        events = _listen(audio, heard)
        offset_s = _offset_s(_read(audio), _read(heard))
        duration_s = soundfile.info(heard).duration
    keywords = [entry["keyword"] for entry in events[0]["keywords"]]
    labels = [
        Label(label.start_s + offset_s, label.end_s + offset_s, label.text)
        for label in read_track(track)
    ]
    detections = [event for event in events if event["type"] == "detection"]
    outcome = match(
        [Decision(event["keyword"], event["decided_s"]) for event in detections],
        labels,
        keywords,
        duration_s,
    )
    parts = [_parts(pair, events, detections) for pair in outcome.hits]
    _report(audio, outcome, parts, events[-1])


def _demo() -> tuple[Path, Path]:
    return DEMO / "demo.flac", DEMO / "demo.txt"


def _listen(audio: Path, heard: Path) -> list[dict[str, Any]]:
    """Return the daemon's events, from `ready` to the last `stats`."""
    with VirtualMicrophone() as microphone:
        command = [str(kws_live()), "--device", "default", "--json", "--hook", "*=true"]
        daemon = subprocess.Popen(
            [*command, "--record", str(heard)],
            env=microphone.env,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert daemon.stdout is not None
        lines = [daemon.stdout.readline()]
        time.sleep(_LEAD_IN_S)
        microphone.play(audio)
        time.sleep(_LEAD_OUT_S)
        daemon.terminate()
        lines += daemon.stdout.readlines()
        daemon.wait(10)
    return [json.loads(line) for line in lines]


def _read(path: Path) -> Float32Array:
    """Return a recording as float32 [samples], mono at 16 kHz."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono: Float32Array = soxr.resample(samples.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    return mono


def _offset_s(played: Float32Array, heard: Float32Array) -> float:
    """Return where `played` begins in `heard`, by the peak of their cross-correlation."""
    size = 1 << (len(played) + len(heard) - 1).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played, size))
    lag = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    return lag / SAMPLE_RATE_HZ


def _parts(
    pair: Pair, events: list[dict[str, Any]], detections: list[dict[str, Any]]
) -> dict[str, float]:
    """Return where the time between the end of a word and the start of its hook went, in ms."""
    detection = next(
        event
        for event in detections
        if (event["keyword"], event["decided_s"])
        == (pair.decision.keyword, pair.decision.decided_s)
    )
    started = next(
        event
        for event in events
        if event["type"] == "hook"
        and event["state"] == "started"
        and event["detection_seq"] == detection["seq"]
    )
    deciding = (pair.decision.decided_s - pair.label.end_s) * 1e3
    return {
        "deciding": deciding,
        "queue": detection["latency_ms"]["queue"],
        "inference": detection["latency_ms"]["inference"],
        "spawn": started["latency_ms"] - detection["latency_ms"]["total"],
        "total": deciding + started["latency_ms"],
    }


def _report(
    audio: Path, outcome: Any, parts: list[dict[str, float]], stats: dict[str, Any]
) -> None:
    names = ("deciding", "queue", "inference", "spawn", "total")
    values = {
        name: np.percentile([part[name] for part in parts], PERCENTILES).round(1).tolist()
        for name in names
    }
    words = len(outcome.hits) + len(outcome.misses)
    publish(
        "latency",
        f"{audio.name}: {words} words, {len(outcome.hits)} hits, {len(outcome.misses)} misses, "
        f"{len(outcome.false_accepts)} false accepts, {len(outcome.duplicates)} duplicates",
        ["end of word → hook started", *(f"p{p} ms" for p in PERCENTILES)],
        [[name, *(f"{value:.1f}" for value in values[name])] for name in names],
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
            **{f"{name}_ms_p50_p95_p99": value for name, value in values.items()},
        },
    )


if __name__ == "__main__":
    main()
