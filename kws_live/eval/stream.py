"""A stream with words and speech at known times over background: its plan, and its audio.

`arrange` decides everything (what when, how loud) and is cheap; the audio is then rendered block by block,
so that a stream of hours takes the memory of what is said at once and of one loop of background.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from kws_live.eval.clips import Clip, background_rms
from kws_live.eval.segments import Segment, word_segment
from kws_live.eval.tracks import UNCERTAIN_MARK, Label
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

SPEECH_DBFS = -26.0
MARGIN_S = 1.0
DEFAULT_GAP_S = (0.8, 1.5)
DEFAULT_SPEECH_GAP_S = (0.3, 0.8)
_FADE_SAMPLES = SAMPLE_RATE_HZ // 100
_BLOCK_SAMPLES = SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Placed:
    """A segment less its first `cut_samples`, to be added times `gain` from `start_sample` on."""

    segment: Segment
    cut_samples: int
    gain: float
    start_sample: int

    @property
    def end_sample(self) -> int:
        """The sample of the stream after its last one."""
        return self.start_sample + self.segment.length_samples - self.cut_samples

    @property
    def samples(self) -> Float32Array:
        """Its audio, read anew: float32 [n] at 16 kHz, without the gain, its edges faded."""
        segment, cut = self.segment, self.cut_samples
        return _faded(segment.read()[cut:], segment.active_start - cut, segment.active_end - cut)

    @property
    def labels(self) -> list[Label]:
        """The active extent of its word, and all of it for each word that it may hold."""
        segment, before = self.segment, self.start_sample - self.cut_samples
        labels = []
        if segment.word is not None:
            start, end = before + segment.active_start, before + segment.active_end
            labels.append(Label(start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ, segment.word))
        for word in segment.may_hold:
            start_s, end_s = self.start_sample / SAMPLE_RATE_HZ, self.end_sample / SAMPLE_RATE_HZ
            labels.append(Label(start_s, end_s, UNCERTAIN_MARK + word))
        return labels


@dataclass(frozen=True, slots=True)
class Stream:
    """A planned stream at 16 kHz, one channel.

    Attributes:
        placed: what is said, ordered by start.
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
        """What is said when, in stream time."""
        return [label for placed in self.placed for label in placed.labels]

    def blocks(self) -> Iterator[Float32Array]:
        """Yield the audio as float32 blocks of at most 1 s, not clipped to full scale.

        Raises:
            InputError: what was measured can't be read any more.
        """
        heard: dict[int, Float32Array] = {}
        following = 0
        for start in range(0, self.length_samples, _BLOCK_SAMPLES):
            block = np.zeros(min(_BLOCK_SAMPLES, self.length_samples - start), dtype=np.float32)
            if len(self.background):
                indices = np.arange(start, start + len(block))
                block += self.background.take(indices, mode="wrap") * np.float32(
                    self.background_gain
                )
            while following < len(self.placed) and self.placed[
                following
            ].start_sample < start + len(block):
                heard[following] = self.placed[following].samples
                following += 1
            for index, samples in heard.items():
                _add(block, start, self.placed[index], samples)
            for index in [i for i in heard if self.placed[i].end_sample <= start + len(block)]:
                del heard[index]
            yield block


