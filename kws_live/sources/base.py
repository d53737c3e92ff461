"""What every source is."""

from collections.abc import Iterator
from typing import Protocol

from kws_live.types import SourceItem

REST_S = 0.2
"""How long blocks may lie there while the reader is in no hurry: waking up costs more than a block does."""


class Source(Protocol):
    """A stream of audio and of what happened to it.

    Attributes:
        name: what the user sees, for example "pulse, ALSA, 44100 Hz, 2 ch"; known after the first
            item.
        paced: True where the audio comes in real time and old work may be dropped; False where the
            source waits for whoever reads it and nothing is ever dropped.
        duration_s: length of the whole stream where that is known, else None.
        unhurried: set by whoever reads it, from any thread, while a block may come `REST_S` late: a
            microphone then hands over several at a time.
    """

    name: str
    paced: bool
    duration_s: float | None
    unhurried: bool

    def items(self) -> Iterator[SourceItem]:
        """Yield the stream on the calling thread, until it ends or `stop` is called. Call it once.

        Raises:
            InputError: the input is missing, unreadable, empty (before the first item) or cut off
                (after the last).
            DeviceError: the device can't be used (before the first item).
        """
        ...

    def stop(self) -> None:
        """End `items` within 100 ms; any thread, any time, any number of times."""
        ...
