"""The decoder over stored posteriors: what the daemon would have detected, under any settings.

Smoothing, and which keyword leads at a hop, are worked out for all hops at once; the decisions are the
deployed `Trigger`'s own. So a threshold costs a millisecond an hour of audio.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kws_live.config import DecoderSettings
from kws_live.eval.match import Decision
from kws_live.eval.posteriors import Stored
from kws_live.stages.decoder import Trigger, memory_samples
from kws_live.types import SAMPLE_RATE_HZ, Float32Array


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
    # Keyword by keyword in memory, as the decoder goes through them.
    values = np.asfortranarray(
        stored.posteriors[:, [list(labels).index(keyword) for keyword in keywords]]
    )
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
        settings: thresholds and times, the smoothing that of the scores.
    """
    keywords = tuple(settings.keywords)
    trigger = Trigger(settings)
    hops, leaders = _leading(scored, settings)
    rearmed = _rearmed(stored, scored, settings, hops, leaders)
    decided = []
    ends = stored.end_samples[hops]
    for now, leader, fell in zip(ends.tolist(), leaders.tolist(), rearmed.tolist(), strict=True):
        name = keywords[leader]
        if fell:
            trigger.rearm(name)
        if trigger.fire(name, now):
            decided.append(Decision(name, now / SAMPLE_RATE_HZ))
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


def _leading(
    scored: Float32Array, settings: DecoderSettings
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the hops at which the keyword with the highest score reaches its threshold, and its index there."""
    thresholds = np.array([keyword.threshold for keyword in settings.keywords.values()])
    hops = np.flatnonzero((scored >= thresholds).any(axis=1))
    if not len(hops):
        return hops, hops
    # Where any of them is at 1 or above, the highest is: that it reaches its own threshold needs no look.
    return hops, (scored[hops] / thresholds).argmax(axis=1)


def _rearmed(
    stored: Stored,
    scored: Float32Array,
    settings: DecoderSettings,
    hops: npt.NDArray[np.intp],
    leaders: npt.NDArray[np.intp],
) -> npt.NDArray[np.bool_]:
    """Return for each of `hops` whether its leader was re-armed at it or since the hop that it led before.

    By a score below its release, or by a pause as long as the decoder's memory.
    """
    found = np.zeros(len(hops), dtype=np.bool_)
    paused = np.zeros(len(scored), dtype=np.bool_)
    paused[1:] = np.diff(stored.end_samples) >= memory_samples(settings, stored.window_samples)
    for index, keyword in enumerate(settings.keywords.values()):
        led = np.flatnonzero(leaders == index)
        if len(led):
            rearming = (scored[:, index].astype(np.float64) < keyword.release) | paused
            # A stretch for each hop that it led, from behind the one before.
            starts = np.concatenate(([0], hops[led[:-1]] + 1))
            found[led] = np.logical_or.reduceat(rearming[: hops[led[-1]] + 1], starts)
    return found
