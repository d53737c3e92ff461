"""From PortAudio's callback to the pipe."""

import os
import time
from queue import SimpleQueue

from kws_live.capture import portaudio
from kws_live.capture.devices import choose
from kws_live.capture.records import Flags, Kind, Record, message, pack
from kws_live.errors import DeviceError

_MAX_QUEUED_S = 5
"""Blocks kept while nobody reads the pipe (which holds several seconds itself) before they are
dropped."""


class RecordWriter:
    """Writes records to a pipe; ends the process when the other end is closed."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, record: Record) -> None:
        """Write one record, waiting for room in the pipe."""
        rest = memoryview(pack(record))
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except BrokenPipeError:
            os._exit(0)


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
        self._queue: SimpleQueue[tuple[int, int, Flags, bytes] | None] = SimpleQueue()
        self._max_queued = max(1, _MAX_QUEUED_S * 1000 // block_ms)
        self._sequence = 0
        self._dropped = False

    def run(self) -> None:
        """Open the device and write its blocks until it stops delivering.

        Raises:
            DeviceError: the device can't be found or opened, or has stopped delivering.
        """
        sounddevice = portaudio.load()
        device = choose(self._spec, portaudio.input_devices(sounddevice))
        stream = portaudio.InputStream(
            sounddevice, device, self._block_ms, self._deliver, lambda: self._queue.put(None)
        )
        stream.start()
        name = f"{device.label}, {stream.rate_hz} Hz, {stream.channels} ch"
        self._writer.write(message(Kind.OPENED, {"device": name}))
        while (item := self._queue.get()) is not None:
            sequence, boottime_ns, flags, samples = item
            self._writer.write(
                Record(
                    Kind.AUDIO,
                    samples,
                    sequence,
                    boottime_ns,
                    stream.rate_hz,
                    stream.channels,
                    flags,
                )
            )
        raise DeviceError(
            "the device stopped delivering (unplugged, or the sound server went away)"
        )

    def _deliver(self, samples: bytes, overflowed: bool) -> None:
        """Take a block on PortAudio's thread."""
        boottime_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        flags = Flags.OVERFLOW if overflowed else Flags.NONE
        if self._queue.qsize() >= self._max_queued:
            self._dropped = True
        else:
            if self._dropped:
                flags |= Flags.DROPPED
                self._dropped = False
            self._queue.put((self._sequence, boottime_ns, flags, samples))
        self._sequence += 1
