"""Clips as a run leaves them, for tests."""

from pathlib import Path

import numpy as np

from kws_live.clips.folder import StoredClip, save
from kws_live.clips.sidecar import ClipInfo, describe
from kws_live.events import DetectionBody, Event, NearMissBody
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

__all__ = ["RUN", "detection", "info", "kept", "near_miss", "tone"]

RUN = "5f0c41d7a9e2"
_NOON_NS = 1_795_435_200_000_000_000


def detection(seq: int = 0, keyword: str = "stop", *, decided_s: float = 5.0) -> Event:
    """Return the event of a detection; each `seq` is a second later in the day."""
    body = DetectionBody(
        keyword, 0.9, 0.8, decided_s, max(0.0, decided_s - 0.6), max(0.0, decided_s - 0.2), "tiny"
    )
    return Event(RUN, seq, _NOON_NS + seq * 10**9, 0, decided_s, body)


def near_miss(seq: int = 0, keyword: str = "go", *, decided_s: float = 5.0) -> Event:
    """Return the event of a near miss, otherwise as `detection`."""
    body = NearMissBody(
        keyword,
        0.5,
        0.8,
        0.4,
        "below_threshold",
        decided_s,
        max(0.0, decided_s - 0.6),
        max(0.0, decided_s - 0.2),
        "tiny",
    )
    return Event(RUN, seq, _NOON_NS + seq * 10**9, 0, decided_s, body)


def info(event: Event, window_start_samples: int = SAMPLE_RATE_HZ) -> ClipInfo:
    """Return the sidecar of a clip with a window of one second."""
    return describe(event, window_start_samples, SAMPLE_RATE_HZ)


def tone(seed: int = 0, seconds: float = 2.0) -> Int16Array:
    """Return noise of a level that no training corpus would leave out, int16 [n] at 16 kHz."""
    samples = round(seconds * SAMPLE_RATE_HZ)
    return np.random.default_rng(seed).integers(-9_000, 9_000, samples, dtype=np.int16)


def kept(folder: Path, *events: Event) -> list[StoredClip]:
    """Save a clip of two seconds for each event, the samples made from its number."""
    return [save(folder, info(event), tone(event.seq)) for event in events]
