"""Finding single words that somebody says one after the other into an open microphone."""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from kws_live.config import GateSettings
from kws_live.stages.activity import PIECE_SAMPLES, active_extent, active_pieces, piece_rms
from kws_live.stages.gate import Gate
from kws_live.types import SAMPLE_RATE_HZ, GateChange, Int16Array, Span

CONTEXT_S = 1.0
"""Audio kept on both sides of a word, as far as no other word is in it."""
_SHORTEST_S, _LONGEST_S = 0.1, 1.5
_LEAST_SNR_DB = 10.0
_NOISE_SNR_DB = 5.0
"""What stands out from what is around it by less is no word, but noise that opened the gate."""
_LONGEST_PAUSE_S = 0.25
"""Within a word; the closure of a stop consonant is shorter."""
_QUIETEST_NOISE = 10.0
"""RMS of int16, -70 dBFS: what is quieter than that plus the least SNR isn't heard, in whatever silence."""
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

    A take is delivered when the gate has closed and a second was heard after the last voice.

    Args:
        gate: how the daemon gates; always enabled here.
    """

    def __init__(self, gate: GateSettings) -> None:
        self._gate = Gate(replace(gate, enabled=True))
        self._wait_samples = round(max(0.0, CONTEXT_S - gate.hangover_s) * SAMPLE_RATE_HZ)
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
        if self._waiting is not None and end >= self._waiting[1] + self._wait_samples:
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
    """Return how far the loud parts of a word are above the quiet ones of all, in dB.

    Digital silence is none of the quiet ones: where a driver mutes noise between words, what it lets
    through would all stand out.
    """
    rms = piece_rms(around.astype(np.float32))
    rms = rms[rms > 0.0]
    noise = float(np.quantile(rms, 0.1)) if len(rms) else 0.0
    level = float(np.quantile(piece_rms(word.astype(np.float32)), 0.9)) if len(word) else 0.0
    return 20.0 * math.log10(max(level, 1e-3) / max(noise, _QUIETEST_NOISE))


def _fault(word: Int16Array, snr_db: float) -> Fault | None:
    duration_s = len(word) / SAMPLE_RATE_HZ
    if duration_s < _SHORTEST_S:
        return "too short"
    pauses = np.diff(np.flatnonzero(active_pieces(word.astype(np.float32)))) * PIECE_SAMPLES
    if duration_s > _LONGEST_S or pauses.max(initial=0) > _LONGEST_PAUSE_S * SAMPLE_RATE_HZ:
        return "too long"
    if np.count_nonzero(np.abs(word.astype(np.int32)) >= _FULL_SCALE) > _CLIPPED_SAMPLES:
        return "overdriven"
    return "too quiet" if snr_db < _LEAST_SNR_DB else None
