"""How much is kept, and how long: the oldest clips are deleted first."""

import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from kws_live.clips.folder import StoredClip, delete, left_behind, stored_clips

_log = logging.getLogger(__name__)

TIDY_S = 600.0
"""How often the folder is looked at: other runs may write to it, and people delete from it."""

_S_PER_DAY = 86_400.0
_ABANDONED_S = 3_600.0
"""A file that was begun this long ago and isn't whole belongs to a run that was killed."""


class Limits:
    """Keeps a folder of clips within its limits. Only files that kws-live wrote are ever deleted.

    Args:
        folder: the folder.
        max_bytes: what the clips may take together.
        max_age_days: how old a clip may get.
        clock: the time, in seconds since the Unix epoch.
    """

    def __init__(
        self,
        folder: Path,
        max_bytes: int,
        max_age_days: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._max_age_s = max_age_days * _S_PER_DAY
        self._clock = clock
        self._clips: deque[StoredClip] = deque()
        self._bytes = 0
        self._tidied_s = 0.0

    def tidy(self) -> None:
        """Look at what is in the folder, others may have changed it, and delete what is too much or too old."""
        self._tidied_s = self._clock()
        try:
            self._clips = deque(stored_clips(self._folder))
            abandoned = left_behind(self._folder, self._clock() - _ABANDONED_S)
        except OSError as error:
            _log.warning("%s: old clips can't be looked for: %s", self._folder, error.strerror)
            return
        self._bytes = sum(clip.size_bytes for clip in self._clips)
        self._delete_excess()
        for path in abandoned:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                _log.warning("%s can't be deleted: %s", path, error.strerror)

    def added(self, clip: StoredClip) -> None:
        """Count a clip that was saved, and make room for it."""
        if abs(self._clock() - self._tidied_s) >= TIDY_S:  # a clock may also be set back
            self.tidy()
            return
        self._clips.append(clip)
        self._bytes += clip.size_bytes
        self._delete_excess()

    def _delete_excess(self) -> None:
        oldest_s = self._clock() - self._max_age_s
        while self._clips and (self._bytes > self._max_bytes or self._clips[0].taken_s < oldest_s):
            clip = self._clips.popleft()
            self._bytes -= clip.size_bytes
            try:
                delete(self._folder, clip.name)
            except OSError as error:
                _log.warning("%s: %s can't be deleted: %s", self._folder, clip.name, error.strerror)
