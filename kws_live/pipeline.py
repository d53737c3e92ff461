"""Source items → ring and work (`Intake`); work → posteriors, scores and detections (`Spotter`).

The two halves run on two threads live and one after the other offline; neither has a thread or a
clock of its own. Microphone, file, standard input, archive scan and evaluation all run these same
two objects.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from kws_live.config import DecoderSettings, GateSettings
from kws_live.model import Classifier
from kws_live.stages.activity import last_word_extent
from kws_live.stages.decoder import Decoder
from kws_live.stages.frontend import Frontend
from kws_live.stages.gate import Gate
from kws_live.stages.near_miss import NearMisses
from kws_live.stages.ring import Ring
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    Detection,
    Gap,
    GateChange,
    Int16Array,
    NearMiss,
    Posterior,
    Span,
)
from kws_live.work_queue import Reset

RING_SAMPLES = 60 * SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Heard:
    """Audio at 16 kHz that was just written to the ring: int16 [n]."""

    samples: Int16Array


Intaken = Heard | Span | GateChange | Reset


class Intake:
    """The capture half: mixes down, resamples, writes the ring and gates. Runs on kws-capture.

    Args:
        ring: where the audio goes.
        gate: settings of the voice-activity gate.
    """

    def __init__(self, ring: Ring, gate: GateSettings) -> None:
        self._ring = ring
        self._frontend = Frontend()
        self._gate = Gate(gate)

    def convert(self, block: Block) -> Int16Array:
        """Return the int16 [n] samples at 16 kHz that `block` completes; pass them to `write`."""
        return self._frontend.push(block)

    def write(self, samples: Int16Array) -> Iterator[Intaken]:
        """Write int16 [n] to the ring and return what became ready by it, `Heard` first."""
        self._ring.write(samples)
        yield Heard(samples)
        yield from self._gate.push(samples)

    def gap(self, gap: Gap) -> Iterator[Intaken]:
        """End the stretch before `gap`, advance over it, and begin anew behind it."""
        yield from self.finish()
        self._ring.skip(gap.samples)
        self._gate.reset(self._ring.end_sample)
        yield Reset()

    def finish(self) -> Iterator[Intaken]:
        """End the stretch of audio: what the resampler and the gate still hold."""
        tail = self._frontend.flush()
        if len(tail):
            yield from self.write(tail)
        yield from self._gate.flush()


@dataclass(frozen=True, slots=True)
class HopResult:
    """What one hop gave.

    Attributes:
        posterior: the model's output.
        scores: of the enabled keywords.
        detection: what was detected, or None.
        near_misses: what came near a detection and was over at this hop; their peaks lie before it.
    """

    posterior: Posterior
    scores: Mapping[str, float]
    detection: Detection | None
    near_misses: tuple[NearMiss, ...]


class Spotter:
    """The inference half: window → posterior → decision. Runs on kws-infer.

    Args:
        ring: where the audio is.
        classifier: the open model.
        window_samples: length of a window.
        decoder: smoothing, thresholds and times.
    """

    def __init__(
        self, ring: Ring, classifier: Classifier, window_samples: int, decoder: DecoderSettings
    ) -> None:
        self._ring = ring
        self._classifier = classifier
        self._window_samples = window_samples
        self._decoder = Decoder(classifier.labels, decoder)
        self._near_misses = NearMisses(decoder, window_samples)

    def reset(self) -> None:
        """Begin a new stretch of audio; `pause` comes before it."""
        self._decoder.reset()
        self._near_misses.reset()

    def pause(self) -> tuple[NearMiss, ...]:
        """Return the near misses that are over because no hop follows at once: the gate closed."""
        return self._near_misses.pause()

    def infer(self, hop_sample: int) -> HopResult | None:
        """Infer the window that ends at `hop_sample`; None where the ring no longer holds it."""
        start_sample = hop_sample - self._window_samples
        window = self._ring.read(start_sample, hop_sample)
        if window is None:
            return None
        posterior = Posterior(hop_sample, self._classifier.posteriors(window))
        decision = self._decoder.step(posterior)

        def word() -> tuple[int, int]:
            word_start, word_end = last_word_extent(window)
            return max(0, start_sample + word_start), start_sample + word_end

        detection = None
        if decision is not None:
            detection = Detection(
                decision.keyword, decision.score, decision.threshold, hop_sample, *word()
            )
        detected = None if decision is None else decision.keyword
        scores = self._decoder.scores
        near_misses = self._near_misses.step(hop_sample, scores, detected, word)
        return HopResult(posterior, scores, detection, near_misses)


class Arrivals:
    """When the latest samples arrived: written on kws-capture, read on kws-infer, without a lock.

    Appending to and copying a deque are atomic in CPython, and a reader that misses the newest
    entry asks again later.
    """

    def __init__(self, kept: int = 4096) -> None:
        self._entries: deque[tuple[int, int]] = deque(maxlen=kept)

    def add(self, end_sample: int, arrived_ns: int) -> None:
        """Note that the stream up to `end_sample` was there at `arrived_ns` (CLOCK_MONOTONIC)."""
        self._entries.append((end_sample, arrived_ns))

    def of(self, sample: int) -> int | None:
        """Return when the sample before index `sample` arrived, in ns; None if unpaced or too long ago."""
        entries = list(self._entries.copy())
        at = bisect_left(entries, sample, key=lambda entry: entry[0])
        if at == len(entries) or (at == 0 and len(entries) == self._entries.maxlen):
            return None
        return entries[at][1]


def level_db(samples: Int16Array, floor_db: float) -> float:
    """Return the RMS of int16 [n] in dB of full scale, at least `floor_db`."""
    if not len(samples):
        return floor_db
    mean_square = float(np.mean(np.square(samples.astype(np.float32) / 32768.0)))
    return max(floor_db, 10.0 * float(np.log10(mean_square))) if mean_square else floor_db
