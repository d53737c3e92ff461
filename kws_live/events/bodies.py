"""What each type of event says, beyond the envelope they share.

One frozen dataclass per type: its fields are the keys in JSON, its docstring the descriptions in
the JSON Schema. Every field is always present in the output; None becomes null.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, get_args

from kws_live.types import GapReason, NearMissReason


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Marks the smallest value a field may have; it becomes `minimum` in the schema."""

    minimum: float


@dataclass(frozen=True, slots=True)
class AtMost:
    """Marks the largest value a field may have; it becomes `maximum` in the schema."""

    maximum: float


Count = Annotated[int, AtLeast(0)]
Positive = Annotated[int, AtLeast(1)]
Duration = Annotated[float, AtLeast(0)]
Score = Annotated[float, AtLeast(0), AtMost(1)]


@dataclass(frozen=True, slots=True)
class KeywordThreshold:
    """One keyword being listened for.

    Attributes:
        keyword: what the user says.
        threshold: the score it must reach.
    """

    keyword: str
    threshold: Score


@dataclass(frozen=True, slots=True)
class Latency:
    """Where the time of a detection went, in milliseconds.

    Attributes:
        gate: arrival of the deciding window's last sample until the gate had let the window through.
        queue: from then until its inference began.
        inference: the model's time on that window.
        total: arrival of the deciding window's last sample until the detection was made.
    """

    gate: Duration
    queue: Duration
    inference: Duration
    total: Duration


@dataclass(frozen=True, slots=True)
class HookCounts:
    """Hook runs since the start.

    Attributes:
        started: processes started.
        exited: processes that ended by themselves, with whatever exit code.
        timed_out: processes ended because they ran past their timeout.
        stopped: processes ended because kws-live was told to stop.
        failed: runs whose program could not be started.
        dropped: runs not started because too many of the same hook were running.
        running: processes running now.
    """

    started: Count = 0
    exited: Count = 0
    timed_out: Count = 0
    stopped: Count = 0
    failed: Count = 0
    dropped: Count = 0
    running: Count = 0


@dataclass(frozen=True, slots=True)
class ClipCounts:
    """Clips since the start; both are 0 where none are asked for.

    Attributes:
        saved: clips written.
        dropped: clips lost, because they could not be written or the disk was too slow.
    """

    saved: Count = 0
    dropped: Count = 0


@dataclass(frozen=True, slots=True)
class ReadyBody:
    """The first audio is in and the model has been warmed: from here on keywords are heard.

    Attributes:
        device: the device or file as people know it.
        model: name of the model.
        runtime: the way it runs on this computer: "int8 streaming", "float32", …
        keywords: the keywords being listened for, each with its threshold.
        sample_rate_hz: the device's or file's own sample rate.
        startup_ms: milliseconds from the start of the process; null where that is not known.
    """

    type: ClassVar[str] = "ready"
    device: str
    model: str
    runtime: str
    keywords: tuple[KeywordThreshold, ...]
    sample_rate_hz: Positive
    startup_ms: Duration | None = None


@dataclass(frozen=True, slots=True)
class VadBody:
    """The voice-activity gate opened or closed.

    Attributes:
        open: true when it opened: audio is being inferred.
    """

    type: ClassVar[str] = "vad"
    open: bool


@dataclass(frozen=True, slots=True)
class DetectionBody:
    """A keyword was said.

    Attributes:
        keyword: what the user said.
        score: smoothed posterior at the deciding window.
        threshold: the threshold that the score reached.
        decided_s: stream time of the end of the deciding window.
        start_s: estimated stream time of the word's beginning.
        end_s: estimated stream time of the word's end.
        model: name of the model.
        latency_ms: where the time went; null for input that is not paced in real time.
    """

    type: ClassVar[str] = "detection"
    keyword: str
    score: Score
    threshold: Score
    decided_s: Duration
    start_s: Duration
    end_s: Duration
    model: str
    latency_ms: Latency | None = None


@dataclass(frozen=True, slots=True)
class NearMissBody:
    """A keyword's score reached its release and fell again without a detection.

    Attributes:
        keyword: what the user may have said.
        score: its highest smoothed posterior.
        threshold: the score it needed.
        release: the score from which on it counts as near.
        reason: `below_threshold`: the score stayed below the threshold; `held_back`: it was high
            enough, but another keyword's was higher, another had just been detected, or the same one
            had been and was not re-armed yet.
        decided_s: stream time of the end of the window with the highest score.
        start_s: estimated stream time of the word's beginning.
        end_s: estimated stream time of the word's end.
        model: name of the model.
    """

    type: ClassVar[str] = "near_miss"
    keyword: str
    score: Score
    threshold: Score
    release: Score
    reason: NearMissReason
    decided_s: Duration
    start_s: Duration
    end_s: Duration
    model: str


