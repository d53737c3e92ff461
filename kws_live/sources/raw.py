"""Raw audio on standard input: signed 16-bit little-endian, mono, 16 kHz."""

import os
import select
import time
from collections.abc import Iterator

import numpy as np

from kws_live.errors import InputError
from kws_live.sources.pacing import Pacer
from kws_live.types import SAMPLE_RATE_HZ, Block, SourceItem

_SAMPLE = np.dtype("<i2")
_SAMPLE_BYTES = _SAMPLE.itemsize
_READ_BYTES = 1 << 16
_MAGIC_BYTES = 4
_CONTAINERS = {b"RIFF": "a WAV", b"fLaC": "a FLAC", b"OggS": "an OGG"}
_RECIPE = (
    "Send raw samples, for example `arecord -q -t raw -f S16_LE -r 16000 -c 1 | kws-live --input -`"
)


class RawStdinSource:
    """Raw samples from standard input or any file descriptor.

    The writer waits for us, so nothing is ever dropped.
    """

    paced = False
    duration_s: float | None = None
    unhurried = False

    def __init__(self, fd: int, block_frames: int, realtime: bool = False) -> None:
        """Prepare to read.

        Args:
            fd: the file descriptor; stays open.
            block_frames: samples in a block; the last block may be shorter.
            realtime: whether to deliver each block no earlier than its last sample would have been
                there, live.
        """
        self.name = f"standard input, {SAMPLE_RATE_HZ} Hz, 1 ch"
        self._fd = fd
        self._block_frames = block_frames
        self._pacer = Pacer(SAMPLE_RATE_HZ) if realtime else None
        self._stopped = False
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def __del__(self) -> None:
        os.close(self._wake_fd)

    def stop(self) -> None:
        """End `items`, also while it waits for input; any thread, any number of times."""
        self._stopped = True
        os.eventfd_write(self._wake_fd, 1)
        if self._pacer is not None:
            self._pacer.stop()

    def items(self) -> Iterator[SourceItem]:
        """Yield what is read, in blocks.

        Raises:
            InputError: the input is a terminal, empty or an audio file (before the first item), or
                ends within a sample (after the last).
        """
        if os.isatty(self._fd):
            raise InputError(f"Standard input is a terminal, not audio. {_RECIPE}.")
        total_bytes = 0
        pending = bytearray()
        while data := self._read():
            total_bytes += len(data)
            pending += data
            if total_bytes < _MAGIC_BYTES:
                continue
            if total_bytes - len(data) < _MAGIC_BYTES:
                _refuse_container(bytes(pending[:_MAGIC_BYTES]))
            yield from self._blocks(pending, self._block_frames)
        yield from self._blocks(pending, 1)
        if self._stopped:
            return
        if total_bytes == 0:
            raise InputError(f"Standard input is empty. {_RECIPE}.")
        if pending:
            raise InputError(
                f"Standard input ends in the middle of a sample: {total_bytes} bytes came, and a"
                f" sample has {_SAMPLE_BYTES}. All {total_bytes // _SAMPLE_BYTES} whole samples were"
                " used; was the writer cut off, or does it send another format than s16le?"
            )

    def _read(self) -> bytes | None:
        """Return what comes next, b"" at the end, None after `stop`."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        poll.register(self._wake_fd, select.POLLIN)
        while True:
            ready = {fd for fd, _ in poll.poll()}
            if self._stopped:
                return None
            if self._fd in ready:
                try:
                    return os.read(self._fd, _READ_BYTES)
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise InputError(f"Standard input can't be read: {error.strerror}.") from error

    def _blocks(self, pending: bytearray, least_frames: int) -> Iterator[Block]:
        """Cut blocks off the front of `pending`, each when it is due.

        Args:
            pending: bytes; those of the blocks are removed.
            least_frames: leave what is shorter.
        """
        read_ns = time.monotonic_ns()
        start = 0
        while not self._stopped:
            frames = min((len(pending) - start) // _SAMPLE_BYTES, self._block_frames)
            if frames < least_frames:
                break
            samples = np.frombuffer(bytes(pending[start : start + frames * _SAMPLE_BYTES]), _SAMPLE)
            arrived_ns = None
            if self._pacer is not None:
                due_ns = self._pacer.wait(frames)
                if due_ns is None:
                    break
                # The audio of a live writer is there when it comes, which is later than the
                # schedule has it.
                arrived_ns = max(due_ns, read_ns)
            start += frames * _SAMPLE_BYTES
            yield Block(samples[:, np.newaxis], SAMPLE_RATE_HZ, arrived_ns)
        del pending[:start]


def _refuse_container(magic: bytes) -> None:
    if magic in _CONTAINERS:
        raise InputError(
            f"Standard input is {_CONTAINERS[magic]} file, not raw samples. Give the file itself"
            f" (`--input FILE`). {_RECIPE}."
        )
