"""Which half of the speakers somebody belongs to.

A threshold that is chosen and reported on the same voices flatters. So what is said is halved by
speaker: each speaker is in half A or in half B by a hash of the name, always in the same one,
whatever else lies in the folder.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeVar

Half = Literal["A", "B"]


class Spoken(Protocol):
    """A recording whose speaker may be known."""

    @property
    def path(self) -> Path:
        """The audio."""

    @property
    def speaker(self) -> str | None:
        """Who speaks, by any name that no two people share; None if that is not known."""


SpokenT = TypeVar("SpokenT", bound=Spoken)


def half_of(speaker: str) -> Half:
    """Return the half that `speaker` belongs to, by the first bit of the name's SHA-256."""
    return "A" if hashlib.sha256(speaker.encode()).digest()[0] < 128 else "B"


def in_half(recordings: Sequence[SpokenT], half: Half) -> list[SpokenT]:
    """Return those of `recordings` that are in `half`, in their order.

    Where no speaker is known the name of the file (with its folder's) stands in, so that each
    recording is in one half only; the person who speaks in it may be in both.
    """
    return [
        recording
        for recording in recordings
        if half_of(recording.speaker or f"{recording.path.parent.name}/{recording.path.name}")
        == half
    ]
