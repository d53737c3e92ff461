"""From PortAudio to the pipe."""

import itertools
import os
import select
import time
from collections import deque

from kws_live.capture import portaudio
from kws_live.capture.devices import choose
from kws_live.capture.records import Flags, Kind, Record, message, pack

_MAX_WAITING_S = 5
"""Blocks kept while nobody reads the pipe (which holds several seconds itself) before they are
dropped."""


class RecordWriter:
    """Writes records to a pipe; ends the process when the other end is closed."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._waiting: deque[memoryview] = deque()

    def write(self, record: Record) -> None:
        """Write one record and what still waits, waiting for room in the pipe."""
        self._waiting.append(memoryview(pack(record)))
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        while not self._flush():
            poll.poll()

    def offer(self, record: Record, most_waiting: int) -> bool:
        """Write one record as soon as the pipe takes it, or drop it; never waits.

        What the pipe doesn't take now goes out with later calls.

        Returns:
            False if it was dropped, because `most_waiting` records wait already.
        """
        if self._waiting and not self._flush() and len(self._waiting) >= most_waiting:
            return False
        self._waiting.append(memoryview(pack(record)))
        self._flush()
        return True

    def _flush(self) -> bool:
        """Write what the pipe takes; return whether that was all."""
        try:
            while self._waiting:
                written = os.write(self._fd, self._waiting[0])
                if written < len(self._waiting[0]):
                    self._waiting[0] = self._waiting[0][written:]
                else:
                    self._waiting.popleft()
        except BlockingIOError:
            return False
        except BrokenPipeError:
            os._exit(0)
        return True


class Recorder:
    """Records one device until it ends; never returns normally."""

    def __init__(self, spec: str, block_ms: int, writer: RecordWriter) -> None:
        """Prepare to record.

        Args:
            spec: which device, as `--device` takes it.
            block_ms: length of the blocks.
            writer: where the records go.
        """
        self._spec = spec
        self._block_ms = block_ms
        self._writer = writer

    def run(self) -> None:
        """Open the device and write its blocks until it stops delivering.

        Everything is done on this thread: each thread that a block passes through is a wake-up, and
        a wake-up costs more than the work it is for.

        Raises:
            DeviceError: the device can't be found or opened, or has stopped delivering.
        """
        sounddevice = portaudio.load()
        device = choose(self._spec, portaudio.input_devices(sounddevice))
        stream = portaudio.InputStream(sounddevice, device, self._block_ms)
        stream.start()
        name = f"{device.label}, {stream.rate_hz} Hz, {stream.channels} ch"
        self._writer.write(message(Kind.OPENED, {"device": name}))
        most_waiting = max(1, _MAX_WAITING_S * 1000 // self._block_ms)
        dropped = Flags.NONE
        for sequence in itertools.count():
            samples, overflowed = stream.read()
            record = Record(
                Kind.AUDIO,
                samples,
                sequence,
                time.clock_gettime_ns(time.CLOCK_BOOTTIME),
                stream.rate_hz,
                stream.channels,
                dropped | Flags.OVERFLOW if overflowed else dropped,
            )
            dropped = Flags.NONE if self._writer.offer(record, most_waiting) else Flags.DROPPED
