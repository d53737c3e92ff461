"""Runs the user's commands for detections, away from the detection path."""

import math
import os
import selectors
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from kws_live.config import HookSpec
from kws_live.events import Body, DetectionBody, Event, HookBody, HookCounts, Mailbox
from kws_live.hooks.command import environment, matches
from kws_live.hooks.process import GRACE_S, HookProcess

STOP_GRACE_S: Final = 2.0
"""Time that hooks which still run are given when the program is told to stop, before they are ended."""

_CAPACITY: Final = 256
_NS_PER_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class _Run:
    """A running hook and the detection that it runs for."""

    process: HookProcess
    event: Event
    started: HookBody


class HookRunner:
    """A sink that starts the hooks of each detection and sees every one of them to its end.

    One thread waits for new detections, for the end of each process and for the next deadline, all
    at once; with nothing to do it isn't woken at all. It never makes a publisher wait.

    Args:
        hooks: what to run, in the order of the configuration.
        publish: where its own events go: `EventBus.publish`.
        output_fd: where hooks' standard output and standard error go, None for nowhere. Never the
            standard output of a program that writes events there, never a pipe that it reads.
    """

    name = "hooks"

    def __init__(
        self,
        hooks: Sequence[HookSpec],
        publish: Callable[[Body, float], object],
        output_fd: int | None,
    ) -> None:
        self._hooks = tuple(hooks)
        self._publish = publish
        self._output_fd = output_fd
        self._base_environment = dict(os.environ)
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._mailbox = Mailbox(_CAPACITY, wake=self._wake)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_fd, selectors.EVENT_READ)
        self._runs: dict[int, _Run] = {}
        self._released = False
        self._give_up_s = math.inf
        self._counts = HookCounts()
        self._counts_lock = threading.Lock()

    def offer(self, event: Event, block: bool) -> bool:
        """Take a detection, or return False if it had to be dropped (any thread); never waits.

        It publishes events itself, so a bus that waited for it could wait for ever.
        """
        return event.type != DetectionBody.type or self._mailbox.offer(event, block=False)

    def release(self) -> None:
        """Give hooks that still run after `close`, whichever comes first, 2 s more (any thread)."""
        self._released = True
        self._wake()

    def close(self) -> None:
        """Take no more detections; `run` ends when the hooks have, each in its own time (any thread).

        After `release` it ends within 4 s.
        """
        self._mailbox.close()

    def counts(self) -> HookCounts:
        """Return what became of the runs so far (any thread)."""
        with self._counts_lock:
            return self._counts

    def run(self) -> None:
        """Start hooks and see them to their end until closed; none of them runs any more then."""
        try:
            while self._give_up_s == math.inf or (
                self._runs and time.monotonic() < self._give_up_s
            ):
                for key, _ in self._selector.select(self._timeout_s()):
                    if key.fd == self._wake_fd:
                        self._wake_up()
                    else:
                        self._finish(self._runs.pop(key.fd))
                self._escalate()
        finally:
            for run in self._runs.values():
                run.process.abandon()
            self._selector.close()

    def _wake(self) -> None:
        os.eventfd_write(self._wake_fd, 1)

    def _wake_up(self) -> None:
        os.eventfd_read(self._wake_fd)
        closed = self._mailbox.closed  # asked first: nothing comes in after that
        for event in self._mailbox.drain():
            if isinstance(event.body, DetectionBody):
                self._run_hooks(event, event.body)
        if closed:
            self._wind_up(time.monotonic())

    def _wind_up(self, now_s: float) -> None:
        """Set when to give up on hooks that can't even be killed, and hurry them if told to stop."""
        last_s = max((run.process.times_out_s for run in self._runs.values()), default=now_s)
        if self._released:
            last_s = now_s + STOP_GRACE_S
            for run in self._runs.values():
                run.process.hurry(STOP_GRACE_S)
        self._give_up_s = min(self._give_up_s, max(last_s, now_s) + 2 * GRACE_S)

    def _run_hooks(self, event: Event, detection: DetectionBody) -> None:
        for hook in self._hooks:
            if matches(hook, detection.keyword):
                # In this very order, so that what started is known before what ended.
                self._report(self._start(hook, event, detection), event)

    def _start(self, hook: HookSpec, event: Event, detection: DetectionBody) -> HookBody:
        body = HookBody(detection.keyword, hook.text, "dropped", event.seq)
        if sum(run.process.spec is hook for run in self._runs.values()) >= hook.max_running:
            return replace(body, reason=f"{hook.max_running} of it are running (max_running)")
        try:
            process = HookProcess(
                hook,
                environment(event, detection, self._base_environment),
                event.to_json().encode() + b"\n",
                self._output_fd,
            )
        except (OSError, ValueError) as error:
            cause = error.strerror if isinstance(error, OSError) else error
            return replace(body, state="failed", reason=f"can't start {hook.argv[0]!r}: {cause}")
        waited_ms = (process.started_ns - event.published_ns) / _NS_PER_MS
        latency = detection.latency_ms
        body = replace(
            body,
            state="started",
            pid=process.pid,
            latency_ms=None if latency is None else round(latency.total + waited_ms, 3),
        )
        self._runs[process.pidfd] = _Run(process, event, body)
        self._selector.register(process.pidfd, selectors.EVENT_READ)
        return body

    def _finish(self, run: _Run) -> None:
        """Report a hook whose program has ended."""
        process = run.process
        self._selector.unregister(process.pidfd)
        duration_ms = (time.monotonic_ns() - process.started_ns) / _NS_PER_MS
        timeout_s = process.spec.timeout_s
        state: Literal["exited", "timed_out", "stopped"] = "exited"
        reason = None
        if process.timed_out:
            state, reason = "timed_out", f"still running after {timeout_s:g} s (timeout_s)"
        elif process.ending:
            state, reason = "stopped", "ended because kws-live stopped"
        body = replace(
            run.started,
            state=state,
            exit_code=process.reap(),
            duration_ms=round(duration_ms, 3),
            latency_ms=None,
            reason=reason,
        )
        self._report(body, run.event)

    def _report(self, body: HookBody, event: Event) -> None:
        with self._counts_lock:
            count = getattr(self._counts, body.state) + 1
            self._counts = replace(self._counts, **{body.state: count, "running": len(self._runs)})
        self._publish(body, event.stream_s)

    def _escalate(self) -> None:
        now_s = time.monotonic()
        for run in self._runs.values():
            if run.process.deadline_s is not None and run.process.deadline_s <= now_s:
                run.process.escalate()

    def _timeout_s(self) -> float | None:
        """Return the time to the next deadline, None where there is none."""
        deadlines_s = [run.process.deadline_s for run in self._runs.values()]
        next_s = min((at_s for at_s in deadlines_s if at_s is not None), default=math.inf)
        next_s = min(next_s, self._give_up_s)
        return None if next_s == math.inf else max(0.0, next_s - time.monotonic())
