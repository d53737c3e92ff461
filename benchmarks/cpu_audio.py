"""What the systems of `benchmarks.cpu` listen to: silence, speech and a mix of both, cut into slices.

Without recordings of one's own, speech is the bundled demo without its pauses, again and again.
Silence is what a good microphone gives in a quiet room: soft noise, never zeros, on which some
programs take a short cut.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from benchmarks.common import DEMO
from kws_live.eval.tracks import read_track
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

SILENCE_DB = -60.0
"""Of full scale, RMS: a quiet room."""
CONDITIONS = ("silence", "mix", "speech")
"""In the order of a slice."""
_MARGIN_S = 0.12
"""What is kept around each word of the demo."""
_MIX_PERIOD_S = 20.0
_MIX_SPEECH_S = 2.0
_SETTLE_S = {"silence": 3.0, "mix": 0.25, "speech": 0.25}
"""What is played of each condition before it counts. Voice detectors take a new silence for speech at
first; after speech some take longer than 3 s to close, so a slice begins with silence."""
_TAIL_S = 0.25


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a slice that counts.

    Attributes:
        condition: which of `CONDITIONS`.
        start_s: where it begins, from the start of the slice.
        end_s: where it ends.
    """

    condition: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Slice:
    """What a system is played in one go: each condition, and a little of it before that doesn't count.

    Attributes:
        samples: int16 [n] at 16 kHz.
        stretches: those that count, in order.
    """

    samples: Int16Array
    stretches: tuple[Stretch, ...]


def conditions(
    seconds: float, speech: Path | None = None, mix: Path | None = None
) -> dict[str, Int16Array]:
    """Return each condition's audio, int16 [seconds at 16 kHz]; what is too short is repeated.

    Args:
        seconds: how much of each.
        speech: a recording of people who talk without a pause; None for the demo's words.
        mix: one of typical use; None for silence with one tenth of that speech.
    """
    samples = round(seconds * SAMPLE_RATE_HZ)
    silence = _soft_noise(samples)
    talk = np.resize(read_mono(speech) if speech else _demo_without_pauses(), samples)
    blend = np.resize(read_mono(mix), samples) if mix else _sparse(silence, talk)
    return {"silence": silence, "mix": blend, "speech": talk}


def slices(audio: Mapping[str, Int16Array], rounds: int) -> list[Slice]:
    """Return the audio of all conditions in `rounds` slices of one length.

    Args:
        audio: of each condition, as long as each other.
        rounds: divides that length, in samples; a remainder is left out.
    """
    return [
        _slice({name: np.array_split(samples, rounds)[index] for name, samples in audio.items()})
        for index in range(rounds)
    ]


def _slice(parts: Mapping[str, Int16Array]) -> Slice:
    pieces: list[Int16Array] = []
    stretches = []
    for name in CONDITIONS:
        part = parts[name]
        pieces.append(np.resize(part, round(_SETTLE_S[name] * SAMPLE_RATE_HZ)))
        start_s = _seconds(pieces)
        pieces.append(part)
        stretches.append(Stretch(name, start_s, _seconds(pieces)))
    pieces.append(np.resize(parts[CONDITIONS[-1]], round(_TAIL_S * SAMPLE_RATE_HZ)))
    return Slice(np.concatenate(pieces), tuple(stretches))


def _seconds(pieces: Sequence[Int16Array]) -> float:
    return sum(map(len, pieces)) / SAMPLE_RATE_HZ


def _soft_noise(samples: int) -> Int16Array:
    level = 32767 * 10 ** (SILENCE_DB / 20)
    return np.random.default_rng(0).normal(0.0, level, samples).round().astype(np.int16)


def _demo_without_pauses() -> Int16Array:
    demo = read_mono(DEMO)
    margin = round(_MARGIN_S * SAMPLE_RATE_HZ)
    fade = np.minimum(1.0, np.linspace(0.0, 1.0, margin))
    words = []
    for label in read_track(DEMO.with_suffix(".txt")):
        start = max(0, round(label.start_s * SAMPLE_RATE_HZ) - margin)
        word = demo[start : round(label.end_s * SAMPLE_RATE_HZ) + margin].astype(np.float64)
        word[:margin] *= fade
        word[-margin:] *= fade[::-1]
        words.append(word.round().astype(np.int16))
    return np.concatenate(words)


def _sparse(silence: Int16Array, talk: Int16Array) -> Int16Array:
    """Return silence with speech in the middle of each period, one tenth of it in all."""
    mixed = silence.astype(np.int32)
    length = round(_MIX_SPEECH_S * SAMPLE_RATE_HZ)
    period = round(_MIX_PERIOD_S * SAMPLE_RATE_HZ)
    said = 0
    for start in range((period - length) // 2, len(mixed), period):
        piece = mixed[start : start + length]
        piece += np.resize(talk[said:], len(piece)) if said < len(talk) else 0
        said += len(piece)
    return np.clip(mixed, -32768, 32767).astype(np.int16)


def read_mono(path: Path) -> Int16Array:
    """Return a recording as int16 [n], mono at 16 kHz."""
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    mono = soxr.resample(samples.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
    whole: Int16Array = np.clip(np.round(mono * 32768), -32768, 32767).astype(np.int16)
    return whole
