"""Thresholds chosen on one half of the speakers and words counted on the other, for any score."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from benchmarks.score_variants import Array, Score
from kws_live.config import DecoderSettings
from kws_live.eval.match import LATEST_S, Truth
from kws_live.eval.posteriors import Stored
from kws_live.eval.sweep import decode
from kws_live.types import SAMPLE_RATE_HZ

Integers = npt.NDArray[np.int64]
_PEAKS = 60
_BLOCK_S = 120


@dataclass(frozen=True)
class Half:
    """The recordings of half of the speakers.

    Attributes:
        words: streams with words; each holds the same clips in the same order.
        speech: streams without; each holds the same speech at the same times.
        negative_h: of each keyword, over all of `speech`.
    """

    words: list[Stored]
    speech: list[Stored]
    negative_h: dict[str, float]


@dataclass(frozen=True)
class Scored:
    """One score of one half, prepared for choosing thresholds.

    Attributes:
        words: scores of each stream with words, float32 [n, keywords].
        speech: the same of each one without.
        peaks: of each keyword, its highest scores where it is not said, one a second at most: the
            scores, descending, and the block of speech that each lies in.
        reached: [streams, clips] the highest score of each word's own keyword.
        keyword: [clips] which one that is.
    """

    words: list[Array]
    speech: list[Array]
    peaks: list[tuple[Array, Integers]]
    reached: Array
    keyword: Integers


@dataclass(frozen=True)
class HeldOut:
    """What thresholds of the other half gave, both halves pooled.

    Attributes:
        hit: of each word of each stream, whether it was detected: the same order for every score.
        fa_per_hour: false accepts per hour and keyword on the streams without words.
        latency_ms: from the ends of words that were hit to the decisions, 50th and 95th percentile.
    """

    hit: npt.NDArray[np.bool_]
    fa_per_hour: float
    latency_ms: list[int]


def said(stored: Stored, keywords: Sequence[str]) -> list[int]:
    """Return the keyword of each word said for certain, as its number, in order."""
    return [
        keywords.index(label.word)
        for label in stored.labels
        if label.word in keywords and not label.uncertain
    ]


def prepare(half: Half, score: Score, keywords: Sequence[str]) -> Scored:
    words, speech = [score(s) for s in half.words], [score(s) for s in half.speech]
    reached = [_reached(s, values, keywords) for s, values in zip(half.words, words, strict=True)]
    peaks = []
    for number, keyword in enumerate(keywords):
        found = [
            peak
            for stored, values in zip(half.speech, speech, strict=True)
            for peak in _peaks(stored, values[:, number], keyword)
        ]
        ordered = np.array(sorted(found, reverse=True))
        peaks.append((ordered[:, 0], ordered[:, 1].astype(np.int64)))
    keyword_numbers = np.array(said(half.words[0], keywords))
    return Scored(words, speech, peaks, np.array(reached), keyword_numbers)


def _peaks(stored: Stored, values: Array, keyword: str) -> list[tuple[float, int]]:
    """Return the highest scores where the keyword is not said, a second apart, with their blocks."""
    ends, left = stored.end_samples, values.copy()
    for label in stored.labels:
        if label.word == keyword:
            first, last = label.start_s * SAMPLE_RATE_HZ, (label.end_s + LATEST_S) * SAMPLE_RATE_HZ
            left[(ends >= first) & (ends <= last)] = -1.0
    found = []
    for _ in range(_PEAKS):
        at = int(np.argmax(left))
        found.append((float(left[at]), int(ends[at] // (_BLOCK_S * SAMPLE_RATE_HZ))))
        first, last = np.searchsorted(ends, (ends[at] - SAMPLE_RATE_HZ, ends[at] + SAMPLE_RATE_HZ))
        left[first : last + 1] = -1.0
    return found


def _reached(stored: Stored, values: Array, keywords: Sequence[str]) -> list[float]:
    found = []
    for label in stored.labels:
        if label.word in keywords and not label.uncertain:
            span = (label.start_s * SAMPLE_RATE_HZ, (label.end_s + LATEST_S) * SAMPLE_RATE_HZ + 1)
            first, last = np.searchsorted(stored.end_samples, span)
            column = values[first:last, keywords.index(label.word)]
            found.append(float(column.max(initial=0.0)))
    return found


def held_out(
    halves: Sequence[Half], scored: Sequence[Scored], settings: DecoderSettings, rate: float
) -> HeldOut:
    """Decode each half by the deployed trigger with the thresholds that the other one asks for."""
    keywords = tuple(settings.keywords)
    hit, latencies, false_accepts, hours = [], [], 0, 0.0
    for own, other in ((0, 1), (1, 0)):
        chosen = {}
        for (name, keyword), (heights, _) in zip(
            settings.keywords.items(), scored[other].peaks, strict=True
        ):
            allowed = int(rate * halves[other].negative_h[name] + 1e-9)
            threshold = float(np.clip(np.nextafter(heights[allowed], 2.0) + 1e-6, 1e-6, 1.0))
            chosen[name] = replace(keyword, threshold=threshold, release=threshold / 2)
        point = replace(settings, keywords=chosen)
        half = halves[own]
        for stored, values in zip(half.words, scored[own].words, strict=True):
            truth = Truth(stored.labels, keywords, stored.duration_s)
            matching = truth.match(decode(stored, values.astype(np.float32), point))
            missed = set(matching.misses)
            hit += [
                label not in missed
                for label in stored.labels
                if label.word in keywords and not label.uncertain
            ]
            latencies += [pair.decision.decided_s - pair.label.end_s for pair in matching.hits]
        for stored, values in zip(half.speech, scored[own].speech, strict=True):
            truth = Truth(stored.labels, keywords, stored.duration_s)
            matching = truth.match(decode(stored, values.astype(np.float32), point))
            false_accepts += len(matching.false_accepts)
        hours += sum(half.negative_h.values())
    latency_ms = 1000 * np.percentile(latencies, (50, 95))
    return HeldOut(np.array(hit), false_accepts / hours, [round(ms) for ms in latency_ms.tolist()])


Draw = list[tuple[Integers, Integers]]


def draw_replicates(halves: Sequence[Half], keywords: Sequence[str], count: int) -> list[Draw]:
    """Return, for each replicate and half, how often each block is taken, and which clips are."""
    generator = np.random.default_rng(1)

    def draw(half: Half) -> tuple[Integers, Integers]:
        blocks = int(half.speech[0].duration_s // _BLOCK_S) + 1
        clips = len(said(half.words[0], keywords))
        taken = np.bincount(generator.integers(0, blocks, blocks), minlength=blocks)
        return taken, generator.integers(0, clips, clips)

    return [[draw(half) for half in halves] for _ in range(count)]


def replicates(
    halves: Sequence[Half], scored: Sequence[Scored], draws: Sequence[Draw], rates: Sequence[float]
) -> Array:
    """Return the FRR [replicates, rates] with thresholds chosen on all speech of the replicate."""
    hours = [sum(half.negative_h[k] for half in halves) for k in halves[0].negative_h]
    merged = []
    for number in range(len(hours)):
        heights = np.concatenate([one.peaks[number][0] for one in scored])
        blocks = np.concatenate([one.peaks[number][1] for one in scored])
        of = np.repeat(range(len(scored)), [len(one.peaks[number][0]) for one in scored])
        order = np.argsort(-heights)
        merged.append((heights[order], of[order], blocks[order]))
    out = np.empty((len(draws), len(rates)))
    for row, draw in enumerate(draws):
        counts = []
        for _, of, blocks in merged:
            taken = np.zeros(len(of))
            for half, (weights, _) in enumerate(draw):
                taken[of == half] = weights[blocks[of == half]]
            counts.append(np.cumsum(taken))
        for column, rate in enumerate(rates):
            thresholds = np.empty(len(hours))
            for number, (heights, _, _) in enumerate(merged):
                allowed = int(rate * hours[number] + 1e-9)
                first = int(np.searchsorted(counts[number], allowed, side="right"))
                thresholds[number] = heights[min(first, len(heights) - 1)]
            missed = [
                one.reached[:, clips] <= thresholds[one.keyword[clips]]
                for one, (_, clips) in zip(scored, draw, strict=True)
            ]
            out[row, column] = np.concatenate([m.ravel() for m in missed]).mean()
    return out
