"""What kws-capture and kws-infer do: each worker has a `run` for a thread that `kws_live.app` makes."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from typing import TYPE_CHECKING

from kws_live.events import (
    Body,
    DetectionBody,
    DeviceLostBody,
    DeviceRestoredBody,
    DroppedBody,
    Event,
    EventBus,
    GapBody,
    Latency,
    NearMissBody,
    ReadyBody,
    VadBody,
)
from kws_live.pipeline import Arrivals, Heard, HopResult, Intake, Intaken, Spotter
from kws_live.sources.base import Source
from kws_live.spans import Done, Inferred
from kws_live.stages.ring import Ring
from kws_live.status import Status
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    Detection,
    DeviceLost,
    DeviceRestored,
    Gap,
    GateChange,
    NearMiss,
    SourceItem,
    Span,
)
from kws_live.work_queue import Pause, Reset, Work, WorkQueue

if TYPE_CHECKING:
    from kws_live.clips.saver import ClipSaver
    from kws_live.recorder import Recorder

_METER_SAMPLES = SAMPLE_RATE_HZ * 30 // 1000
_LOOK_BACK_SAMPLES = 10 * SAMPLE_RATE_HZ
"""How old the peak of a near miss may be that a clip is still kept of, with its pre-roll."""
_NS_PER_MS = 1e6


class CaptureWorker:
    """Source → ring, gate, recording and work queue; the only writer of all four. Runs on kws-capture."""

    def __init__(
        self,
        source: Source,
        ring: Ring,
        intake: Intake,
        queue: WorkQueue,
        arrivals: Arrivals,
        bus: EventBus,
        status: Status,
        ready: Callable[[str, int], ReadyBody],
        window_samples: int,
        recorder: "Recorder | None",
    ) -> None:
        self._source = source
        self._ring = ring
        self._intake = intake
        self._queue = queue
        self._arrivals = arrivals
        self._bus = bus
        self._status = status
        self._ready: Callable[[str, int], ReadyBody] | None = ready
        self._kept_samples = ring.capacity_samples - window_samples - _LOOK_BACK_SAMPLES
        self._recorder = recorder
        self._metered_to = 0
        self._gate_open = False
        self._open_samples = 0

    def run(self) -> None:
        """Take in the source until it ends.

        Raises:
            KwsLiveError: what the source or the recording raise.
        """
        self._source.unhurried = True
        try:
            for item in self._source.items():
                self._take(item)
        finally:
            self._pass_on(self._intake.finish())
            self._meter()

    def _take(self, item: SourceItem) -> None:
        match item:
            case Block():
                self._block(item)
            case Gap():
                self._pass_on(self._intake.gap(item))
                if self._recorder:
                    self._recorder.gap(item.samples)
                lost_s = item.samples / SAMPLE_RATE_HZ
                self._status.gap(lost_s)
                self._publish(GapBody(lost_s=lost_s, reason=item.reason))
            case DeviceLost():
                # What was heard before is decided now, not when the device comes back.
                self._pass_on(self._intake.finish())
                self._status.device_state(ok=False)
                self._publish(DeviceLostBody(device=item.device, reason=item.reason))
            case DeviceRestored():
                self._status.device = item.device
                self._status.device_state(ok=True)
                self._publish(
                    DeviceRestoredBody(
                        device=item.device, lost_s=item.lost_s, attempts=item.attempts
                    )
                )

    def _block(self, block: Block) -> None:
        if self._ready is not None:
            self._status.device = self._source.name
            self._publish(self._ready(self._source.name, block.rate_hz))
            self._ready = None
        samples = self._intake.convert(block)
        end_sample = self._ring.end_sample + len(samples)
        if not self._source.paced:
            self._queue.wait_until_past(end_sample - self._kept_samples)
        if block.arrived_ns is not None:
            self._arrivals.add(end_sample, block.arrived_ns)
        self._pass_on(self._intake.write(samples))

    def _pass_on(self, ready: Iterable[Intaken]) -> None:
        for thing in ready:
            match thing:
                case Heard():
                    if self._recorder:
                        self._recorder.write(thing.samples)
                case GateChange():
                    self._gate_open = thing.open
                    # A word goes on for longer than the gate needs to open.
                    self._source.unhurried = not thing.open
                    self._bus.publish(VadBody(open=thing.open), thing.sample / SAMPLE_RATE_HZ)
                    if not thing.open:
                        self._queue.put(Pause(thing.sample))
                case Span():
                    if self._source.paced:
                        self._arrivals.passed(thing.end_sample, time.monotonic_ns())
                    self._open_samples += thing.end_sample - thing.start_sample
                    self._count_dropped(self._queue.put(thing))
                case Reset():
                    self._queue.put(thing)
        if self._ring.end_sample - self._metered_to >= _METER_SAMPLES:
            self._meter()

    def _meter(self) -> None:
        end_sample = self._ring.end_sample
        self._metered_to = end_sample
        latest = self._ring.read(max(0, end_sample - _METER_SAMPLES), end_sample)
        assert latest is not None, "the newest samples are always in the ring"
        self._status.audio(
            stream_s=end_sample / SAMPLE_RATE_HZ,
            latest=latest,
            gate_open=self._gate_open,
            gate_open_s=self._open_samples / SAMPLE_RATE_HZ,
        )

    def _count_dropped(self, hops: int) -> None:
        if hops:
            total = self._status.dropped(hops)
            self._publish(DroppedBody(what="hops", count=hops, total=total))

    def _publish(self, body: Body) -> None:
        self._bus.publish(body, stream_s=self._ring.end_sample / SAMPLE_RATE_HZ)


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
