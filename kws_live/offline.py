"""The daemon's own pipeline on a recording, in one thread: what evaluation and calibration run."""

from collections.abc import Iterator
from dataclasses import replace

from kws_live.config import DecoderSettings, GateSettings
from kws_live.model import Classifier, ModelFolder
from kws_live.pipeline import RING_SAMPLES, HopResult, Intake, Spotter
from kws_live.sources.base import Source
from kws_live.spans import Inferred, inferred, work_of
from kws_live.stages.ring import Ring
from kws_live.types import Block, Gap
from kws_live.work_queue import Pause, Reset, Work


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
    spotter = Spotter(ring, classifier, decoder)

    def work() -> Iterator[Work]:
        for item in source.items():
            if isinstance(item, Block):
                yield from work_of(intake.write(intake.convert(item)), folder.hop_samples)
            elif isinstance(item, Gap):
                yield from work_of(intake.gap(item), folder.hop_samples)
        yield from work_of(intake.finish(), folder.hop_samples)

    latest: HopResult | None = None
    for thing in inferred(work(), ring, classifier, pool=None):
        match thing:
            case Reset():
                spotter.reset()
            case Inferred():
                for posterior in thing.each():
                    if latest is not None:
                        yield latest
                    latest = spotter.decide(posterior)
            case Pause() if latest is not None:
                yield replace(latest, near_misses=latest.near_misses + spotter.pause())
                latest = None
