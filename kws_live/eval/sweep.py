"""The decoder over stored posteriors: what the daemon would have detected, under any settings.

Smoothing is done for all hops at once; the decisions are the deployed `Trigger`'s own, which is
given only the hops that can change its state. So a threshold costs milliseconds an hour of audio.
"""

import heapq
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kws_live.config import DecoderSettings
from kws_live.eval.match import Decision
from kws_live.eval.posteriors import Stored
from kws_live.stages.decoder import Trigger
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

_LOOK_AHEAD_HOPS = 64


def scores(
    stored: Stored, labels: Sequence[str], keywords: Sequence[str], smoothing_s: float
) -> Float32Array:
    """Return the scores that the deployed `Smoother` gives, float32 [n, keywords], bit for bit.

    Args:
        stored: posteriors of one recording.
        labels: the model's labels, in the order of its outputs.
        keywords: those to score, each one of the labels.
        smoothing_s: how long a posterior must stay up.
    """
    ends = stored.end_samples
    values = stored.posteriors[:, [list(labels).index(keyword) for keyword in keywords]]
    smoothing_samples = max(1, round(smoothing_s * SAMPLE_RATE_HZ))
    oldest = np.searchsorted(ends, ends - smoothing_samples, side="right")
    counts = np.arange(len(ends)) - oldest + 1
    lowest: Float32Array = values.copy()
    for back in range(1, int(counts.max(initial=0))):
        at = np.flatnonzero(counts > back)
        lowest[at] = np.minimum(lowest[at], values[at - back])
    return lowest


def decode(stored: Stored, scored: Float32Array, settings: DecoderSettings) -> list[Decision]:
    """Return what the deployed `Trigger` decides on scores that were computed before, in order.

    Args:
        stored: where the scores are from.
        scored: float32 [n, keywords] as `scores` returns, keywords in the order of `settings`.
        settings: thresholds and times; its smoothing is not looked at.
    """
    keywords = tuple(settings.keywords)
    thresholds = np.array([keyword.threshold for keyword in settings.keywords.values()])
    trigger = Trigger(settings)
    # Other hops change nothing, but for the first one at which a keyword that fired is re-armed.
    due = np.flatnonzero((scored >= thresholds).any(axis=1)).tolist()
    heapq.heapify(due)
    decided = []
    last = -1
    while due:
        hop = heapq.heappop(due)
        if hop == last:
            continue
        last = hop
        now = int(stored.end_samples[hop])
        decision = trigger.step(now, dict(zip(keywords, scored[hop].tolist(), strict=True)))
        if decision is not None:
            decided.append(Decision(decision.keyword, now / SAMPLE_RATE_HZ))
            column = scored[:, keywords.index(decision.keyword)]
            release = settings.keywords[decision.keyword].release
            rearming = _first_below(column, release, hop + 1)
            if rearming is not None:
                heapq.heappush(due, rearming)
    return decided


def decisions(stored: Stored, labels: Sequence[str], settings: DecoderSettings) -> list[Decision]:
    """Return what the deployed decoder detects in a recording under `settings`, in order."""
    scored = scores(stored, labels, tuple(settings.keywords), settings.smoothing_s)
    return decode(stored, scored, settings)


def at_threshold(settings: DecoderSettings, threshold: float) -> DecoderSettings:
    """Return `settings` as `--threshold` makes them: one threshold for all, each release scaled with it."""
    keywords = {
        name: replace(own, threshold=threshold, release=own.release * (threshold / own.threshold))
        for name, own in settings.keywords.items()
    }
    return replace(settings, keywords=keywords)


def _first_below(column: Float32Array, release: float, start: int) -> int | None:
    """Return the first index from `start` on whose score is below `release`; None if there is none."""
    for at in range(start, len(column), _LOOK_AHEAD_HOPS):
        below = np.flatnonzero(column[at : at + _LOOK_AHEAD_HOPS].astype(np.float64) < release)
        if len(below):
            return at + int(below[0])
    return None
