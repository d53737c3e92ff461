"""What the display remembers: the last detections, near misses and messages, and who was heard how often."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field, replace
from itertools import islice

from kws_live.events import (
    DetectionBody,
    DeviceLostBody,
    DeviceRestoredBody,
    DroppedBody,
    Event,
    GapBody,
    HookBody,
    NearMissBody,
)
from kws_live.types import NearMissReason

_DETECTIONS_KEPT = 200
_NEAR_MISSES_KEPT = 100
_MESSAGES_KEPT = 100

_GAP_WORDS = {
    "device_lost": "while the device was lost",
    "overrun": "because the system could not keep up",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One detection and what became of its hooks.

    Attributes:
        clock: local time of day, "14:03:22".
        seq: number of its event, which hook events refer to.
        stream_s: stream time of the decision.
        keyword: what was said.
        score: at the decision.
        threshold: that the score reached.
        latency_ms: arrival of the deciding window's last sample until the detection; None for unpaced input.
        hooks_running: hooks started and not yet ended.
        hooks_ended: hooks that ended well.
        hook_problem: the last thing that went wrong with one of them; None while nothing did.
    """

    clock: str
    seq: int
    stream_s: float
    keyword: str
    score: float
    threshold: float
    latency_ms: float | None
    hooks_running: int = 0
    hooks_ended: int = 0
    hook_problem: str | None = None


@dataclass(frozen=True, slots=True)
class NearlyHeard:
    """One near miss.

    Attributes:
        clock: local time of day, "14:03:22".
        seq: number of its event.
        stream_s: stream time of the highest score.
        keyword: what may have been said.
        score: the highest.
        threshold: that it would have needed.
        reason: why it was no detection.
    """

    clock: str
    seq: int
    stream_s: float
    keyword: str
    score: float
    threshold: float
    reason: NearMissReason


@dataclass(frozen=True, slots=True)
class Message:
    """One line for the user.

    Attributes:
        clock: local time of day.
        text: a whole sentence, without a full stop.
        trouble: whether the user should look into it.
        count: how many times in a row it came.
    """

    clock: str
    text: str
    trouble: bool
    count: int = 1


@dataclass(frozen=True, slots=True)
class Loss:
    """The device is lost.

    Attributes:
        clock: local time of day since when.
        device: the device as people know it.
        reason: what was noticed.
    """

    clock: str
    device: str
    reason: str


@dataclass(slots=True)
class History:
    """The past as the display shows it, bounded in size; written and read on the display's thread only."""

    detections: deque[Heard] = field(default_factory=lambda: deque(maxlen=_DETECTIONS_KEPT))
    near_misses: deque[NearlyHeard] = field(default_factory=lambda: deque(maxlen=_NEAR_MISSES_KEPT))
    messages: deque[Message] = field(default_factory=lambda: deque(maxlen=_MESSAGES_KEPT))
    times_heard: Counter[str] = field(default_factory=Counter)
    last_heard_s: dict[str, float] = field(default_factory=dict)
    hook_failures: int = 0
    loss: Loss | None = None

    def record(self, event: Event) -> None:
        """Take in one event."""
        clock = clock_of(event.unix_ns)
        match event.body:
            case DetectionBody() as body:
                self._detected(clock, event.seq, body)
            case NearMissBody() as body:
                self._near_missed(clock, event.seq, body)
            case HookBody() as body:
                self._hook(clock, body)
            case DeviceLostBody() as body:
                self.loss = Loss(clock, body.device, body.reason)
            case DeviceRestoredBody():
                self.loss = None
        if (problem := problem_text(event)) is not None:
            self._add(clock, problem, trouble=not isinstance(event.body, DeviceRestoredBody))

    def latest(self, count: int) -> list[Heard | NearlyHeard]:
        """Return the last `count` detections and near misses, the newest first.

        Near misses fill at most half, lest a conversation pushes every detection out of sight, and
        what room the detections leave.
        """
        found: list[Heard | NearlyHeard] = [*islice(reversed(self.detections), count)]
        found += islice(reversed(self.near_misses), max(count // 2, count - len(found)))
        return sorted(found, key=lambda item: -item.seq)[:count]

    def log(self, unix_ns: int, line: str) -> None:
        """Take in one line that would have been written to standard error."""
        self._add(clock_of(unix_ns), line, trouble=False)

    def _add(self, clock: str, text: str, *, trouble: bool) -> None:
        count = 1
        if self.messages and self.messages[-1].text == text:
            count += self.messages.pop().count
        self.messages.append(Message(clock, text, trouble, count))

    def _detected(self, clock: str, seq: int, body: DetectionBody) -> None:
        latency_ms = None if body.latency_ms is None else body.latency_ms.total
        self.detections.append(
            Heard(clock, seq, body.decided_s, body.keyword, body.score, body.threshold, latency_ms)
        )
        self.times_heard[body.keyword] += 1
        self.last_heard_s[body.keyword] = body.decided_s

    def _near_missed(self, clock: str, seq: int, body: NearMissBody) -> None:
        self.near_misses.append(
            NearlyHeard(
                clock, seq, body.decided_s, body.keyword, body.score, body.threshold, body.reason
            )
        )

    def _hook(self, clock: str, body: HookBody) -> None:
        problem = hook_problem(body)
        self.hook_failures += problem is not None
        for index in range(len(self.detections) - 1, -1, -1):
            if self.detections[index].seq == body.detection_seq:
                self.detections[index] = _with_hook(self.detections[index], body, problem)
                return


def _with_hook(heard: Heard, body: HookBody, problem: str | None) -> Heard:
    ended = body.state in {"exited", "timed_out", "stopped"}
    return replace(
        heard,
        hooks_running=heard.hooks_running + (body.state == "started") - ended,
        hooks_ended=heard.hooks_ended + (body.state == "exited" and problem is None),
        hook_problem=problem or heard.hook_problem,
    )


def clock_of(unix_ns: int) -> str:
    """Return the local time of day, "14:03:22"."""
    return time.strftime("%H:%M:%S", time.localtime(unix_ns // 1_000_000_000))


def hook_problem(body: HookBody) -> str | None:
    """Return what went wrong with a hook's run in a few words, None if nothing did."""
    match body.state:
        case "timed_out":
            return "timed out"
        case "failed":
            return "did not start"
        case "dropped":
            return "not run, too many at once"
        case "exited" if body.exit_code:
            return f"exit {body.exit_code}" if body.exit_code > 0 else f"signal {-body.exit_code}"
        case _:
            return None


def problem_text(event: Event) -> str | None:
    """Return what an event has to say to somebody who looks after the program, None if nothing.

    An `error` is left out: the program says it when it ends.
    """
    text: str | None = None
    match event.body:
        case GapBody() as body:
            text = f"{body.lost_s:.2f} s of audio lost {_GAP_WORDS[body.reason]}"
        case DroppedBody(what="hops") as body:
            text = f"inference fell behind and skipped {body.count} hops ({body.total} in all)"
        case DroppedBody(what="clips") as body:
            text = f"a clip could not be kept ({body.total} in all)"
        case DroppedBody() as body:
            text = f"{body.sink} was too slow and missed {body.count} events ({body.total} in all)"
        case DeviceLostBody() as body:
            text = f"device lost: {body.device} ({body.reason}); trying to open it again"
        case DeviceRestoredBody() as body:
            text = f"device back after {body.lost_s:.1f} s: {body.device}"
        case HookBody() as body if (problem := hook_problem(body)) is not None:
            why = f" ({body.reason})" if body.reason else ""
            text = f"hook for {body.keyword!r}, {body.command}: {problem}{why}"
    return text
