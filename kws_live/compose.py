"""The composition root: configuration and options in, one `App` out."""

import logging
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from kws_live.app import App
from kws_live.clips.saver import ClipSaver
from kws_live.config import (
    EffectiveSettings,
    Resolved,
    check_hook_programs,
    check_keywords,
    effective,
    select_keywords,
)
from kws_live.display import LinePrinter, LiveDisplay, can_show
from kws_live.errors import OutputError
from kws_live.events import (
    EventBus,
    JsonLinesSink,
    KeywordThreshold,
    ReadyBody,
    Sink,
    new_run_id,
)
from kws_live.hooks import HookRunner
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.pipeline import RING_SAMPLES, Arrivals, Intake, Spotter
from kws_live.recorder import Recorder
from kws_live.sources.base import Source
from kws_live.sources.files import FileSource
from kws_live.sources.microphone import MicrophoneSource
from kws_live.sources.raw import RawStdinSource
from kws_live.stages.gate import PIECE_SAMPLES
from kws_live.stages.ring import Ring
from kws_live.status import Status
from kws_live.types import SAMPLE_RATE_HZ
from kws_live.work_queue import WorkQueue
from kws_live.workers import CaptureWorker, InferWorker

_log = logging.getLogger(__name__)

DEMO_DEVICE = "demo"
STANDARD_INPUT = "-"

_BACKLOG_S = 0.5
"""Past this, a paced source's oldest hops are skipped: a command half a second late is worse than a missed window."""
_UNPACED_BACKLOG_HOPS = 64


@dataclass(frozen=True, slots=True)
class Options:
    """What one run is asked for beyond the configuration.

    Attributes:
        input: a sound file, "-" for raw samples on standard input, or None for the configured
            device.
        realtime: play `input` at its own pace.
        json: write events to standard output.
        record: where to keep the audio, or None.
    """

    input: str | None = None
    realtime: bool = False
    json: bool = False
    record: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """A configuration that has been held against the model it names."""

    resolved: Resolved
    folder: ModelFolder
    effective: EffectiveSettings


def settle(resolved: Resolved, keywords: Sequence[str] = ()) -> Settings:
    """Check a configuration against its model and the programs of its hooks.

    Args:
        resolved: the merged configuration.
        keywords: the only keywords to enable; all when empty.

    Raises:
        ModelError: the model can't be used.
        ConfigError: a keyword or a hook's program does not exist, or the values contradict each
            other.
        FlagError: the same, where a flag set it.
    """
    folder = load_model_folder(find_model(resolved.config.model))
    resolved = select_keywords(resolved, keywords, folder.keywords)
    check_keywords(resolved, folder.keywords)
    check_hook_programs(resolved)
    return Settings(resolved, folder, effective(resolved.config, folder.operating_point))


def compose(settings: Settings, options: Options) -> App:
    """Put one run together; the microphone is being opened while the model loads.

    Raises:
        KwsLiveError: the input, the model, the device or the recording can't be opened.
    """
    if settings.effective.changed:
        _log.warning(
            "%s changed: the false accepts per hour measured for this model's thresholds no longer hold",
            ", ".join(settings.effective.changed),
        )
    _refuse_recording_over_input(options)
    source = _source(settings, options)
    try:
        return assemble(settings, options, source)
    except BaseException:
        source.stop()
        raise


def _refuse_recording_over_input(options: Options) -> None:
    if options.record is None or options.input in (None, STANDARD_INPUT):
        return
    assert options.input is not None
    if not (options.record.exists() and Path(options.input).exists()):
        return
    if options.record.samefile(options.input):
        raise OutputError(
            f"--record {options.record} is the file that --input {options.input} reads: it would "
            "be destroyed. Record to another file."
        )


def _source(settings: Settings, options: Options) -> Source:
    audio = settings.resolved.config.audio
    block_frames = audio.block_ms * SAMPLE_RATE_HZ // 1000
    if options.input == STANDARD_INPUT:
        return RawStdinSource(sys.stdin.fileno(), block_frames, realtime=options.realtime)
    if options.input is not None:
        return FileSource(Path(options.input), block_frames, realtime=options.realtime)
    if audio.device == DEMO_DEVICE:
        demo = Path(str(resources.files("kws_live") / "demo/demo.flac"))
        source = FileSource(demo, block_frames, realtime=True)
        source.name = "demo recording"
        return source
    microphone = MicrophoneSource(audio.device, audio.block_ms)
    microphone.start()
    return microphone


