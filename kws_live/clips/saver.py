"""`--save-clips DIR`: keeps the audio of each detection and near miss."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from kws_live.clips.folder import prepare, save
from kws_live.clips.limits import TIDY_S, Limits
from kws_live.clips.sidecar import ClipInfo, describe
from kws_live.config import ClipsConfig
from kws_live.events import Body, ClipCounts, DetectionBody, DroppedBody, Event, NearMissBody
from kws_live.stages.ring import Ring
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

_log = logging.getLogger(__name__)

_WAITING_CLIPS = 64
"""4 MB of audio; a disk that stalls for longer than that loses clips, and they are counted."""


class ClipSaver:
    """Takes the audio of an event from the ring and writes it to a file on a thread of its own.

    What can't be written is counted and told in `dropped` events; listening goes on.

    Args:
        config: the folder and its limits; the directory is not empty.
        ring: where the audio is.
        window_samples: length of the model's window.
        publish: where `dropped` events go: `EventBus.publish`.
        paced: whether `keep` may not wait.

    Raises:
        OutputError: nothing can be written in the folder.
    """

    def __init__(
        self,
        config: ClipsConfig,
        ring: Ring,
        window_samples: int,
        publish: Callable[[Body, float], object],
        *,
        paced: bool,
    ) -> None:
        self.folder = Path(config.directory).expanduser()
        self._preroll_samples = round(config.preroll_s * SAMPLE_RATE_HZ)
        self._ring = ring
        self._window_samples = window_samples
        self._publish = publish
        self._paced = paced
        self._limits = Limits(self.folder, config.max_mb * 1_000_000, config.max_age_days)
        self._waiting: deque[tuple[ClipInfo, Int16Array]] = deque()
        self._counts = ClipCounts()
        self._last_reason = ""
        self._released = False
        self._closed = False
        self._changed = threading.Condition()
        prepare(self.folder)

    def keep(self, event: Event) -> None:
        """Keep the clip of a detection or near miss. On kws-infer; waits only when the source isn't paced."""
        body = event.body
        assert isinstance(body, DetectionBody | NearMissBody), "only these have a clip"
        found = self._audio(round(body.decided_s * SAMPLE_RATE_HZ))
        if found is None:
            self._lost("its audio was over a minute old", body.decided_s)
            return
        samples, window_start = found
        if not self._put(describe(event, window_start, self._window_samples), samples):
            self._lost("the disk is too slow", body.decided_s)

    def counts(self) -> ClipCounts:
        """Return what became of the clips so far (any thread)."""
        with self._changed:
            return self._counts

    def release(self) -> None:
        """Make nobody wait any more, for the program is to stop (any thread)."""
        with self._changed:
            self._released = True
            self._changed.notify_all()

    def close(self) -> None:
        """End `run` after what was handed over; never waits. Any thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run(self) -> None:
        """Write clips and delete old ones until closed. On a thread of its own."""
        self._limits.tidy()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed, TIDY_S)
                if self._closed and not self._waiting:
                    return
                clip = self._waiting.popleft() if self._waiting else None
                self._changed.notify_all()
            if clip is None:  # old ones go although no new ones come
                self._limits.tidy()
            else:
                self._write(*clip)

    def _audio(self, decided_sample: int) -> tuple[Int16Array, int] | None:
        """Return the clip and where its window begins, without pre-roll where that was overwritten."""
        window_start_sample = decided_sample - self._window_samples
        for preroll_samples in (self._preroll_samples, 0):
            samples = self._ring.read(window_start_sample - preroll_samples, decided_sample)
            if samples is not None:
                return samples, preroll_samples
        return None

    def _put(self, info: ClipInfo, samples: Int16Array) -> bool:
        with self._changed:
            if not self._paced:
                self._changed.wait_for(lambda: self._has_room() or self._released or self._closed)
            if not self._has_room() or self._closed:
                return False
            self._waiting.append((info, samples))
            self._changed.notify_all()
            return True

    def _has_room(self) -> bool:
        return len(self._waiting) < _WAITING_CLIPS

    def _write(self, info: ClipInfo, samples: Int16Array) -> None:
        try:
            clip = save(self.folder, info, samples)
        except OSError as error:
            self._lost(error.strerror or str(error), info.decided_s)
            return
        with self._changed:
            self._counts = ClipCounts(self._counts.saved + 1, self._counts.dropped)
            self._last_reason = ""
        self._limits.added(clip)

    def _lost(self, reason: str, decided_s: float) -> None:
        with self._changed:
            total = self._counts.dropped + 1
            self._counts = ClipCounts(self._counts.saved, total)
            told, self._last_reason = self._last_reason, reason
        if reason != told:
            _log.warning("a clip could not be kept in %s: %s", self.folder, reason)
        self._publish(DroppedBody(what="clips", count=1, total=total), decided_s)
