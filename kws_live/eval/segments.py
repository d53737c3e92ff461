"""Something said, measured but not held: what a stream is planned from.

An hour of speech is 230 MB as float32. So a segment knows how long and how loud its audio is, and reads it
again when its part of the stream is rendered.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from kws_live.eval.clips import Clip
from kws_live.eval.mixing import active_rms
from kws_live.eval.rooms import Room
from kws_live.stages.activity import active_extent, piece_rms
from kws_live.types import Float32Array

SILENT_DBFS = -60.0
"""A clip whose loudest 10 ms stay below this holds no word: about 1 in 500 of Speech Commands."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Something said.

    Attributes:
        read: returns the audio, float32 [`length_samples`] at 16 kHz.
        length_samples: its length.
        active_start: first sample of the active part.
        active_end: the sample after the active part's last one.
        rms: level of the active part; 0.0 only for digital silence.
        word: the word that is said from `active_start` to `active_end`; None for speech.
        may_hold: words that may be said anywhere in it.
        audible: whether it is heard; what is not only takes its time.
    """

    read: Callable[[], Float32Array]
    length_samples: int
    active_start: int
    active_end: int
    rms: float
    word: str | None = None
    may_hold: tuple[str, ...] = ()
    audible: bool = True

    @property
    def active_samples(self) -> int:
        """Length of the active part."""
        return self.active_end - self.active_start

    def hushed(self) -> "Segment":
        """Return a pause as long as this."""
        return replace(self, audible=False)


def is_silent(samples: Float32Array) -> bool:
    """Return whether no 10 ms of `samples` (float32 [n]) reach -60 dBFS."""
    rms = piece_rms(samples)
    return not len(rms) or float(rms.max()) < 10.0 ** (SILENT_DBFS / 20.0)


def measured(
    read: Callable[[], Float32Array],
    *,
    word: str | None = None,
    may_hold: tuple[str, ...] = (),
    room: Room | None = None,
) -> Segment | None:
    """Return the segment whose dry audio `read` returns, or None if that is silent.

    In a room its active part is that of the dry audio, later by the time that sound takes on the direct way:
    a word ends when its last sound arrives, not when the room is quiet again. Its level is that of
    what arrives.
    """
    dry = read()
    if is_silent(dry):
        return None
    start, end = active_extent(dry)
    if room is None:
        return Segment(read, len(dry), start, end, active_rms(dry), word, may_hold)
    wet = room.hear(dry)
    delay = room.delay_samples
    return Segment(
        lambda: room.hear(read()),
        len(wet),
        start + delay,
        end + delay,
        active_rms(wet),
        word,
        may_hold,
    )


def word_segment(clip: Clip) -> Segment:
    """Return the segment of a clip that is held in memory, however soft it is."""
    start, end = active_extent(clip.samples)
    rms = active_rms(clip.samples) if end > start else 0.0
    return Segment(lambda: clip.samples, len(clip.samples), start, end, rms, clip.word)
