"""The voice-activity gate: which parts of the stream are worth inferring."""

import math

from kws_live.config import GateSettings
from kws_live.types import SAMPLE_RATE_HZ, GateChange, Int16Array, Span
from kws_live.voice import VoiceDetector

PIECE_SAMPLES = SAMPLE_RATE_HZ * 30 // 1000
"""The voice detector judges 10, 20 or 30 ms; the longest costs least and is still a third of a hop."""
_PIECE_BYTES = 2 * PIECE_SAMPLES


class Gate:
    """Opens fast on voice, closes after a hangover, and reaches back over a pre-roll when it opens.

    The voice detector judges pieces of 30 ms on a grid that begins at the start of the stream or of
    the last reset, so what the spans cover is the same for any block size.

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
        self._vad = VoiceDetector(self._settings.mode)
        self._pending = b""
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
        audio = self._pending + samples.tobytes()
        whole = len(audio) - len(audio) % _PIECE_BYTES
        always, is_speech = not self._settings.enabled, self._vad.is_speech
        for at in range(0, whole, _PIECE_BYTES):
            self._judge(always or is_speech(audio[at : at + _PIECE_BYTES]), out)
        self._pending = audio[whole:]
        if self._open:
            # A piece that begins while it is open is inferred whole, whatever it holds: no window
            # needs to wait for the end of the piece that it ends in.
            self._extend(out, self._position + len(self._pending) // 2)
        return out

    def flush(self) -> list[Span | GateChange]:
        """End the stream: return the span of the last incomplete piece, if the gate is open, and the closing."""
        out: list[Span | GateChange] = []
        self._position += len(self._pending) // 2
        self._pending = b""
        if self._open:
            self._extend(out, self._position)
            self._open = False
            out.append(GateChange(open=False, sample=self._position))
        return out

    def _judge(self, voiced: bool, out: list[Span | GateChange]) -> None:
        """Take in whether the next piece holds voice."""
        self._position += PIECE_SAMPLES
        if voiced:
            self._voiced_pieces += 1
            self._last_voice = self._position
            if not self._open and self._voiced_pieces >= self._onset_pieces:
                self._open = True
                onset = self._position - self._voiced_pieces * PIECE_SAMPLES
                self._inferred_to = max(self._inferred_to, onset - self._preroll_samples)
                out.append(GateChange(open=True, sample=self._position))
            return
        self._voiced_pieces = 0
        if self._open and self._position - self._last_voice >= self._hangover_samples:
            self._extend(out, self._position)
            self._open = False
            out.append(GateChange(open=False, sample=self._position))

    def _extend(self, out: list[Span | GateChange], to_sample: int) -> None:
        """Give out the span up to a sample."""
        if to_sample > self._inferred_to:
            out.append(Span(self._inferred_to, to_sample))
            self._inferred_to = to_sample
