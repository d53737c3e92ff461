"""The voice-activity gate: which parts of the stream are worth inferring."""

import math

import numpy as np
import webrtcvad

from kws_live.config import GateSettings
from kws_live.types import SAMPLE_RATE_HZ, GateChange, Int16Array, Span

PIECE_SAMPLES = SAMPLE_RATE_HZ * 30 // 1000
"""webrtcvad judges 10, 20 or 30 ms; the longest costs least and is still a third of a hop."""


class Gate:
    """Opens fast on voice, closes after a hangover, and reaches back over a pre-roll when it opens.

    The voice-activity detector is WebRTC's (a Gaussian mixture over six sub-bands). It judges
    pieces of 30 ms on a grid that begins at the start of the stream or of the last reset, so the
    spans are the same for any block size.

    Args:
        settings: mode 0 (lenient) to 3 (strict), and the times in seconds; when not enabled the
            gate is always open.
    """

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings
        self._onset_pieces = max(1, math.ceil(settings.onset_s * SAMPLE_RATE_HZ / PIECE_SAMPLES))
        self._hangover_samples = round(settings.hangover_s * SAMPLE_RATE_HZ)
        self._preroll_samples = round(settings.preroll_s * SAMPLE_RATE_HZ)
        self.reset(0)

    def reset(self, at_sample: int) -> None:
        """Forget everything; the next sample pushed is `at_sample`."""
        self._vad = webrtcvad.Vad(self._settings.mode)
        self._pending = np.zeros(0, dtype=np.int16)
        self._position = at_sample
        self._inferred_to = at_sample
        self._open = False
        self._voiced_pieces = 0
        self._last_voice = at_sample

    def push(self, samples: Int16Array) -> list[Span | GateChange]:
        """Return the spans to infer and the changes that `samples` (int16 [n]) complete, in order.

        A change comes before the span that it begins and after the span that it ends.
        """
        out: list[Span | GateChange] = []
        audio = np.concatenate((self._pending, samples)) if len(self._pending) else samples
        whole = len(audio) // PIECE_SAMPLES * PIECE_SAMPLES
        for at in range(0, whole, PIECE_SAMPLES):
            self._judge(audio[at : at + PIECE_SAMPLES], out)
        self._pending = audio[whole:].copy()
        return out

    def flush(self) -> list[Span | GateChange]:
        """End the stream: return the span of the last incomplete piece, if the gate is open, and the closing."""
        out: list[Span | GateChange] = []
        self._position += len(self._pending)
        self._pending = self._pending[:0]
        if self._open:
            self._extend(out)
            self._open = False
            out.append(GateChange(open=False, sample=self._position))
        return out

    def _judge(self, piece: Int16Array, out: list[Span | GateChange]) -> None:
        voiced = not self._settings.enabled or self._vad.is_speech(piece.tobytes(), SAMPLE_RATE_HZ)
        self._position += PIECE_SAMPLES
        if voiced:
            self._voiced_pieces += 1
            self._last_voice = self._position
        else:
            self._voiced_pieces = 0
        if self._open:
            self._extend(out)
            if not voiced and self._position - self._last_voice >= self._hangover_samples:
                self._open = False
                out.append(GateChange(open=False, sample=self._position))
        elif self._voiced_pieces >= self._onset_pieces:
            self._open = True
            onset = self._position - self._voiced_pieces * PIECE_SAMPLES
            self._inferred_to = max(self._inferred_to, onset - self._preroll_samples)
            out.append(GateChange(open=True, sample=self._position))
            self._extend(out)

    def _extend(self, out: list[Span | GateChange]) -> None:
        if self._position > self._inferred_to:
            out.append(Span(self._inferred_to, self._position))
            self._inferred_to = self._position
