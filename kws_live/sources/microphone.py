"""The microphone: a capture process, watched and replaced when it falls silent."""

import logging
import os
import select
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from kws_live.capture.records import Flags, Kind, Record
from kws_live.errors import DeviceError
from kws_live.sources.base import REST_S
from kws_live.sources.loss import LossMeter
from kws_live.sources.process import CaptureProcess, RecordStream
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    DeviceLost,
    DeviceRestored,
    Gap,
    GapReason,
    Int16Array,
    SourceItem,
)

SILENT_S = 2.0
"""A device that delivers nothing for so long is lost."""

OPEN_TIMEOUT_S = 5.0
"""Time a capture process is given to deliver its first block."""

_BACKOFF_FIRST_S = 0.1
_BACKOFF_MAX_S = 5.0
_SETTLED_S = 5.0
"""A device that lasted so long is tried again at once when it is lost; one that flaps is not."""
_RESAMPLING_MS = 3
"""A sample at 16 kHz is known less than so much later than it sounded (`stages.resampler`)."""

_log = logging.getLogger(__name__)


class _Opened(NamedTuple):
    stream: RecordStream
    first: Record


class MicrophoneSource:
    """A microphone, reopened for as long as it takes whenever it goes away."""

    paced = True
    duration_s: float | None = None
    unhurried = False

    def __init__(
        self, spec: str, block_ms: int = 100, process: CaptureProcess | None = None
    ) -> None:
        """Prepare to record.

        Args:
            spec: which device, as `--device` takes it.
            block_ms: length of the blocks.
            process: one that is opening that device already; it is closed with the source.
        """
        self.name = spec
        self.overflows = 0
        """Blocks before which PortAudio or the capture process says that audio was lost: hints, not
        the measure."""
        self._spec = spec
        self._block_ms = block_ms
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lock = threading.Lock()
        self._stopped = False
        self._reading = False
        self._process = process
        self._backoff_s = _BACKOFF_FIRST_S

    def __del__(self) -> None:
        os.close(self._wake_fd)

    def stop(self) -> None:
        """End `items` and the capture process; any thread, any number of times."""
        with self._lock:
            self._stopped = True
            os.eventfd_write(self._wake_fd, 1)
            if self._process is not None:
                self._process.kill()
                if not self._reading:
                    self._process.close()

    def items(self) -> Iterator[SourceItem]:
        """Yield blocks, losses, and what becomes of the device, on the calling thread until `stop`.

        The rate and the channels of the blocks may change after `DeviceRestored`, which follows a
        `Gap`.

        Raises:
            DeviceError: the device could not be opened at the start; later troubles are items.
        """
        with self._lock:
            self._reading = True
        try:
            opened = self._open()
            while opened is not None:
                meter = LossMeter(opened.first.rate_hz)
                reason = yield from self._stream(opened, meter)
                if reason is None:
                    return
                yield DeviceLost(self.name, reason)
                opened, attempts = self._reopen()
                if opened is not None:
                    lost_s = max(0.0, (_began_ns(opened.first) - meter.end_ns) / 1e9)
                    yield _gap(lost_s, "device_lost")
                    yield DeviceRestored(self.name, lost_s, attempts)
        finally:
            self._close()

    def _open(self) -> _Opened | None:
        """Wait for the first block of a new capture process; None after `stop`."""
        with self._lock:
            if self._stopped:
                return None
            self._process = self._process or CaptureProcess.of_device(self._spec, self._block_ms)
            stream = RecordStream(self._process)
        deadline_s = time.monotonic() + OPEN_TIMEOUT_S
        while (record := stream.next(deadline_s - time.monotonic(), self._wake_fd)) is not None:
            if record.kind is Kind.AUDIO:
                return _Opened(stream, self._in_step(record))
            self.name = record.text("device")
        if self._stopped:
            return None
        raise DeviceError(
            f"The device {self.name!r} delivered no audio within {OPEN_TIMEOUT_S:g} s: it is"
            " suspended, or the sound server is frozen. Check the sound server, or choose another"
            " device (`kws-live devices` lists them)."
        )

    def _in_step(self, first: Record) -> Record:
        """Return the first block without its first milliseconds, so that windows end where blocks do.

        A window ends every so many whole blocks. If it ended just after the end of a block, for the
        time that resampling takes, it would wait for the whole of the next one. (Later losses
        may put blocks and windows out of step; nothing but time is lost by it.)
        """
        if first.rate_hz == SAMPLE_RATE_HZ:
            return first
        skipped_ms = -_RESAMPLING_MS % self._block_ms
        skipped_frames = first.rate_hz * skipped_ms // 1000
        return replace(first, payload=first.payload[skipped_frames * first.frame_bytes :])

    def _stream(self, opened: _Opened, meter: LossMeter) -> Generator[SourceItem, None, str | None]:
        """Yield the blocks of one capture process; return why it was lost, None after `stop`."""
        began_s = time.monotonic()
        record: Record | None = opened.first
        try:
            while record is not None:
                self.overflows += record.flags != Flags.NONE
                lost_frames = meter.push(record.boottime_ns, record.frames)
                if lost_frames:
                    yield _gap(lost_frames / record.rate_hz, "overrun")
                yield _block(record)
                if self.unhurried and opened.stream.drained:
                    self._sleep(REST_S)
                record = opened.stream.next(SILENT_S, self._wake_fd)
            reason = f"no audio for {SILENT_S:g} s"
        except DeviceError as error:
            reason = str(error)
        if time.monotonic() - began_s > _SETTLED_S:
            self._backoff_s = _BACKOFF_FIRST_S
        return None if self._stopped else reason

    def _reopen(self) -> tuple[_Opened | None, int]:
        """Try until the device delivers again; returns the number of tries too."""
        attempts = 0
        while True:
            self._close()
            if self._sleep(self._backoff_s):
                return None, attempts
            self._backoff_s = min(2 * self._backoff_s, _BACKOFF_MAX_S)
            attempts += 1
            try:
                return self._open(), attempts
            except DeviceError as error:
                _log.info("try %d to reopen the device failed: %s", attempts, error)

    def _sleep(self, duration_s: float) -> bool:
        """Sleep; return True, at once, after `stop`."""
        poll = select.poll()
        poll.register(self._wake_fd, select.POLLIN)
        return bool(poll.poll(duration_s * 1000))

    def _close(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.close()


def _began_ns(record: Record) -> int:
    return record.boottime_ns - record.frames * 1_000_000_000 // record.rate_hz


def _gap(lost_s: float, reason: GapReason) -> Gap:
    return Gap(max(1, round(lost_s * SAMPLE_RATE_HZ)), reason)


def _block(record: Record) -> Block:
    samples: Int16Array = np.frombuffer(record.payload, np.int16)
    # The capture process dates blocks by the clock that counts suspended time; ours doesn't.
    suspended_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - time.monotonic_ns()
    return Block(
        samples.reshape(-1, record.channels), record.rate_hz, record.boottime_ns - suspended_ns
    )
