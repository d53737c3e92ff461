"""Every setting there is: its name, type, default, range and meaning, once.

Keys of the file, names of environment variables, checks, `--print-config` and the reference in
docs/configuration.md are all derived from these dataclasses (see `schema`).
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

SCHEMA = 1
"""The version of the file format."""

ANY_KEYWORD = "*"
"""The keyword of a hook that runs for every keyword."""


@dataclass(frozen=True, slots=True)
class Meta:
    """What a type can't say about a setting.

    Attributes:
        help: one sentence or two for the reference, ended by a full stop.
        at_least: smallest value allowed.
        above: exclusive lower limit.
        at_most: largest value allowed.
        below: exclusive upper limit.
        flag: the command-line flag that sets it, "" for none.
        example: a value for the example file where the default is None.
        may_be_empty: whether a string may be "".
    """

    help: str
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    below: float | None = None
    flag: str = ""
    example: object = None
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Where the audio comes from."""

    device: Annotated[
        str,
        Meta(
            "Microphone: `default`, an id, or parts of its name and host API as `kws-live devices` "
            "lists them; `demo` plays the bundled recording.",
            flag="--device",
        ),
    ] = "default"
    block_ms: Annotated[
        int,
        Meta("Length of the blocks that the audio is taken in by.", at_least=1, at_most=1000),
    ] = 100


@dataclass(frozen=True, slots=True)
class GateConfig:
    """The voice-activity gate: only audio near speech is given to the model."""

    enabled: Annotated[
        bool, Meta("Whether the gate is used; without it everything is given to the model.")
    ] = True
    mode: Annotated[
        int | None,
        Meta(
            "How strictly the WebRTC detector tells speech from noise: 0 lets most through, "
            "3 least.",
            at_least=0,
            at_most=3,
            example=2,
        ),
    ] = None
    onset_s: Annotated[
        float | None, Meta("Voice needed to open the gate.", at_least=0, at_most=2, example=0.06)
    ] = None
    hangover_s: Annotated[
        float | None,
        Meta("Time the gate stays open after the last voice.", at_least=0, at_most=30, example=0.8),
    ] = None
    preroll_s: Annotated[
        float | None,
        Meta(
            "Audio from before the gate opened that is given to the model too.",
            at_least=0,
            at_most=2,
            example=0.3,
        ),
    ] = None


_THRESHOLD = Meta("Score at which a keyword is detected.", above=0, at_most=1, example=0.7)
_RELEASE = Meta(
    "Score under which a keyword that was detected may be detected again; less than the "
    "threshold. Where only a threshold is set, the model's release is scaled with it.",
    above=0,
    below=1,
    example=0.35,
)
_REFRACTORY_S = Meta(
    "Time after a detection in which the same keyword isn't detected again.",
    at_least=0,
    at_most=3600,
    example=1.0,
)


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """How scores become detections, for all keywords."""

    threshold: Annotated[
        float | None,
        Meta(
            "Score at which a keyword is detected, for all keywords without one of their own.",
            above=0,
            at_most=1,
            flag="--threshold",
            example=0.7,
        ),
    ] = None
    smoothing_s: Annotated[
        float | None,
        Meta(
            "Time for which a posterior must stay up: the score is the lowest in it.",
            above=0,
            at_most=5,
            example=0.3,
        ),
    ] = None
    release: Annotated[float | None, _RELEASE] = None
    refractory_s: Annotated[float | None, _REFRACTORY_S] = None
    hold_s: Annotated[
        float | None,
        Meta(
            "Time after a detection in which no other keyword is detected.",
            at_least=0,
            at_most=30,
            example=0.4,
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class KeywordConfig:
    """One keyword's own values, before those of `[decoder]`."""

    enabled: Annotated[bool, Meta("Whether the keyword is detected at all.")] = True
    threshold: Annotated[float | None, _THRESHOLD] = None
    release: Annotated[float | None, _RELEASE] = None
    refractory_s: Annotated[float | None, _REFRACTORY_S] = None


@dataclass(frozen=True, slots=True)
class DisplayConfig:
    """The live display."""

    enabled: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            "`auto` shows it on a terminal, unless `NO_COLOR` is set or JSON is written; `off` "
            "prints plain lines."
        ),
    ] = "auto"
    refresh_hz: Annotated[int, Meta("How often it is drawn.", at_least=1, at_most=30)] = 10


@dataclass(frozen=True, slots=True)
class EventsConfig:
    """The event stream."""

    stats_interval_s: Annotated[
        float, Meta("Time between two `stats` events.", at_least=0.1, at_most=86_400)
    ] = 10.0


@dataclass(frozen=True, slots=True)
class ClipsConfig:
    """Recordings of what was detected or nearly was, kept only where a directory is named."""

    directory: Annotated[
        str,
        Meta(
            "Folder for them; empty keeps none. `~` is your home; a relative one begins where "
            "kws-live is started.",
            flag="--save-clips",
            may_be_empty=True,
        ),
    ] = ""
    max_mb: Annotated[
        int,
        Meta(
            "Room for the clips of the folder together, in megabytes; the oldest are deleted first.",
            at_least=1,
            at_most=100_000,
        ),
    ] = 200
    max_age_days: Annotated[
        float, Meta("Age at which a clip is deleted.", above=0, at_most=36_500)
    ] = 30.0
    preroll_s: Annotated[
        float,
        Meta("Audio kept from before the window that decided.", at_least=0, at_most=30),
    ] = 1.0


@dataclass(frozen=True, slots=True)
class HookSpec:
    """A command to run when a keyword is detected.

    `command` is a string exactly when `shell` is true, else program and arguments (at least one).
    """

    keyword: Annotated[str, Meta("The keyword that runs it, `*` for any.", example="stop")]
    command: Annotated[
        tuple[str, ...] | str,
        Meta(
            "Program and arguments: a list, or a string that is split as a shell would. No shell "
            "runs it unless `shell` is true.",
            example=("playerctl", "pause"),
        ),
    ]
    shell: Annotated[bool, Meta("Whether `/bin/sh -c` runs the command, a string.")] = False
    timeout_s: Annotated[
        float, Meta("Time after which it is stopped.", above=0, at_most=86_400)
    ] = 10.0
    max_running: Annotated[
        int,
        Meta(
            "How many of it may run at once; further detections don't start it and are counted.",
            at_least=1,
            at_most=64,
        ),
    ] = 4

    @property
    def argv(self) -> tuple[str, ...]:
        """Program and arguments to execute, `/bin/sh -c` included where `shell` is true."""
        if isinstance(self.command, str):
            return ("/bin/sh", "-c", self.command)
        return self.command

    @property
    def text(self) -> str:
        """The command as a person would type it."""
        return self.command if isinstance(self.command, str) else shlex.join(self.command)


@dataclass(frozen=True, slots=True)
class Config:
    """The complete configuration; None stands for the model's own value."""

    model: Annotated[
        str, Meta("Name of an installed model, or a model folder.", flag="--model")
    ] = "default"
    audio: AudioConfig = field(default_factory=AudioConfig)
    gate: GateConfig = field(default_factory=GateConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    display: DisplayConfig = field(default_factory=DisplayConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    clips: ClipsConfig = field(default_factory=ClipsConfig)
    keywords: Mapping[str, KeywordConfig] = field(default_factory=dict)
    hooks: tuple[HookSpec, ...] = ()
