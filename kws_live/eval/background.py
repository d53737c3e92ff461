"""Background recordings, ready to be decoded again and again: where a keyword falsely fires, and how often."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.errors import InputError
from kws_live.eval.match import Truth
from kws_live.eval.posteriors import Stored
from kws_live.eval.sweep import decode, scores
from kws_live.types import SAMPLE_RATE_HZ, Float32Array


@dataclass(frozen=True, slots=True)
class Event:
    """A moment at which a keyword would fire falsely at any threshold up to `score`."""

    score: float
    path: Path
    time_s: float


class Background:
    """Recordings in which nobody says a keyword, but where their labels say so, ready to be decoded.

    Args:
        recordings: what the model gave.
        labels: the model's labels, in the order of its outputs.
        settings: keywords, smoothing and times.

    Raises:
        InputError: no time is left in which a detection of some keyword would be false.
    """

    def __init__(
        self, recordings: Sequence[Stored], labels: Sequence[str], settings: DecoderSettings
    ) -> None:
        self.settings = settings
        self._keywords = tuple(settings.keywords)
        self._prepared = [
            (
                stored,
                scores(stored, labels, self._keywords, settings.smoothing_s),
                Truth(stored.labels, self._keywords, stored.duration_s),
            )
            for stored in recordings
        ]
        self.hours = {
            keyword: math.fsum(truth.negative_s[keyword] for _, _, truth in self._prepared) / 3600
            for keyword in self._keywords
        }
        never = [keyword for keyword, hours in self.hours.items() if hours <= 0]
        if never:
            raise InputError(
                f"the background recordings leave no time in which a detection of "
                f"{', '.join(never)} would be false, so false accepts per hour can't be measured. "
                "Give longer ones, in which it isn't said"
            )

    def events(self, keyword: str, floor: float) -> list[Event]:
        """Return where the keyword's score peaks at `floor` or above and it isn't said, highest first."""
        column = self._keywords.index(keyword)
        found = []
        for stored, scored, truth in self._prepared:
            for hop in _peaks(scored[:, column], floor):
                time_s = int(stored.end_samples[hop]) / SAMPLE_RATE_HZ
                if not truth.excuses(keyword, time_s):
                    found.append(Event(float(scored[hop, column]), stored.path, time_s))
        return sorted(found, key=lambda event: event.score, reverse=True)

    def alone(self, keyword: str, own: KeywordSettings) -> int:
        """Return how often the keyword falsely fires when it is the only one."""
        column = self._keywords.index(keyword)
        settings = replace(self.settings, keywords={keyword: own})
        return sum(
            len(truth.match(decode(stored, scored[:, column : column + 1], settings)).false_accepts)
            for stored, scored, truth in self._prepared
        )

    def together(self, settings: DecoderSettings) -> dict[str, int]:
        """Return how often each keyword falsely fires under `settings`, of the same keywords."""
        counts = dict.fromkeys(self._keywords, 0)
        for stored, scored, truth in self._prepared:
            for decision in truth.match(decode(stored, scored, settings)).false_accepts:
                counts[decision.keyword] += 1
        return counts


def _peaks(scored: Float32Array, floor: float) -> npt.NDArray[np.intp]:
    """Return the hops at which float32 [n] rises to a maximum of at least `floor`, the first of equals."""
    padded = np.concatenate(([-1.0], scored, [-1.0]))
    peak = (padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:]) & (scored >= floor)
    return np.flatnonzero(peak)
