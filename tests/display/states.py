"""States of the program to draw, and what a frame says as plain text."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kws_live.display.frame import Frame
from kws_live.display.history import History
from kws_live.events import (
    Body,
    DetectionBody,
    DeviceLostBody,
    Event,
    GapBody,
    HookBody,
    Latency,
    NearMissBody,
)
from kws_live.status import Counters, StatusSnapshot

TEN = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
DEVICE = "Monitor of Null Output, ALSA, 44100 Hz, 2 ch"
START_NS = 1_800_000_000 * 1_000_000_000  # 2027-01-15 08:00:00 UTC


def snapshot(scores: Mapping[str, float] | None = None, **changes: Any) -> StatusSnapshot:
    """A run of an hour in which somebody is speaking, with threshold 0.7 for each keyword."""
    state = StatusSnapshot(
        stream_s=3_600.0,
        duration_s=None,
        level_db=-24.0,
        gate_open=True,
        scores=scores if scores is not None else dict.fromkeys(TEN, 0.1),
        thresholds=dict.fromkeys(TEN, 0.7),
        latency_p50_ms=121.0,
        latency_p95_ms=243.0,
        counters=Counters(),
        device=DEVICE,
        device_ok=True,
        model="default (model_quantized.onnx)",
    )
    return replace(state, **changes)


def event(body: Body, seq: int = 0, stream_s: float = 0.0) -> Event:
    """An event, its time of day as far after 08:00:00 UTC as its stream time after 0."""
    return Event("run", seq, START_NS + round(stream_s * 1e9), 0, stream_s, body)


def detection(keyword: str, decided_s: float, seq: int = 0, score: float = 0.93) -> Event:
    """A live detection."""
    body = DetectionBody(
        keyword=keyword,
        score=score,
        threshold=0.7,
        decided_s=decided_s,
        start_s=max(decided_s - 0.6, 0.0),
        end_s=decided_s,
        model="default",
        latency_ms=Latency(gate=30.0, queue=88.0, inference=3.0, total=121.0),
    )
    return event(body, seq, decided_s)


def near_miss(
    keyword: str, decided_s: float, seq: int = 0, reason: Any = "below_threshold"
) -> Event:
    """A score of 0.62, or of 0.91 that was held back."""
    body = NearMissBody(
        keyword=keyword,
        score=0.62 if reason == "below_threshold" else 0.91,
        threshold=0.7,
        release=0.35,
        reason=reason,
        decided_s=decided_s,
        start_s=max(decided_s - 0.6, 0.0),
        end_s=decided_s,
        model="default",
    )
    return event(body, seq, decided_s)


def hook(state: Any, seq: int, **fields: Any) -> Event:
    """What became of a hook for "stop"."""
    return event(HookBody("stop", "playerctl pause", state, seq, **fields), seq + 1)


def history(*events: Event) -> History:
    """What the display remembers of `events`."""
    past = History()
    for item in events:
        past.record(item)
    return past


def lost_device(device: str = DEVICE) -> Event:
    """The device stopped delivering an hour after 08:00:00 UTC."""
    return event(DeviceLostBody(device, "no audio for 2 s"), 7, 3_600.0)


def lost_audio() -> Event:
    """A second of audio that was not captured."""
    return event(GapBody(1.0, "overrun"), 8, 3_600.0)


def text(frame: Frame) -> list[str]:
    """The lines of a frame without their styles."""
    return ["".join(segment.text for segment in line.segments) for line in frame.lines]


def line_with(frame: Frame, words: str) -> str:
    """The only line of a frame that contains `words`."""
    (found,) = [line for line in text(frame) if words in line]
    return found