def assemble(settings: Settings, options: Options, source: Source) -> App:
    """As `compose`, for a source that is open already."""
    folder, config = settings.folder, settings.resolved.config
    decoder = settings.effective.decoder
    classifier = Classifier(folder)
    _log.info("model %s in %s, running %s", folder.name, folder.path, classifier.file)
    thresholds = {name: keyword.threshold for name, keyword in decoder.keywords.items()}
    status = Status(thresholds=thresholds, model=f"{folder.name} ({classifier.file})")
    status.device, status.duration_s = source.name, source.duration_s
    recorder = Recorder(options.record, paced=source.paced) if options.record else None
    ring = Ring(RING_SAMPLES)
    queue = WorkQueue(folder.hop_samples, _limit_hops(settings, source.paced), paced=source.paced)
    arrivals = Arrivals()
    bus = EventBus(new_run_id(), lossless=not source.paced)
    screen = None if options.json else _screen(settings, source, status)
    # Not into a terminal that is drawn on: docs/hooks.md says why.
    nowhere = screen is not None and screen.takes_stderr
    hooks = HookRunner(config.hooks, bus.publish, None if nowhere else sys.stderr.fileno())
    # The JSON writer is added below: it stops the app when its reader goes away.
    sinks: list[Sink] = [] if screen is None else [screen]
    capture = CaptureWorker(
        source,
        ring,
        Intake(ring, settings.effective.gate),
        queue,
        arrivals,
        bus,
        status,
        _ready(folder, classifier.file, thresholds),
        folder.window_samples,
        recorder,
    )
    clips = (
        ClipSaver(config.clips, ring, folder.window_samples, bus.publish, paced=source.paced)
        if config.clips.directory
        else None
    )
    if clips:
        status.clips_folder = str(clips.folder)
    app = App(
        source=source,
        capture=capture,
        infer=InferWorker(
            queue,
            Spotter(ring, classifier, folder.window_samples, decoder),
            arrivals,
            bus,
            status,
            folder.name,
            clips,
        ),
        queue=queue,
        bus=bus,
        hooks=hooks,
        sinks=sinks,
        status=status,
        display=screen if isinstance(screen, LiveDisplay) else None,
        recorder=recorder,
        clips=clips,
        stats_interval_s=config.events.stats_interval_s,
    )
    if options.json:
        sinks.append(JsonLinesSink(sys.stdout.fileno(), app.stop))
    for sink in (hooks, *sinks):
        bus.attach(sink)
    return app


def _limit_hops(settings: Settings, paced: bool) -> int:
    if not paced:
        return _UNPACED_BACKLOG_HOPS
    # What comes at once is no backlog: the hops of a block, and those that an opening gate adds.
    gate = settings.effective.gate
    at_once_s = settings.resolved.config.audio.block_ms / 1000 + gate.onset_s + gate.preroll_s
    allowed_s = _BACKLOG_S + at_once_s + PIECE_SAMPLES / SAMPLE_RATE_HZ
    return math.ceil(allowed_s * SAMPLE_RATE_HZ / settings.folder.hop_samples)


def _ready(
    folder: ModelFolder, file: str, thresholds: dict[str, float]
) -> Callable[[str, int], ReadyBody]:
    keywords = tuple(KeywordThreshold(name, value) for name, value in thresholds.items())

    def body(device: str, rate_hz: int) -> ReadyBody:
        return ReadyBody(device, folder.name, file, keywords, rate_hz, _process_age_ms())

    return body


def _process_age_ms() -> float:
    """Time since this process started, in ms; the kernel dates the start to 10 ms."""
    with open("/proc/self/stat", "rb") as stat:
        started_ticks = int(stat.read().rpartition(b")")[2].split()[19])
    started_s = started_ticks / os.sysconf("SC_CLK_TCK")
    return max(0.0, (time.clock_gettime(time.CLOCK_BOOTTIME) - started_s) * 1e3)


def _screen(settings: Settings, source: Source, status: Status) -> LiveDisplay | LinePrinter:
    display = settings.resolved.config.display
    wanted = display.enabled == "on" or (
        display.enabled == "auto" and source.paced and "NO_COLOR" not in os.environ
    )
    if wanted and can_show(sys.stdout, os.environ):
        return LiveDisplay(status, display.refresh_hz)
    return LinePrinter(status, source.paced, verbose=_log.isEnabledFor(logging.INFO))
