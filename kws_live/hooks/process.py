"""One running hook: a process group that is waited for by file descriptor and ended in stages."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from kws_live.config import HookSpec

GRACE_S: Final = 1.0
"""Time from asking a hook to end (SIGTERM) to ending it (SIGKILL)."""

_NS_PER_S: Final = 1e9


class HookProcess:
    """A hook's program in a session of its own; the methods are for one thread.

    Standard input is a file in memory, so that a program that never reads it blocks nobody. The
    outputs go straight to a descriptor, so that nobody has to read what it prints. That must not be
    a pipe of ours: a hook would wait for its reader, and what it leaves behind would die with it.

    Args:
        spec: what to run.
        environment: its whole environment.
        stdin: all that it can read on standard input.
        output_fd: where its standard output and standard error go; None for nowhere.

    Raises:
        OSError: the program could not be started.
        ValueError: the environment holds a NUL character.
    """

    def __init__(
        self, spec: HookSpec, environment: Mapping[str, str], stdin: bytes, output_fd: int | None
    ) -> None:
        self.spec = spec
        self.timed_out = False
        """Whether it was ended because it ran past its timeout."""
        self._process = _start(spec.argv, environment, stdin, output_fd)
        self.started_ns = time.monotonic_ns()
        """CLOCK_MONOTONIC time at which the program ran, in ns."""
        try:
            self.pidfd = os.pidfd_open(self._process.pid)
            """Becomes readable when the program has ended."""
        except OSError:
            self._signal(signal.SIGKILL)
            self._process.wait()
            raise
        self._next_signal = signal.SIGTERM
        self.times_out_s = self.started_ns / _NS_PER_S + spec.timeout_s
        """CLOCK_MONOTONIC time at which its timeout is over."""
        self.deadline_s: float | None = self.times_out_s
        """CLOCK_MONOTONIC time at which to call `escalate`; None when nothing is left to try."""

    @property
    def pid(self) -> int:
        """Process id, which is also the group's."""
        return self._process.pid

    @property
    def ending(self) -> bool:
        """Whether it has been asked to end."""
        return self._next_signal is signal.SIGKILL

    def hurry(self, within_s: float) -> None:
        """Bring its deadline forward to `within_s` from now, unless it is earlier already."""
        if self.deadline_s is not None:
            self.deadline_s = min(self.deadline_s, time.monotonic() + within_s)

    def escalate(self) -> None:
        """Send the group the next stronger signal, its deadline having passed."""
        now_s = time.monotonic()
        if self._next_signal is signal.SIGTERM:
            self.timed_out = now_s >= self.times_out_s
            self._signal(signal.SIGTERM)
            self._next_signal = signal.SIGKILL
            self.deadline_s = now_s + GRACE_S
        else:
            self._signal(signal.SIGKILL)
            self.deadline_s = None

    def reap(self) -> int:
        """Return the exit code of the program, which has ended, or minus the signal that ended it.

        If the group was being ended, what is left of it is killed. What a program that ended by
        itself has left running in the background is let be.
        """
        if self.ending:
            # Before the wait: until then the process id, and so the group's, can't be taken anew.
            self._signal(signal.SIGKILL)
        os.close(self.pidfd)
        return self._process.wait()

    def abandon(self) -> None:
        """Kill the group without waiting for its end."""
        self._signal(signal.SIGKILL)
        os.close(self.pidfd)

    def _signal(self, number: signal.Signals) -> None:
        # Gone already, or not ours to signal any more (sudo).
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


def _start(
    argv: tuple[str, ...], environment: Mapping[str, str], stdin: bytes, output_fd: int | None
) -> subprocess.Popen[bytes]:
    output = subprocess.DEVNULL if output_fd is None else output_fd
    stdin_fd = os.memfd_create("kws-live-event", os.MFD_CLOEXEC)
    try:
        os.write(stdin_fd, stdin)
        os.lseek(stdin_fd, 0, os.SEEK_SET)
        return subprocess.Popen(
            argv,
            stdin=stdin_fd,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    finally:
        os.close(stdin_fd)
