"""Finding single words that somebody says one after the other into an open microphone."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kws_live.config import GateSettings
from kws_live.stages.activity import active_extent, piece_rms
from kws_live.stages.gate import Gate
from kws_live.types import SAMPLE_RATE_HZ, GateChange, Int16Array, Span

CONTEXT_S = 1.0
"""Audio kept on both sides of a word, as far as no other word is in it."""
_SHORTEST_S, _LONGEST_S = 0.1, 1.5
_LEAST_SNR_DB = 10.0
_NOISE_SNR_DB = 5.0
"""What stands out from what is around it by less is no word, but noise that opened the gate."""
_FULL_SCALE = 32_767
_CLIPPED_SAMPLES = 16

Fault = Literal["too short", "too long", "too quiet", "overdriven"]


@dataclass(frozen=True, slots=True)
class Take:
    """One time that something was said.

    Attributes:
        samples: int16 [n] at 16 kHz, with what was before and after.
        start_s: where it begins in them.
        end_s: where it ends.
        fault: why it is no good example; None if it is.
    """

    samples: Int16Array
    start_s: float
    end_s: float
    fault: Fault | None


class TakeFinder:
    """Cuts a stream into takes by the daemon's gate; pure.

    A take is delivered a second after its word, when all that belongs to it was heard.

    Args:
        gate: how the daemon gates; always enabled here.
    """

    def __init__(self, gate: GateSettings) -> None:
        self._gate = Gate(replace(gate, enabled=True))
        self._audio = np.zeros(0, dtype=np.int16)
        self._first = 0
        """Index in the stream of the first sample kept."""
        self._begun: int | None = None
        self._opened = False
        self._waiting: tuple[int, int] | None = None
        self._not_before = 0

    def push(self, samples: Int16Array) -> list[Take]:
        """Return the takes that `samples` (int16 [n] at 16 kHz) complete."""
        self._audio = np.concatenate((self._audio, samples))
        takes = []
        for thing in self._gate.push(samples):
            if isinstance(thing, Span):
                if self._opened and self._begun is None:
                    self._begun = thing.start_sample
                    takes += self._deliver(thing.start_sample)
            elif isinstance(thing, GateChange):
                if not thing.open and self._begun is not None:
                    self._waiting = (self._begun, thing.sample)
                self._opened, self._begun = thing.open, None
        end = self._first + len(self._audio)
        if self._waiting is not None and end >= self._waiting[1] + round(
            CONTEXT_S * SAMPLE_RATE_HZ
        ):
            takes += self._deliver(end)
        self._forget(end)
        return takes

    def _deliver(self, latest: int) -> list[Take]:
        if self._waiting is None:
            return []
        (begin, end), self._waiting = self._waiting, None
        said = self._audio[begin - self._first : end - self._first]
        start, stop = active_extent(said.astype(np.float32))
        context = round(CONTEXT_S * SAMPLE_RATE_HZ)
        first = max(self._not_before, begin + start - context, self._first)
        last = min(latest, begin + stop + context)
        samples = self._audio[first - self._first : last - self._first].copy()
        word = samples[begin + start - first : begin + stop - first]
        snr_db = _snr_db(word, samples)
        if snr_db < _NOISE_SNR_DB:
            return []
        self._not_before = begin + stop
        start_s = (begin + start - first) / SAMPLE_RATE_HZ
        end_s = (begin + stop - first) / SAMPLE_RATE_HZ
        return [Take(samples, start_s, end_s, _fault(word, snr_db))]

    def _forget(self, end: int) -> None:
        """Keep what a take in progress, or one that begins now, still needs."""
        if self._waiting is not None or self._begun is not None:
            return
        kept = end - 4 * round(CONTEXT_S * SAMPLE_RATE_HZ)
        if kept > self._first:
            self._audio = self._audio[kept - self._first :]
            self._first = kept


def _snr_db(word: Int16Array, around: Int16Array) -> float:
    """Return how far the loud parts of a word are above the quiet ones of all, in dB."""
    noise = float(np.quantile(piece_rms(around.astype(np.float32)), 0.1))
    level = float(np.quantile(piece_rms(word.astype(np.float32)), 0.9)) if len(word) else 0.0
    return 20.0 * math.log10(max(level, 1e-3) / max(noise, 1e-3))


def _fault(word: Int16Array, snr_db: float) -> Fault | None:
    duration_s = len(word) / SAMPLE_RATE_HZ
    if duration_s < _SHORTEST_S:
        return "too short"
    if duration_s > _LONGEST_S:
        return "too long"
    if np.count_nonzero(np.abs(word.astype(np.int32)) >= _FULL_SCALE) > _CLIPPED_SAMPLES:
        return "overdriven"
    return "too quiet" if snr_db < _LEAST_SNR_DB else None
