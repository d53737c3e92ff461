"""Inference of many hops at a time, on several cores: what unpaced input and evaluation run.

Hops that follow each other are cut into spans with their audio. Each is inferred by itself, whichever
comes first, and given in order; the posteriors are those that the daemon has, hop by hop.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from kws_live.model import Classifier
from kws_live.pipeline import Intaken
from kws_live.pool import Idle, Pool, in_order
from kws_live.stages.ring import Ring
from kws_live.types import Float32Array, GateChange, Posterior, Span
from kws_live.work_queue import Pause, Reset, Work

_STREAMING_HOPS = 64
"""Measured: the second before the first hop is encoded once more than needed, which costs 1 % here."""
_WHOLE_HOPS = 8
"""There is nothing to save, and a stop waits for the span that is being inferred."""
_FEW_HOPS = 4
"""So few are inferred as soon when each is streamed as when they are one span."""


@dataclass(frozen=True, slots=True)
class Inferred:
    """What the model gives for hops that follow each other.

    Attributes:
        hops: their samples.
        posteriors: float32 [hops, labels].
    """

    hops: range
    posteriors: Float32Array

    def each(self) -> Iterator[Posterior]:
        """Yield what it gives for each hop."""
        return map(Posterior, self.hops, self.posteriors)


def span_hops(classifier: Classifier) -> int:
    """Return how many hops are inferred together at most."""
    return _STREAMING_HOPS if classifier.runtime.streams else _WHOLE_HOPS


Done = Inferred | Work
"""What becomes of work: hops with their posteriors, few bare ones to stream, and markers."""


def inferred(
    work: Iterable[Work], ring: Ring, classifier: Classifier, pool: Pool | None
) -> Iterator[Done]:
    """Infer the hops among `work`, many at a time, and yield what came of them and the markers, in order.

    As `started`, whose results it waits for.

    Raises:
        CancelledError: the pool was closed.
    """
    yield from in_order(started(work, ring, classifier, pool), pool.ahead if pool else 0)


def started(
    work: Iterable[Work], ring: Ring, classifier: Classifier, pool: Pool | None
) -> "Iterator[Future[Done] | Done]":
    """Begin to infer the hops among `work`, many at a time, and yield what will come of them and the markers.

    Args:
        work: what there is to do, in order; at an `Idle` nothing is held back.
        ring: where the audio is; that of a hop must be in it until `span_hops` are together, or a
            hop that does not follow or anything else comes.
        classifier: the open model.
        pool: who infers; None for the calling thread.

    Yields:
        What is inferred, the markers, and, bare, a few hops of a source that gives no more: they
        cost less streamed.
    """
    hop_samples, most_hops = classifier.hop_samples, span_hops(classifier)

    def start(hops: range) -> "Future[Done] | Done":
        audio = ring.read(hops[0] - classifier.window_samples, hops[-1])
        assert audio is not None, "who writes to the ring waits for what is not inferred"

        def infer() -> Done:
            return Inferred(hops, classifier.span_posteriors(audio))

        return pool.submit(infer) if pool else infer()

    held = range(0)
    for item in work:
        if not isinstance(item, range):
            if held:
                streamed = isinstance(item, Idle) and len(held) <= _FEW_HOPS
                yield held if streamed else start(held)
                held = range(0)
            yield item
            continue
        rest = item
        while rest:
            if held and held[-1] + hop_samples != rest[0]:
                yield start(held)
                held = range(0)
            more = rest[: most_hops - len(held)]
            rest = rest[len(more) :]
            held = range((held or more)[0], more.stop, hop_samples)
            if len(held) == most_hops:
                yield start(held)
                held = range(0)
    if held:
        yield start(held)


def work_of(ready: Iterable[Intaken], hop_samples: int) -> Iterator[Work]:
    """Yield the work that what was taken in makes."""
    for thing in ready:
        match thing:
            case Span():
                yield thing.hops(hop_samples)
            case GateChange(open=False):
                yield Pause(thing.sample)
            case Reset():
                yield thing
