"""What kws-capture does."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from kws_live.events import (
    Body,
    DeviceLostBody,
    DeviceRestoredBody,
    DroppedBody,
    EventBus,
    GapBody,
    ReadyBody,
    VadBody,
)
from kws_live.pipeline import Arrivals, Heard, Intake, Intaken
from kws_live.sources.base import Source
from kws_live.stages.ring import Ring
from kws_live.status import Status
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    DeviceLost,
    DeviceRestored,
    Gap,
    GateChange,
    SourceItem,
    Span,
)
from kws_live.work_queue import Pause, Reset, WorkQueue

if TYPE_CHECKING:
    from kws_live.recorder import Recorder

_METER_SAMPLES = SAMPLE_RATE_HZ * 30 // 1000
_LOOK_BACK_SAMPLES = 10 * SAMPLE_RATE_HZ
"""How old the peak of a near miss may be that a clip is still kept of, with its pre-roll."""


class CaptureWorker:
    """Source → ring, gate, recording and work queue; the only writer of all four. Runs on kws-capture.

    Args:
        source: where the audio comes from.
        ring: where it goes.
        intake: resamples, writes the ring and gates.
        queue: the work for kws-infer.
        arrivals: when the audio came.
        bus: where events go.
        status: what the display shows.
        ready: makes the first event, of the device's name and its rate in Hz.
        window_samples: length of the model's window.
        recorder: writes the `--record` file, or None.
    """

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
        if self._ring.end_sample - self._metered_to >= _METER_SAMPLES:
            self._meter()

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
