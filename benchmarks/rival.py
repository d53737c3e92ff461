"""pocketsphinx listening for keywords, and what any of its thresholds would have let through.

In keyword mode pocketsphinx compares each keyphrase with a loop of all phones, and spots the phrase
where the ratio of their likelihoods reaches its threshold. The search itself doesn't depend on the
threshold, and each segment comes with its best ratio. So one pass at a low threshold gives the
detections at every higher one, and a sweep costs no more than a run.

What is decided in its favour: the whole recording is one utterance (ending it after each detection, as
its examples do, loses the start of the next word); a segment counts from its end on, although it
is only told 0.1 s later (`kws_delay`); and of segments that overlap only the one furthest above its
threshold is taken, where pocketsphinx itself would report them all.
"""

import bisect
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import soundfile

from kws_live.eval.match import Decision
from kws_live.types import SAMPLE_RATE_HZ

FLOOR = -5.0
"""log10 of the threshold it runs with: below, it spots words by the thousand an hour."""
_BLOCK_SAMPLES = 16_000
_FRAMES_PER_S = 100
_LOG_BASE = 1.0001
_LARGEST_RATIO = 1500
"""Subtracted from a ratio so that it looks like a probability (`KWS_MAX` in its sources)."""
_SHIFT_BITS = 10
"""By how many bits its search shortens logarithms."""


@dataclass(frozen=True, slots=True)
class Spotted:
    """A stretch of a recording that pocketsphinx takes for a keyword.

    Attributes:
        keyword: the word.
        start_s: where it begins.
        end_s: where it ends.
        score: log10 of the highest threshold at which it is still found.
    """

    keyword: str
    start_s: float
    end_s: float
    score: float


def spot_all(paths: Sequence[Path], keywords: Sequence[str]) -> list[list[Spotted]]:
    """Return what is spotted in each recording; they run side by side, one process for each core."""
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(partial(spot, keywords=keywords), paths))


def spot(path: Path, keywords: Sequence[str], floor_log10: float = FLOOR) -> list[Spotted]:
    """Return everything in a recording that reaches a low threshold, in order.

    Args:
        path: mono at 16 kHz, as its acoustic model needs.
        keywords: in its dictionary of English.
        floor_log10: the threshold, as a power of ten.

    Raises:
        ValueError: the recording has another rate or more channels.
    """
    from pocketsphinx import Decoder  # noqa: PLC0415 - of the extra [bench]

    info = soundfile.info(path)
    if (info.samplerate, info.channels) != (SAMPLE_RATE_HZ, 1):
        raise ValueError(f"{path}: {info.samplerate} Hz, {info.channels} channels; not 16 kHz mono")
    with tempfile.NamedTemporaryFile("w", suffix=".list") as phrases:
        phrases.writelines(f"{keyword} /1e{floor_log10:g}/\n" for keyword in keywords)
        phrases.flush()
        decoder = Decoder(lm=None, kws=phrases.name, loglevel="FATAL")
    decoder.start_utt()
    for block in soundfile.blocks(path, _BLOCK_SAMPLES, dtype="int16"):
        decoder.process_raw(block.tobytes(), no_search=False, full_utt=False)
    decoder.end_utt()
    return [
        Spotted(
            segment.word.strip(),
            segment.start_frame / _FRAMES_PER_S,
            segment.end_frame / _FRAMES_PER_S,
            threshold_log10(segment.prob),
        )
        for segment in decoder.seg() or ()
    ]


def threshold_log10(probability: float) -> float:
    """Return log10 of the highest threshold that a segment with this `prob` (> 0) reaches."""
    ratio = round(math.log(probability, _LOG_BASE)) + _LARGEST_RATIO
    return (ratio << _SHIFT_BITS) * math.log10(_LOG_BASE)


def detections(spotted: Sequence[Spotted], thresholds: Mapping[str, float]) -> list[Decision]:
    """Return what would be detected with these thresholds, in order.

    Args:
        spotted: of one recording.
        thresholds: log10 of each keyword's threshold, at least `FLOOR`.
    """
    found = [one for one in spotted if one.score >= thresholds[one.keyword]]
    found.sort(key=lambda one: one.score - thresholds[one.keyword], reverse=True)
    taken: list[Spotted] = []  # never overlapping, so in order of their starts and of their ends
    for one in found:
        at = bisect.bisect_left(taken, one.end_s, key=lambda other: other.start_s)
        if at == 0 or taken[at - 1].end_s <= one.start_s:
            taken.insert(at, one)
    return [Decision(one.keyword, one.end_s) for one in taken]
