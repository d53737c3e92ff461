"""Drawing what is said and measuring it, with account of the files used and of what the user should know."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from kws_live.eval.clips import read_mono
from kws_live.eval.recipe import Recipe
from kws_live.eval.rooms import Room, draw_rooms
from kws_live.eval.segments import Segment, measured
from kws_live.eval.speakers import Spoken
from kws_live.eval.transcripts import Utterance, keywords_in
from kws_live.eval.word_clips import WordClip

ROOMS = 16
"""How many rooms a stream has; each thing said is said in one of them."""

_NO_SPEAKER = (
    "no speaker is known for {nameless} of {all} {what}: the same voice may be in both halves, and what is "
    "chosen on one half then looks better on the other than it is for strangers. {remedy}"
)


Progress = Callable[[str, int, int], None]
"""Hears of a stage how many of its steps are done, and how many it has."""


class Reader:
    """Measures what is said, each thing in a room drawn for it, and keeps account."""

    def __init__(self, recipe: Recipe, progress: Progress) -> None:
        self.clips: list[Path] = []
        self.utterances: list[Path] = []
        self.warnings: list[str] = []
        self._progress = progress
        self._rooms: list[Room] = []
        self._rng = np.random.default_rng([recipe.seed, 2])
        if recipe.rooms:
            done = iter(range(1, ROOMS + 1))
            self._rooms = draw_rooms(
                ROOMS,
                rt60_s=recipe.rooms[0],
                distance_m=recipe.rooms[1],
                seed=recipe.seed,
                progress=lambda: progress("simulating rooms", next(done), ROOMS),
            )

    def draw_clips(
        self,
        clips: Sequence[WordClip],
        count: int | None,
        keywords: Sequence[str],
        rng: np.random.Generator,
    ) -> list[Segment]:
        """Return up to `count` of `clips`, drawn, without those that are silent."""
        drawn: list[Segment] = []
        silent = 0
        wanted = len(clips) if count is None else min(count, len(clips))
        for index in rng.permutation(len(clips)):
            if len(drawn) == wanted:
                break
            clip = clips[index]
            alike = tuple(word for word in keywords_in(clip.word, keywords) if word != clip.word)
            segment = measured(
                partial(read_mono, clip.path), word=clip.word, may_hold=alike, room=self._room()
            )
            if segment is None:
                silent += 1
                continue
            drawn.append(segment)
            self.clips.append(clip.path)
            self._progress("reading clips", len(drawn), wanted)
        if silent:
            self.warnings.append(f"left out {silent} silent clip{'s' if silent > 1 else ''}")
        return drawn

    def utterance(self, utterance: Utterance, keywords: Sequence[str]) -> Segment | None:
        """Return the segment of `utterance`, None if it is silent."""
        self.utterances.append(utterance.path)
        return measured(
            partial(read_mono, utterance.path),
            may_hold=tuple(keywords_in(utterance.text, keywords)),
            room=self._room(),
        )

    def speech_progress(self, done: int, total: int) -> None:
        """Say how much of the speech there is."""
        self._progress("reading speech", done, total)

    def warn_of_nameless(self, recordings: Sequence[Spoken], what: str, remedy: str) -> None:
        """Warn if halves were asked for and speakers are unknown."""
        nameless = sum(recording.speaker is None for recording in recordings)
        if nameless:
            self.warnings.append(
                _NO_SPEAKER.format(nameless=nameless, all=len(recordings), what=what, remedy=remedy)
            )

    def _room(self) -> Room | None:
        return self._rooms[self._rng.integers(len(self._rooms))] if self._rooms else None
