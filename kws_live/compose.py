"""The composition root: configuration and options in, one `App` out."""

import logging
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kws_live.app import App
from kws_live.capture_worker import CaptureWorker
from kws_live.config import (
    EffectiveSettings,
    Resolved,
    check_hook_programs,
    check_keywords,
    effective,
    select_keywords,
)
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
from kws_live.infer_worker import InferWorker
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.options import STANDARD_INPUT, Options
from kws_live.parts import open_clips, open_display, open_lines, open_recorder, open_source
from kws_live.pipeline import RING_SAMPLES, Arrivals, Intake, Spotter
from kws_live.pool import Pool
from kws_live.sources.base import REST_S, Source
from kws_live.sources.process import CaptureProcess
from kws_live.spans import inferred, span_hops
from kws_live.stages.gate import PIECE_SAMPLES
from kws_live.stages.ring import Ring
from kws_live.status import Status
from kws_live.types import SAMPLE_RATE_HZ
from kws_live.work_queue import WorkQueue

_log = logging.getLogger(__name__)

_BACKLOG_S = 0.5
"""Past this, a paced source's oldest hops are skipped: a command half a second late is worse than a missed window."""
_UNPACED_BACKLOG_HOPS = 128


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


def compose(settings: Settings, options: Options, microphone: CaptureProcess | None = None) -> App:
    """Put one run together.

    Args:
        settings: what to run with.
        options: what else is asked for.
        microphone: the process that is opening the device already; it is closed with the app.

    Raises:
        KwsLiveError: the input, the model, the device or the recording can't be opened.
    """
    if settings.effective.changed:
        _log.warning(
            "%s changed: the false accepts per hour measured for this model's thresholds no longer hold",
            ", ".join(settings.effective.changed),
        )
    _refuse_recording_over_input(options)
    source = open_source(settings.resolved.config.audio, options, microphone)
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


def assemble(settings: Settings, options: Options, source: Source) -> App:
    """As `compose`, for a source that is open already."""
    folder, config = settings.folder, settings.resolved.config
    decoder = settings.effective.decoder
    classifier = Classifier(folder)
    _log.info("model %s in %s, running %s", folder.name, folder.path, classifier.runtime.name)
    thresholds = {name: keyword.threshold for name, keyword in decoder.keywords.items()}
    status = Status(thresholds=thresholds, model=f"{folder.name} ({classifier.runtime.name})")
    status.device, status.duration_s = source.name, source.duration_s
    recorder = open_recorder(options, source)
    pool = None if source.paced else Pool()
    batch_hops = span_hops(classifier) if pool else 1
    # What is being inferred must still be there when a clip of it is kept.
    ahead_hops = pool.ahead * batch_hops if pool else 0
    ring = Ring(RING_SAMPLES + ahead_hops * folder.hop_samples)
    queue = WorkQueue(
        folder.hop_samples,
        _limit_hops(settings, source.paced),
        paced=source.paced,
        batch_hops=batch_hops,
    )
    arrivals = Arrivals()
    bus = EventBus(new_run_id(), lossless=not source.paced)
    display = None if options.json else open_display(config.display, source, status)
    screen = None if options.json else display or open_lines(source, status)
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
        _ready(folder, classifier.runtime.name, thresholds),
        folder.window_samples,
        recorder,
    )
    clips = open_clips(config.clips, source, ring, folder.window_samples, bus)
    if clips:
        status.clips_folder = str(clips.folder)
    app = App(
        source=source,
        capture=capture,
        infer=InferWorker(
            queue,
            Spotter(ring, classifier, decoder),
            partial(inferred, ring=ring, classifier=classifier, pool=pool) if pool else None,
            arrivals,
            bus,
            status,
            folder.name,
            clips,
        ),
        queue=queue,
        pool=pool,
        bus=bus,
        hooks=hooks,
        sinks=sinks,
        status=status,
        display=display,
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
    # What comes at once is no backlog: the hops of the blocks that a closed gate let gather, and
    # those that an opening gate adds.
    gate = settings.effective.gate
    block_s = settings.resolved.config.audio.block_ms / 1000
    at_once_s = REST_S + block_s + gate.onset_s + gate.preroll_s
    allowed_s = _BACKLOG_S + at_once_s + PIECE_SAMPLES / SAMPLE_RATE_HZ
    return math.ceil(allowed_s * SAMPLE_RATE_HZ / settings.folder.hop_samples)


def _ready(
    folder: ModelFolder, runtime: str, thresholds: dict[str, float]
) -> Callable[[str, int], ReadyBody]:
    keywords = tuple(KeywordThreshold(name, value) for name, value in thresholds.items())

    def body(device: str, rate_hz: int) -> ReadyBody:
        return ReadyBody(device, folder.name, runtime, keywords, rate_hz, _process_age_ms())

    return body


def _process_age_ms() -> float:
    """Time since this process started, in ms; the kernel dates the start to 10 ms."""
    with open("/proc/self/stat", "rb") as stat:
        started_ticks = int(stat.read().rpartition(b")")[2].split()[19])
    started_s = started_ticks / os.sysconf("SC_CLK_TCK")
    return max(0.0, (time.clock_gettime(time.CLOCK_BOOTTIME) - started_s) * 1e3)
