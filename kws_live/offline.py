"""The daemon's own pipeline on a recording, in one thread: what evaluation and calibration run."""

from collections.abc import Iterator
from dataclasses import replace

from kws_live.config import DecoderSettings, GateSettings
from kws_live.model import Classifier, ModelFolder
from kws_live.pipeline import RING_SAMPLES, HopResult, Intake, Intaken, Spotter
from kws_live.sources.base import Source
from kws_live.stages.ring import Ring
from kws_live.types import Block, Gap, GateChange, Span
from kws_live.work_queue import Reset


def spot(
    source: Source,
    folder: ModelFolder,
    classifier: Classifier,
    gate: GateSettings,
    decoder: DecoderSettings,
) -> Iterator[HopResult]:
    """Yield what every inferred hop of `source` gives, exactly as the daemon would have it.

    A near miss that is over because the gate closed comes with the last hop before.

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

    latest: HopResult | None = None

    def infer(ready: Iterator[Intaken]) -> Iterator[HopResult]:
        nonlocal latest
        for thing in ready:
            match thing:
                case Reset():
                    spotter.reset()
                case Span():
                    for hop_sample in thing.hops(folder.hop_samples):
                        if latest is not None:
                            yield latest
                        latest = spotter.infer(hop_sample)
                        assert latest is not None, "audio is inferred as soon as it is in the ring"
                case GateChange(open=False) if latest is not None:
                    yield replace(latest, near_misses=latest.near_misses + spotter.pause())
                    latest = None

    for item in source.items():
        if isinstance(item, Block):
            yield from infer(intake.write(intake.convert(item)))
        elif isinstance(item, Gap):
            yield from infer(intake.gap(item))
    yield from infer(intake.finish())
