"""A stream with words at known times over background: its plan, and its audio.

`plan` decides everything (which word when, how loud) and is cheap; the audio is then rendered block
by block, so that a stream of hours takes the memory of its clips and of one loop of background.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kws_live.eval.clips import Clip, background_rms
from kws_live.eval.mixing import active_rms
from kws_live.eval.tracks import Label
from kws_live.stages.activity import active_extent
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

SPEECH_DBFS = -26.0
MARGIN_S = 1.0
DEFAULT_GAP_S = (0.8, 1.5)
_FADE_SAMPLES = SAMPLE_RATE_HZ // 100
_BLOCK_SAMPLES = SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip (float32 [n] at 16 kHz), to be added times `gain` from `start_sample` on."""

    samples: Float32Array
    gain: float
    start_sample: int
    label: Label


@dataclass(frozen=True, slots=True)
class Stream:
    """A planned stream at 16 kHz, one channel.

    Attributes:
        placed: the clips, ordered by start.
        background: float32 [m], repeated for as long as the stream lasts; m may be 0.
        background_gain: what the background is multiplied by.
        length_samples: length of the stream.
    """

    placed: tuple[Placed, ...]
    background: Float32Array
    background_gain: float
    length_samples: int

    @property
    def labels(self) -> list[Label]:
        """The active extent of each word, in stream time."""
        return [placed.label for placed in self.placed]

    def blocks(self) -> Iterator[Float32Array]:
        """Yield the audio as float32 blocks of at most 1 s, not clipped to full scale."""
        first = 0
        for start in range(0, self.length_samples, _BLOCK_SAMPLES):
            block = np.zeros(min(_BLOCK_SAMPLES, self.length_samples - start), dtype=np.float32)
            if len(self.background):
                indices = np.arange(start, start + len(block))
                block += self.background.take(indices, mode="wrap") * np.float32(
                    self.background_gain
                )
            while first < len(self.placed) and _end(self.placed[first]) <= start:
                first += 1
            for placed in self.placed[first:]:
                if placed.start_sample >= start + len(block):
                    break
                if _end(placed) > start:
                    _add(block, start, placed)
            yield block


def plan(
    clips: Sequence[Clip],
    background: Float32Array,
    *,
    snr_db: float,
    gap_s: tuple[float, float] = DEFAULT_GAP_S,
    level_spread_db: float = 0.0,
    seed: int = 0,
) -> Stream:
    """Return the stream in which `clips` follow one another over `background`.

    A clip is scaled to -26 dBFS over its active part, the background to `snr_db` below that over
    the whole of its loop. So the background keeps its level, as it does around a person who speaks,
    and with no spread every word has the stated SNR. The first word begins after 1 s, the last one
    ends 1 s before the end.

    Args:
        clips: the words in the order in which they are said, none of them digital silence.
        background: float32 [m] at 16 kHz, looped; empty or all zeros for silence.
        snr_db: speech-active RMS to background RMS.
        gap_s: shortest and longest pause between the active parts of neighbours, drawn uniformly.
        level_spread_db: each word is louder or softer by up to this, drawn uniformly.
        seed: of the pauses and levels.

    Raises:
        ValueError: no clips, a silent clip, or an impossible range of pauses.
    """
    if not clips:
        raise ValueError("no clips to splice")
    if not 0.0 <= gap_s[0] <= gap_s[1]:
        raise ValueError(f"pauses of {gap_s[0]} to {gap_s[1]} s are not a range")
    rng = np.random.default_rng(seed)
    placed: list[Placed] = []
    # `position` is where the next word's active part begins.
    position = round(MARGIN_S * SAMPLE_RATE_HZ)
    for index, clip in enumerate(clips):
        start, end = active_extent(clip.samples)
        if start == end:
            raise ValueError(f"clip {index} ({clip.word}) is silent")
        level_db = SPEECH_DBFS + level_spread_db * rng.uniform(-1.0, 1.0)
        gain = 10.0 ** (level_db / 20.0) / active_rms(clip.samples)
        active_end = position + end - start
        label = Label(position / SAMPLE_RATE_HZ, active_end / SAMPLE_RATE_HZ, clip.word)
        # A clip's long quiet beginning is cut where the stream begins later.
        lead = min(start, position)
        samples = _faded(clip.samples[start - lead :], lead, lead + end - start)
        placed.append(Placed(samples, gain, position - lead, label))
        position = active_end + round(rng.uniform(*gap_s) * SAMPLE_RATE_HZ)
    active_end = round(placed[-1].label.end_s * SAMPLE_RATE_HZ)
    length = max(active_end + round(MARGIN_S * SAMPLE_RATE_HZ), *map(_end, placed))
    rms = background_rms(background)
    background_gain = 10.0 ** ((SPEECH_DBFS - snr_db) / 20.0) / rms if rms else 0.0
    placed.sort(key=lambda item: item.start_sample)
    return Stream(tuple(placed), background, background_gain, length)


def gap_for_rate(clips: Sequence[Clip], words_per_minute: float) -> tuple[float, float]:
    """Return the pauses with which `clips` come at `words_per_minute` on average: the mean ± 50 %.

    Raises:
        ValueError: the words alone take longer than that.
    """
    extents = [active_extent(clip.samples) for clip in clips]
    word_s = sum(end - start for start, end in extents) / SAMPLE_RATE_HZ / len(clips)
    mean_s = 60.0 / words_per_minute - word_s
    if mean_s <= 0.0:
        raise ValueError(
            f"{words_per_minute:g} words a minute leave no pause between words of {word_s:.2f} s: "
            f"ask for fewer than {60.0 / word_s:.0f}"
        )
    return 0.5 * mean_s, 1.5 * mean_s


def _end(placed: Placed) -> int:
    return placed.start_sample + len(placed.samples)


def _faded(samples: Float32Array, active_start: int, active_end: int) -> Float32Array:
    """Return a copy with up to 10 ms of fade outside its active part: its noise must not click."""
    faded = samples.copy()
    head = min(_FADE_SAMPLES, active_start)
    tail = min(_FADE_SAMPLES, len(samples) - active_end)
    faded[:head] *= np.linspace(0.0, 1.0, head, dtype=np.float32)
    faded[len(faded) - tail :] *= np.linspace(1.0, 0.0, tail, dtype=np.float32)
    return faded


def _add(block: Float32Array, block_start: int, placed: Placed) -> None:
    """Add the part of `placed` that lies in the block beginning at stream sample `block_start`."""
    start = max(block_start, placed.start_sample)
    end = min(block_start + len(block), _end(placed))
    part = placed.samples[start - placed.start_sample : end - placed.start_sample]
    block[start - block_start : end - block_start] += part * np.float32(placed.gain)
