"""Streams of scores as a model could give them, with false accepts that are a Poisson process."""

from pathlib import Path

import numpy as np

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.eval.posteriors import Stored
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

__all__ = ["KEYWORDS", "LABELS", "background", "settings", "spoken"]

KEYWORDS = ("yes", "no")
LABELS = (*KEYWORDS, "_unknown_", "_silence_")
HOP_SAMPLES = SAMPLE_RATE_HZ // 10
EVENT_HOPS = 4
_SPACING_HOPS = 10


def settings(smoothing_s: float = 0.1, threshold: float = 0.5) -> DecoderSettings:
    """The same threshold for both keywords, the refractory time as short as an event."""
    own = KeywordSettings(threshold, threshold / 2, 0.4)
    return DecoderSettings(smoothing_s, 0.0, {"yes": own, "no": own})


def background(
    rng: np.random.Generator, hours: float, events_per_hour: dict[str, float], name: str = "home"
) -> Stored:
    """Hours in which events of each keyword come at that rate, all of a different score.

    An event is a few hops long; its posteriors crowd near 1 as those of real models do.
    """
    slots = round(hours * 3600 * SAMPLE_RATE_HZ / (HOP_SAMPLES * _SPACING_HOPS))
    found = []
    for column, rate in enumerate(events_per_hour.values()):
        for slot in rng.integers(slots, size=rng.poisson(rate * hours)):
            found.append((int(slot), column))
    return _stored(name, found, rng, (), hours * 3600)


def spoken(rng: np.random.Generator, words: int, name: str = "clips") -> Stored:
    """So many words of each keyword, one every two seconds, some of them hardly heard."""
    found, labels = [], []
    for index in range(words * len(KEYWORDS)):
        slot = 2 * index + 1
        column = index % len(KEYWORDS)
        found.append((slot, column))
        start_s = slot * _SPACING_HOPS * HOP_SAMPLES / SAMPLE_RATE_HZ
        labels.append(Label(start_s, start_s + 0.5, KEYWORDS[column]))
    return _stored(name, found, rng, tuple(labels), 2.0 * len(labels) + 2)


def _stored(
    name: str,
    events: list[tuple[int, int]],
    rng: np.random.Generator,
    labels: tuple[Label, ...],
    duration_s: float,
) -> Stored:
    """Place events (slot, keyword) on the hop grid; where two meet, the first one stays."""
    ends: list[int] = []
    rows: list[Float32Array] = []
    before = -1
    for slot, column in sorted(events):
        if slot == before:
            continue
        before = slot
        for hop in range(EVENT_HOPS + 1):
            row = np.zeros(len(LABELS), dtype=np.float32)
            if hop < EVENT_HOPS:
                row[column] = 1 - 10 ** -rng.uniform(0.0, 4.0)
            row[-1] = 1 - row.sum()
            ends.append((slot * _SPACING_HOPS + hop + 1) * HOP_SAMPLES)
            rows.append(row)
    posteriors = np.array(rows, dtype=np.float32).reshape(len(rows), len(LABELS))
    end_samples = np.array(ends, dtype=np.int64)
    return Stored(
        Path(name), labels, duration_s, end_samples, posteriors, duration_s, SAMPLE_RATE_HZ
    )
