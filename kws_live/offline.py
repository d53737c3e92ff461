"""The daemon's own pipeline on a recording, in one thread: what evaluation and calibration run."""

from collections.abc import Iterator

from kws_live.config import DecoderSettings, GateSettings
from kws_live.model import Classifier, ModelFolder
from kws_live.pipeline import RING_SAMPLES, HopResult, Intake, Intaken, Spotter
from kws_live.sources.base import Source
from kws_live.stages.ring import Ring
from kws_live.types import Block, Gap, Span
from kws_live.work_queue import Reset


def spot(
    source: Source,
    folder: ModelFolder,
    classifier: Classifier,
    gate: GateSettings,
    decoder: DecoderSettings,
) -> Iterator[HopResult]:
    """Yield what every inferred hop of `source` gives, exactly as the daemon would have it.

    Args:
        source: an unpaced source; it is read to its end.
        folder: the model's settings.
        classifier: the open model; may serve several streams, one after another.
        gate: settings of the voice-activity gate.
        decoder: smoothing, thresholds and times.

    Raises:
        InputError: what the source raises.
    """
    ring = Ring(RING_SAMPLES)
    intake = Intake(ring, gate)
    spotter = Spotter(ring, classifier, folder.window_samples, decoder)

    def infer(ready: Iterator[Intaken]) -> Iterator[HopResult]:
        for thing in ready:
            if isinstance(thing, Reset):
                spotter.reset()
            elif isinstance(thing, Span):
                for hop_sample in thing.hops(folder.hop_samples):
                    result = spotter.infer(hop_sample)
                    assert result is not None, "audio is inferred as soon as it is in the ring"
                    yield result

    for item in source.items():
        if isinstance(item, Block):
            yield from infer(intake.write(intake.convert(item)))
        elif isinstance(item, Gap):
            yield from infer(intake.gap(item))
    yield from infer(intake.finish())