def arrange(
    segments: Sequence[Segment],
    background: Float32Array,
    *,
    snr_db: float,
    gap_s: tuple[float, float] = DEFAULT_GAP_S,
    speech_gap_s: tuple[float, float] = DEFAULT_SPEECH_GAP_S,
    level_spread_db: float = 0.0,
    seed: int = 0,
    at_least_samples: int = 0,
) -> Stream:
    """Return the stream in which `segments` follow one another over `background`.

    A segment is scaled to -26 dBFS over its active part, the background to `snr_db` below that over the
    whole of its loop. So the background keeps its level, as it does around a person who speaks, and
    with no spread every word has the stated SNR. The first segment begins after 1 s, the last one
    ends 1 s or more before the end.

    Args:
        segments: what is said, in order, none of it digital silence.
        background: float32 [m] at 16 kHz, looped; empty or all zeros for silence.
        snr_db: speech-active RMS to background RMS.
        gap_s: shortest and longest pause around a word, from active part to active part, drawn
            uniformly.
        speech_gap_s: the same between segments that are no words.
        level_spread_db: each segment is louder or softer by up to this, drawn uniformly.
        seed: of the pauses and levels.
        at_least_samples: the stream ends in background alone if it would be shorter.

    Raises:
        ValueError: a silent segment, or an impossible range of pauses.
    """
    for shortest_s, longest_s in (gap_s, speech_gap_s):
        if not 0.0 <= shortest_s <= longest_s:
            raise ValueError(f"pauses of {shortest_s} to {longest_s} s are not a range")
    rng = np.random.default_rng(seed)
    placed: list[Placed] = []
    # `position` is where the next segment's active part begins.
    position = active_end = round(MARGIN_S * SAMPLE_RATE_HZ)
    for index, segment in enumerate(segments):
        if not segment.rms:
            raise ValueError(f"clip {index} ({segment.word}) is silent")
        level_db = SPEECH_DBFS + level_spread_db * rng.uniform(-1.0, 1.0)
        active_end = position + segment.active_samples
        if segment.audible:
            # A long quiet beginning is cut where the stream begins later.
            cut = max(0, segment.active_start - position)
            gain = 10.0 ** (level_db / 20.0) / segment.rms
            placed.append(Placed(segment, cut, gain, position + cut - segment.active_start))
        words_meet = segment.word is not None or any(
            s.word for s in segments[index + 1 : index + 2]
        )
        gap = rng.uniform(*(gap_s if words_meet else speech_gap_s))
        position = active_end + round(gap * SAMPLE_RATE_HZ)
    length = active_end + (round(MARGIN_S * SAMPLE_RATE_HZ) if segments else 0)
    length = max([length, at_least_samples, *(item.end_sample for item in placed)])
    rms = background_rms(background)
    background_gain = 10.0 ** ((SPEECH_DBFS - snr_db) / 20.0) / rms if rms else 0.0
    placed.sort(key=lambda item: item.start_sample)
    return Stream(tuple(placed), background, background_gain, length)


def plan(
    clips: Sequence[Clip],
    background: Float32Array,
    *,
    snr_db: float,
    gap_s: tuple[float, float] = DEFAULT_GAP_S,
    level_spread_db: float = 0.0,
    seed: int = 0,
) -> Stream:
    """Return the stream in which `clips` follow one another over `background`; see `arrange`.

    Raises:
        ValueError: no clips, a silent clip, or an impossible range of pauses.
    """
    if not clips:
        raise ValueError("no clips to splice")
    return arrange(
        [word_segment(clip) for clip in clips],
        background,
        snr_db=snr_db,
        gap_s=gap_s,
        level_spread_db=level_spread_db,
        seed=seed,
    )


def gap_for_rate(words: Sequence[Segment], words_per_minute: float) -> tuple[float, float]:
    """Return the pauses with which `words` come at `words_per_minute` on average: the mean ± 50 %.

    Raises:
        ValueError: the words alone take longer than that.
    """
    word_s = sum(word.active_samples for word in words) / SAMPLE_RATE_HZ / len(words)
    mean_s = 60.0 / words_per_minute - word_s
    if mean_s <= 0.0:
        raise ValueError(
            f"{words_per_minute:g} words a minute leave no pause between words of {word_s:.2f} s: "
            f"ask for fewer than {60.0 / word_s:.0f}"
        )
    return 0.5 * mean_s, 1.5 * mean_s


def _faded(samples: Float32Array, active_start: int, active_end: int) -> Float32Array:
    """Return a copy with up to 10 ms of fade outside its active part: its noise must not click."""
    faded = samples.copy()
    head = min(_FADE_SAMPLES, active_start)
    tail = min(_FADE_SAMPLES, len(samples) - active_end)
    faded[:head] *= np.linspace(0.0, 1.0, head, dtype=np.float32)
    faded[len(faded) - tail :] *= np.linspace(1.0, 0.0, tail, dtype=np.float32)
    return faded


def _add(block: Float32Array, block_start: int, placed: Placed, samples: Float32Array) -> None:
    """Add the part of `samples` that lies in the block beginning at stream sample `block_start`."""
    start = max(block_start, placed.start_sample)
    end = min(block_start + len(block), placed.end_sample)
    part = samples[start - placed.start_sample : end - placed.start_sample]
    block[start - block_start : end - block_start] += part * np.float32(placed.gain)
