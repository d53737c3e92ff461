"""The course of a review: which clip comes next, what was said of it, and how to take that back."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kws_live.clips.collection import Clip, ClipError, Fault, judge, read_clip
from kws_live.clips.sidecar import Verdict
from kws_live.types import Int16Array


class Session:
    """Goes through the clips that nobody has judged yet, oldest first; each verdict is written at once.

    Args:
        folder: where the clips are.
        clips: all of them, oldest first.
        speaker: who speaks in those that are judged now.
    """

    def __init__(self, folder: Path, clips: Sequence[Clip], speaker: str) -> None:
        self.clips = list(clips)
        """All clips, as they are now."""
        self.faults: list[Fault] = []
        """Clips that turned out to be unusable."""
        self.samples: Int16Array | None = None
        """Audio of the current clip, int16 [n] at 16 kHz; None at the end."""
        self._folder = folder
        self._speaker = speaker
        self._at = -1
        self._before: list[int] = []
        self._advance()

    @property
    def current(self) -> Clip | None:
        """The clip to judge; None at the end."""
        return self.clips[self._at] if self._at < len(self.clips) else None

    @property
    def number(self) -> int:
        """Number of the current clip among all of the folder, from 1."""
        return self._at + 1

    def count(self, verdict: Verdict | None) -> int:
        """Return how many clips have this verdict; None: none yet."""
        return Counter(clip.info.verdict for clip in self.clips)[verdict]

    def judge(self, verdict: Verdict) -> None:
        """Give the current clip its verdict and go on to the next.

        Raises:
            OutputError: the verdict can't be written.
        """
        if self._set(self._at, verdict):
            self._before.append(self._at)
        self._advance()

    def skip(self) -> None:
        """Go on to the next clip; this one is asked for again another time."""
        self._before.append(self._at)
        self._advance()

    def undo(self) -> bool:
        """Return to the clip before, without its verdict; False if there is none.

        Raises:
            OutputError: the sidecar can't be written.
        """
        while self._before:
            at = self._before.pop()
            if self.clips[at].info.verdict is not None and not self._set(at, None):
                continue
            if self._open(at):
                return True
        return False

    def _advance(self) -> None:
        for at in range(self._at + 1, len(self.clips)):
            if self.clips[at].info.verdict is None and self._open(at):
                return
        self._at = len(self.clips)
        self.samples = None

    def _open(self, at: int) -> bool:
        try:
            self.samples = read_clip(self._folder, self.clips[at])
        except ClipError as error:
            self._fault(at, error)
            return False
        self._at = at
        return True

    def _set(self, at: int, verdict: Verdict | None) -> bool:
        try:
            self.clips[at] = judge(self._folder, self.clips[at], verdict, self._speaker)
        except ClipError as error:
            self._fault(at, error)
            return False
        return True

    def _fault(self, at: int, error: ClipError) -> None:
        fault = Fault(self.clips[at].name, str(error))
        if fault not in self.faults:
            self.faults.append(fault)
