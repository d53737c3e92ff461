"""The capture process, seen from the daemon."""

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from dataclasses import replace
from typing import Self

from kws_live.capture.records import Kind, Record, RecordReader
from kws_live.errors import DeviceError

_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 16
_STDERR_KEPT_BYTES = 4096
_KILL_WAIT_S = 1.0


class CaptureProcess:
    """A child process `python -m kws_live.capture`, which is killed rather than asked to stop.

    The child ends by itself when its standard input is closed, whatever becomes of this process.
    """

    def __init__(self, *arguments: str) -> None:
        """Start it.

        Args:
            *arguments: what follows `python -m kws_live.capture`.

        Raises:
            DeviceError: the system can't start a process now.
        """
        try:
            self._child = subprocess.Popen(
                # -P: a stray file of the current folder must not shadow a module.
                [sys.executable, "-P", "-m", "kws_live.capture", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
            )
        except OSError as error:
            raise DeviceError(f"The capture process can't be started: {error}.") from error
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        self._stdout_fd = self._child.stdout.fileno()
        self._stderr_fd = self._child.stderr.fileno()
        self._stderr_tail = b""
        self._poll = select.poll()
        self._poll.register(self._stdout_fd, select.POLLIN)
        self._poll.register(self._stderr_fd, select.POLLIN)
        # An unprivileged user may have used up the system's allowance for large pipes.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._stdout_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @classmethod
    def of_device(cls, spec: str, block_ms: int) -> Self:
        """Start one that records.

        Args:
            spec: which device, as `--device` takes it.
            block_ms: length of the blocks.

        Raises:
            DeviceError: the system can't start a process now.
        """
        # One word: a name may begin with a dash.
        return cls(f"--device={spec}", f"--block-ms={block_ms}")

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    def read(self, timeout_s: float, wake_fd: int | None = None) -> bytes | None:
        """Return what it wrote next.

        Args:
            timeout_s: longest wait.
            wake_fd: a file descriptor that ends the wait when it is readable.

        Returns:
            Some bytes; b"" at the end; None when the time is up or `wake_fd` is readable.
        """
        if wake_fd is not None:
            self._poll.register(wake_fd, select.POLLIN)
        deadline_s = time.monotonic() + timeout_s
        while True:
            left_s = max(0.0, deadline_s - time.monotonic())
            ready = {fd for fd, _ in self._poll.poll(left_s * 1000)}
            if wake_fd in ready or not ready:
                return None
            if self._stderr_fd in ready:
                said = os.read(self._stderr_fd, _READ_BYTES)
                if not said:
                    self._poll.unregister(self._stderr_fd)
                self._stderr_tail = (self._stderr_tail + said)[-_STDERR_KEPT_BYTES:]
            if self._stdout_fd in ready:
                return os.read(self._stdout_fd, _READ_BYTES)

    def kill(self) -> None:
        """End it at once and reap it; any thread, any number of times."""
        self._child.kill()
        # A process that the kernel holds in a driver can't be waited for; it dies when the driver
        # lets go.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_KILL_WAIT_S)

    def close(self) -> None:
        """Kill it and close the pipes; the reading thread."""
        self.kill()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            assert pipe is not None
            pipe.close()

    def last_words(self) -> str:
        """Return why it ended, for people, after `read` has returned b""."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_KILL_WAIT_S)
        code = self._child.returncode
        how = f"signal {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
        lines = self._stderr_tail.decode(errors="replace").split("\n")
        said = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"The capture process ended ({how}{': ' + said if said else ''})"


class RecordStream:
    """The records of a capture process."""

    def __init__(self, process: CaptureProcess) -> None:
        """Read from `process`, which the caller still owns."""
        self.process = process
        self._reader = RecordReader()
        self._pending: deque[Record] = deque()

    @property
    def drained(self) -> bool:
        """Whether `next` would have to read from the process."""
        return not self._pending

    def next(self, timeout_s: float, wake_fd: int) -> Record | None:
        """Return the next record, or None when the time is up or `wake_fd` is readable.

        Blocks that have gathered come as one: half of what a block costs is that it is one more.

        Raises:
            DeviceError: the process has given up or died: no more records will come.
        """
        deadline_s = time.monotonic() + timeout_s
        while not self._pending:
            data = self.process.read(max(0.0, deadline_s - time.monotonic()), wake_fd)
            if data is None:
                return None
            if not data:
                raise DeviceError(self.process.last_words())
            self._pending.extend(self._reader.feed(data))
        gathered = [self._pending.popleft()]
        while self._pending and self._pending[0].continues(gathered[-1]):
            gathered.append(self._pending.popleft())
        last = gathered[-1]
        if last.kind is Kind.ERROR:
            raise DeviceError(last.text("message"))
        if len(gathered) == 1:
            return last
        payload = b"".join(record.payload for record in gathered)
        return replace(last, payload=payload, flags=gathered[0].flags)
