"""Source items → ring and work (`Intake`); work → posteriors, scores and detections (`Spotter`).

The two halves run on two threads live and one after the other offline; neither has a thread or a
clock of its own. Microphone, file, standard input, archive scan and evaluation all run these same
two objects.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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
        decoder: smoothing, thresholds and times.
    """

    def __init__(self, ring: Ring, classifier: Classifier, decoder: DecoderSettings) -> None:
        self._ring = ring
        self._stream = classifier.stream(ring.read)
        self._window_samples = classifier.window_samples
        self._decoder = Decoder(classifier.labels, decoder, classifier.window_samples)
        self._near_misses = NearMisses(decoder, classifier.window_samples)

    def reset(self) -> None:
        """Begin a new stretch of audio; `pause` comes before it."""
        self._stream.reset()
        self._decoder.reset()
        self._near_misses.reset()

    def pause(self) -> tuple[NearMiss, ...]:
        """Return the near misses that are over because no hop follows at once: the gate closed."""
        return self._near_misses.pause()

    def infer(self, hop_sample: int) -> HopResult | None:
        """Infer the window that ends at `hop_sample` and decide; None where the ring no longer holds its audio."""
        values = self._stream.posteriors(hop_sample)
        return None if values is None else self.decide(Posterior(hop_sample, values))

    def decide(self, posterior: Posterior) -> HopResult:
        """Decide on what the model gave for a hop, later than the one before."""
        hop_sample = posterior.end_sample
        decision = self._decoder.step(posterior)

        def word() -> tuple[int, int]:
            start_sample = hop_sample - self._window_samples
            window = self._ring.read(start_sample, hop_sample)
            if window is None:  # it was there a moment ago, and nobody knows any better now
                return max(0, start_sample), hop_sample
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
    """When the latest samples arrived and passed the gate: written on kws-capture, read on kws-infer, without a lock.

    Appending to and copying a deque are atomic in CPython, and what is asked about a hop was noted
    before the hop was queued.
    """

    def __init__(self, kept: int = 4096) -> None:
        self._arrived: deque[tuple[int, int]] = deque(maxlen=kept)
        self._passed: deque[tuple[int, int]] = deque(maxlen=kept)

    def add(self, end_sample: int, arrived_ns: int) -> None:
        """Note that the stream up to `end_sample` was there at `arrived_ns` (CLOCK_MONOTONIC)."""
        self._arrived.append((end_sample, arrived_ns))

    def passed(self, end_sample: int, passed_ns: int) -> None:
        """Note that the gate let the stream up to `end_sample` through at `passed_ns`, as above."""
        self._passed.append((end_sample, passed_ns))

    def of(self, sample: int) -> int | None:
        """Return when the sample before index `sample` arrived, in ns; None if unpaced or too long ago."""
        return _first_from(self._arrived, sample)

    def of_passing(self, sample: int) -> int | None:
        """Return when the sample before index `sample` passed the gate, as `of`."""
        return _first_from(self._passed, sample)


def _first_from(times: deque[tuple[int, int]], sample: int) -> int | None:
    entries = list(times.copy())
    at = bisect_left(entries, sample, key=lambda entry: entry[0])
    if at == len(entries) or (at == 0 and len(entries) == times.maxlen):
        return None
    return entries[at][1]