@dataclass(frozen=True, slots=True)
class GapBody:
    """Audio that existed was not captured; the stream time went on by its length.

    Attributes:
        lost_s: length of the audio that is missing, in seconds.
        reason: why it is missing.
    """

    type: ClassVar[str] = "gap"
    lost_s: Duration
    reason: GapReason


@dataclass(frozen=True, slots=True)
class DroppedBody:
    """Work was left out because something was too slow.

    Attributes:
        what: `hops`: inference fell behind; `events`: a reader of events fell behind; `clips`: a clip
            could not be written, or not fast enough.
        sink: for `events`, who missed them; null otherwise.
        count: how many since the last report of the same kind.
        total: how many since the start.
    """

    type: ClassVar[str] = "dropped"
    what: Literal["hops", "events", "clips"]
    count: Positive
    total: Positive
    sink: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceLostBody:
    """The audio device stopped delivering; it is being opened again.

    Attributes:
        device: the device as people know it.
        reason: what was noticed.
    """

    type: ClassVar[str] = "device_lost"
    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeviceRestoredBody:
    """The audio device delivers again.

    Attributes:
        device: the device as people know it.
        lost_s: seconds without audio.
        attempts: how many times it was tried.
    """

    type: ClassVar[str] = "device_restored"
    device: str
    lost_s: Duration
    attempts: Count


@dataclass(frozen=True, slots=True)
class HookBody:
    """What became of one run of a hook: `started` and one end, or else `failed` or `dropped`.

    Attributes:
        keyword: the keyword that was said.
        command: the command as a person would type it; not for parsing.
        state: `started`; `exited` by itself; `timed_out` and was ended; `stopped`: ended because
            kws-live was told to stop; `failed` to start; `dropped` because too many of the same hook
            were running.
        detection_seq: `seq` of the detection that it ran for.
        pid: process id, which is also its process group; null where nothing was started.
        exit_code: exit code, or minus the number of the signal that ended it; null while there is
            none.
        duration_ms: milliseconds from start to end; null while it runs and where nothing started.
        latency_ms: `started` only: milliseconds from the arrival of the deciding window's last
            sample until the program ran; null for input that is not paced in real time.
        reason: what went wrong, for people; null where nothing did.
    """

    type: ClassVar[str] = "hook"
    keyword: str
    command: str
    state: Literal["started", "exited", "timed_out", "stopped", "failed", "dropped"]
    detection_seq: Count
    pid: Positive | None = None
    exit_code: int | None = None
    duration_ms: Duration | None = None
    latency_ms: Duration | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StatsBody:
    """Totals since the start, at a regular interval and once at the end.

    Attributes:
        inferred_hops: windows the model was given.
        dropped_hops: windows skipped because inference fell behind.
        gate_open_s: seconds of audio that passed an open gate.
        lost_s: seconds of audio that were not captured.
        gaps: how many times audio was lost.
        detections: keywords heard.
        near_misses: keywords that came near a detection; only those that did.
        device_losses: how many times the device was lost.
        hooks: hook runs.
        events_dropped: events missed by each reader of events that was too slow.
        latency_p50_ms: median of the latest detections' total latency; null before the first.
        latency_p95_ms: 95th percentile of the same.
        clips: clips of detections and near misses.
    """

    type: ClassVar[str] = "stats"
    inferred_hops: Count
    dropped_hops: Count
    gate_open_s: Duration
    lost_s: Duration
    gaps: Count
    detections: Count
    near_misses: Mapping[str, Positive]
    device_losses: Count
    hooks: HookCounts
    events_dropped: Mapping[str, Positive]
    latency_p50_ms: Duration | None = None
    latency_p95_ms: Duration | None = None
    clips: ClipCounts = ClipCounts()


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The program ends because of this.

    Attributes:
        message: what went wrong, which value, and what to do next.
        exit_code: what the process returns.
    """

    type: ClassVar[str] = "error"
    message: str
    exit_code: Annotated[int, AtLeast(1), AtMost(255)]


Body = (
    ReadyBody
    | VadBody
    | DetectionBody
    | NearMissBody
    | GapBody
    | DroppedBody
    | DeviceLostBody
    | DeviceRestoredBody
    | HookBody
    | StatsBody
    | ErrorBody
)

BODY_TYPES: tuple[type[Body], ...] = get_args(Body)
"""Every body, in the order of the documentation."""
