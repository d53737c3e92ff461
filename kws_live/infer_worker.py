"""What kws-infer does."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING

from kws_live.events import DetectionBody, DroppedBody, Event, EventBus, Latency, NearMissBody
from kws_live.pipeline import Arrivals, HopResult, Spotter
from kws_live.spans import Done, Inferred
from kws_live.status import Status
from kws_live.types import SAMPLE_RATE_HZ, Detection, NearMiss
from kws_live.work_queue import Pause, Reset, Work, WorkQueue

if TYPE_CHECKING:
    from kws_live.clips.saver import ClipSaver

_NS_PER_MS = 1e6


class InferWorker:
    """Work queue → posteriors → detections and near misses. Runs on kws-infer.

    Args:
        queue: the work.
        spotter: infers hop by hop, and decides.
        inferred: infers many hops of the work at a time, elsewhere; None where the source is paced.
        arrivals: when the audio came.
        bus: where events go.
        status: what the display shows.
        model: its name in events.
        clips: keeps the audio of what is found, or None.
    """

    def __init__(
        self,
        queue: WorkQueue,
        spotter: Spotter,
        inferred: Callable[[Iterable[Work]], Iterable[Done]] | None,
        arrivals: Arrivals,
        bus: EventBus,
        status: Status,
        model: str,
        clips: "ClipSaver | None",
    ) -> None:
        self._queue = queue
        self._spotter = spotter
        self._inferred = inferred
        self._arrivals = arrivals
        self._bus = bus
        self._status = status
        self._model = model
        self._clips = clips

    def run(self) -> None:
        """Infer until the queue is closed and empty."""
        work: Iterator[Work] = iter(self._queue.take, None)
        things: Iterable[Done] = self._inferred(work) if self._inferred else work
        # When the program is to stop, nobody waits for what is inferred elsewhere.
        with suppress(CancelledError):
            for thing in things:
                self._do(thing)
        # A stop comes in the middle of the audio, before the gate closes.
        self._near_missed(self._spotter.pause())

    def _do(self, thing: Done) -> None:
        match thing:
            case range():
                for hop_sample in thing:
                    self._infer(hop_sample)
                self._queue.done(thing[-1])
            case Inferred():
                began_ns = time.monotonic_ns()
                for posterior in thing.each():
                    self._decided(self._spotter.decide(posterior), began_ns)
                self._queue.done(thing.hops[-1])
            case Pause():
                self._near_missed(self._spotter.pause())
                self._queue.done(thing.sample)
            case Reset():
                self._spotter.reset()

    def _infer(self, hop_sample: int) -> None:
        began_ns = time.monotonic_ns()
        result = self._spotter.infer(hop_sample)
        if result is not None:
            self._decided(result, began_ns)
            return
        total = self._status.dropped(1)
        body = DroppedBody(what="hops", count=1, total=total)
        self._bus.publish(body, hop_sample / SAMPLE_RATE_HZ)

    def _decided(self, result: HopResult, began_ns: int) -> None:
        self._status.hop(result.scores)
        if result.detection is not None:
            self._detected(result.detection, began_ns)
        self._near_missed(result.near_misses)

    def _detected(self, detection: Detection, began_ns: int) -> None:
        latency = None
        arrived_ns = self._arrivals.of(detection.decided_sample)
        passed_ns = self._arrivals.of_passing(detection.decided_sample)
        if arrived_ns is not None and passed_ns is not None:
            now_ns = time.monotonic_ns()
            latency = Latency(
                gate=(passed_ns - arrived_ns) / _NS_PER_MS,
                queue=(began_ns - passed_ns) / _NS_PER_MS,
                inference=(now_ns - began_ns) / _NS_PER_MS,
                total=(now_ns - arrived_ns) / _NS_PER_MS,
            )
        self._status.detection(latency.total if latency else None)
        decided_s = detection.decided_sample / SAMPLE_RATE_HZ
        event = self._bus.publish(
            DetectionBody(
                keyword=detection.keyword,
                score=detection.score,
                threshold=detection.threshold,
                decided_s=decided_s,
                start_s=detection.start_sample / SAMPLE_RATE_HZ,
                end_s=detection.end_sample / SAMPLE_RATE_HZ,
                model=self._model,
                latency_ms=latency,
            ),
            stream_s=decided_s,
        )
        self._keep(event)

    def _near_missed(self, near_misses: Iterable[NearMiss]) -> None:
        for miss in near_misses:
            self._status.near_miss(miss.keyword)
            decided_s = miss.peak_sample / SAMPLE_RATE_HZ
            event = self._bus.publish(
                NearMissBody(
                    keyword=miss.keyword,
                    score=miss.score,
                    threshold=miss.threshold,
                    release=miss.release,
                    reason=miss.reason,
                    decided_s=decided_s,
                    start_s=miss.start_sample / SAMPLE_RATE_HZ,
                    end_s=miss.end_sample / SAMPLE_RATE_HZ,
                    model=self._model,
                ),
                stream_s=decided_s,
            )
            self._keep(event)

    def _keep(self, event: Event) -> None:
        if self._clips:
            self._clips.keep(event)
