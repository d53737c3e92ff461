"""The parts that not every run has; each is imported by the runs that have it.

soundfile and rich alone are a tenth of the time that a start takes, and of its memory.
"""

# ruff: noqa: PLC0415

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kws_live.config import AudioConfig, ClipsConfig, DisplayConfig
from kws_live.display.terminal import can_show
from kws_live.events import EventBus
from kws_live.options import DEMO_DEVICE, STANDARD_INPUT, Options
from kws_live.sources.base import Source
from kws_live.sources.process import CaptureProcess
from kws_live.stages.ring import Ring
from kws_live.status import Status
from kws_live.types import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from kws_live.clips.saver import ClipSaver
    from kws_live.display.lines import LinePrinter
    from kws_live.display.live import LiveDisplay
    from kws_live.recorder import Recorder

_log = logging.getLogger(__name__)

_DEMO = Path(__file__).parent / "demo" / "demo.flac"
_UNPACED_BLOCK_FRAMES = 16_000
"""Nobody waits for what a file holds: taking in few large blocks costs less."""


def open_source(
    audio: AudioConfig, options: Options, microphone: CaptureProcess | None = None
) -> Source:
    """Return where the audio comes from.

    Args:
        audio: which device, and its blocks.
        options: an input in its place.
        microphone: the process that is opening the device already.

    Raises:
        InputError: the input can't be opened.
    """
    block_frames = audio.block_ms * SAMPLE_RATE_HZ // 1000
    if options.input == STANDARD_INPUT:
        from kws_live.sources.raw import RawStdinSource

        return RawStdinSource(sys.stdin.fileno(), block_frames, realtime=options.realtime)
    if options.input is not None or audio.device == DEMO_DEVICE:
        from kws_live.sources.files import FileSource

        if options.input is not None:
            frames = block_frames if options.realtime else _UNPACED_BLOCK_FRAMES
            return FileSource(Path(options.input), frames, realtime=options.realtime)
        demo = FileSource(_DEMO, block_frames, realtime=True)
        demo.name = "demo recording"
        return demo
    from kws_live.sources.microphone import MicrophoneSource

    return MicrophoneSource(audio.device, audio.block_ms, microphone)


def open_recorder(options: Options, source: Source) -> "Recorder | None":
    """Return what writes the `--record` file, or None where none is asked for.

    Raises:
        OutputError: the file can't be written.
    """
    if options.record is None:
        return None
    from kws_live.recorder import Recorder

    return Recorder(options.record, paced=source.paced)


def open_display(config: DisplayConfig, source: Source, status: Status) -> "LiveDisplay | None":
    """Return the live display where it is wanted and standard output is a terminal for it, else None."""
    wanted = config.enabled == "on" or (
        config.enabled == "auto" and source.paced and "NO_COLOR" not in os.environ
    )
    if not (wanted and can_show(sys.stdout, os.environ)):
        return None
    from kws_live.display.live import LiveDisplay

    return LiveDisplay(status, config.refresh_hz)


def open_lines(source: Source, status: Status) -> "LinePrinter":
    """Return what prints plain lines, near misses too where the log is verbose."""
    from kws_live.display.lines import LinePrinter

    return LinePrinter(status, source.paced, verbose=_log.isEnabledFor(logging.INFO))


def open_clips(
    config: ClipsConfig, source: Source, ring: Ring, window_samples: int, bus: EventBus
) -> "ClipSaver | None":
    """Return what keeps clips, or None where no folder is named for them.

    Raises:
        OutputError: nothing can be written in the folder.
    """
    if not config.directory:
        return None
    from kws_live.clips.saver import ClipSaver

    return ClipSaver(config, ring, window_samples, bus.publish, paced=source.paced)
