"""The one file that starts and stops threads.

Everything with a loop is a worker with a `run`; here each gets its thread, in order: those that
take before those that give. They stop in the opposite order, so that what was heard before the end
still reaches every sink.
"""

import contextlib
import logging
import os
import select
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kws_live.capture_worker import CaptureWorker
from kws_live.errors import KwsLiveError
from kws_live.events import ClipCounts, ErrorBody, EventBus, Sink, StatsBody
from kws_live.hooks import HookRunner
from kws_live.infer_worker import InferWorker
from kws_live.pool import Pool
from kws_live.sources.base import Source
from kws_live.status import Status
from kws_live.work_queue import WorkQueue

if TYPE_CHECKING:
    from kws_live.clips.saver import ClipSaver
    from kws_live.display.live import LiveDisplay
    from kws_live.recorder import Recorder

_log = logging.getLogger(__name__)

_JOIN_S = 5.0
"""A thread that has not ended by then is left behind: the process ends regardless."""

_POLL_S = 0.2
"""How soon a stop is noticed while an orderly end is under way."""

INTERNAL_ERROR = KwsLiveError.exit_code


@dataclass
class App:
    """One run of the daemon, put together by `kws_live.compose`.

    Attributes:
        source: where the audio comes from.
        capture: the work of kws-capture.
        infer: the work of kws-infer.
        queue: the hops between the two.
        pool: whose threads infer when the source isn't paced, or None.
        bus: where events go.
        hooks: the user's commands, a sink as well.
        sinks: who else takes events.
        status: what is going on.
        display: the live display among the sinks, or None.
        recorder: the `--record` file, or None.
        clips: what keeps clips, or None.
        stats_interval_s: time between `stats` events.
    """

    source: Source
    capture: CaptureWorker
    infer: InferWorker
    queue: WorkQueue
    pool: Pool | None
    bus: EventBus
    hooks: HookRunner
    sinks: Sequence[Sink]
    status: Status
    display: "LiveDisplay | None"
    recorder: "Recorder | None"
    clips: "ClipSaver | None"
    stats_interval_s: float

    def __post_init__(self) -> None:
        # File descriptors and not threading.Events: a signal handler may write to them at any
        # moment, where taking an Event's lock could deadlock with the thread it interrupted.
        self._stop_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._ended_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._stopping = False
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """End the run soon; from any thread and from a signal handler."""
        self._stopping = True
        os.eventfd_write(self._stop_fd, 1)

    def run(self) -> None:
        """Listen until the source ends, `stop` is called or something fails; blocks.

        Raises:
            KwsLiveError: what a worker raised first; any other exception of a worker comes out as
                it is.
        """
        stopper = self._start("kws-stop", self._free_everybody_on_stop)
        hooks = self._start("kws-hooks", self.hooks.run)
        sinks = [self._start(f"kws-{sink.name}", sink.run) for sink in self.sinks]
        recorder = self._start("kws-record", self.recorder.run) if self.recorder else None
        clips = self._start("kws-clips", self.clips.run) if self.clips else None
        workers = range(self.pool.workers) if self.pool else ()
        pool = [self._start(f"kws-infer-{i}", self.pool.run) for i in workers if self.pool]
        infer = self._start("kws-infer", self.infer.run, then=self._end)
        # A source that fails, a truncated file say, ends as one that ended: first what it gave is used.
        capture = self._start(
            "kws-capture", self.capture.run, then=self.queue.close, failed=self.queue.close
        )
        while not select.select([self._ended_fd], [], [], self.stats_interval_s)[0]:
            self._publish_stats()

        self._join(capture)
        self._join(infer)
        if self.pool:
            self.pool.close()
        for thread in pool:
            self._join(thread)
        if self.recorder and recorder:
            self.recorder.close()
            self._join(recorder)
        if self.clips and clips:
            self.clips.close()
            self._join(clips)
        # Before the last totals are told, so that they hold what became of the hooks.
        self.hooks.close()
        self._join(hooks)
        self._publish_stats()
        if self._failure:
            code = getattr(self._failure, "exit_code", INTERNAL_ERROR)
            message = str(self._failure) or type(self._failure).__name__
            self.bus.publish(ErrorBody(message, code), self.status.snapshot().stream_s)
        for sink, thread in zip(self.sinks, sinks, strict=True):
            sink.close()
            self._join(thread)
        os.eventfd_write(self._stop_fd, 1)
        stopper.join(_JOIN_S)
        if self._failure:
            raise self._failure

    def _end(self) -> None:
        os.eventfd_write(self._ended_fd, 1)

    def _free_everybody_on_stop(self) -> None:
        """Make whoever waits for somebody else wait no longer, once a stop is asked for."""
        select.select([self._stop_fd], [], [])
        self.queue.close(discard=True)
        if self.pool:
            self.pool.close()
        self.bus.release()
        if self.clips:
            self.clips.release()
        self.source.stop()
        self._end()

    def _start(
        self,
        name: str,
        run: Callable[[], None],
        then: Callable[[], None] = lambda: None,
        failed: Callable[[], None] | None = None,
    ) -> threading.Thread:
        """Run a worker on a thread, and `then`; after an exception `failed`, which stops all by default."""

        def guarded() -> None:
            _name_thread(name)
            try:
                run()
            except BaseException as error:
                # Only the first is kept: the others follow from it.
                self._failure = self._failure or error
                (failed or self.stop)()
            else:
                then()

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _join(self, thread: threading.Thread) -> None:
        # An orderly end may take as long as the work that is left; only a stop has to be quick.
        while thread.is_alive() and not self._stopping:
            thread.join(_POLL_S)
        thread.join(_JOIN_S)
        if thread.is_alive():
            _log.warning("thread %s did not stop within %g s: left behind", thread.name, _JOIN_S)

    def _publish_stats(self) -> None:
        snapshot = self.status.snapshot()
        counters = snapshot.counters
        self.bus.publish(
            StatsBody(
                inferred_hops=counters.inferred_hops,
                dropped_hops=counters.dropped_hops,
                gate_open_s=counters.gate_open_s,
                lost_s=counters.lost_s,
                gaps=counters.gaps,
                detections=counters.detections,
                near_misses=counters.near_misses,
                device_losses=counters.device_losses,
                hooks=self.hooks.counts(),
                events_dropped=self.bus.dropped(),
                latency_p50_ms=snapshot.latency_p50_ms,
                latency_p95_ms=snapshot.latency_p95_ms,
                clips=self.clips.counts() if self.clips else ClipCounts(),
            ),
            stream_s=snapshot.stream_s,
        )


def _name_thread(name: str) -> None:
    """Tell the system the calling thread's name, which Python keeps to itself, for `top -H` and the like."""
    with (
        contextlib.suppress(OSError),
        open("/proc/thread-self/comm", "w", encoding="ascii") as comm,
    ):
        comm.write(name)
