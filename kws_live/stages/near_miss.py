"""Why a word did not fire: scores that rose to their release and came down again without a detection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kws_live.config import DecoderSettings
from kws_live.types import SAMPLE_RATE_HZ, NearMiss


@dataclass(slots=True)
class _Keyword:
    """One keyword's settings and its state."""

    name: str
    threshold: float
    release: float
    peak: NearMiss | None = None
    """The highest score of the excursion that is running; None while none is."""
    explained: bool = False
    """Whether a detection or a near miss accounts for the score's being up."""

    def rise(self, now: int, score: float, word: Callable[[], tuple[int, int]]) -> None:
        """Take a score at release or above."""
        if self.explained or (self.peak is not None and score <= self.peak.score):
            return
        start_sample, end_sample = word()
        self.peak = NearMiss(
            keyword=self.name,
            score=score,
            threshold=self.threshold,
            release=self.release,
            reason="below_threshold" if score < self.threshold else "held_back",
            peak_sample=now,
            start_sample=start_sample,
            end_sample=end_sample,
        )

    def end(self) -> NearMiss | None:
        """End the running excursion and return its peak; None where there is none."""
        ended = self.peak
        if ended is not None:
            self.explain()
        return ended

    def explain(self) -> None:
        """Note that the score's being up is accounted for, until it falls below the release."""
        self.peak = None
        self.explained = True

    def forget(self) -> None:
        """Begin anew: the score is down, or belongs to other audio."""
        self.peak = None
        self.explained = False


class NearMisses:
    """Tells, hop by hop, which scores came near a detection and did not make one.

    An excursion of a keyword begins when its score reaches its release and ends when the score falls
    below it. A detection within it accounts for all of it; else it is one near miss, whatever the
    score did meanwhile. Scores so far apart that they share no audio belong to different excursions.

    Args:
        settings: smoothing time, and for each keyword threshold and release.
        window_samples: length of a window.
    """

    def __init__(self, settings: DecoderSettings, window_samples: int) -> None:
        smoothing_samples = round(settings.smoothing_s * SAMPLE_RATE_HZ)
        self._memory_samples = max(window_samples, smoothing_samples)
        self._keywords = [
            _Keyword(name, keyword.threshold, keyword.release)
            for name, keyword in settings.keywords.items()
        ]
        self._last: int | None = None

    def reset(self) -> None:
        """Forget everything, as at the start of a stream; what is running goes untold (`pause` tells it)."""
        self._last = None
        for keyword in self._keywords:
            keyword.forget()

    def pause(self) -> tuple[NearMiss, ...]:
        """End the running excursions and return their near misses: no hop follows at once.

        Where one follows while the audio is still in the window, a score that is still up belongs to
        what was told.
        """
        ended = [keyword.end() for keyword in self._keywords]
        return tuple(near_miss for near_miss in ended if near_miss is not None)

    def step(
        self,
        now: int,
        scores: Mapping[str, float],
        detected: str | None,
        word: Callable[[], tuple[int, int]],
    ) -> tuple[NearMiss, ...]:
        """Take the scores at the window that ends at sample `now` and return the near misses that are over.

        Args:
            now: later than at the step before.
            scores: of each keyword, 0..1.
            detected: the keyword that these scores made a detection of, if any.
            word: estimates (start, end) of the word in this window, in samples of the stream; asked
                only at a new peak.
        """
        ended: list[NearMiss] = []
        if self._last is not None and now - self._last >= self._memory_samples:
            ended += self.pause()
            self.reset()
        self._last = now
        for keyword in self._keywords:
            score = scores[keyword.name]
            if keyword.name == detected:
                keyword.explain()
            elif score >= keyword.release:
                keyword.rise(now, score, word)
            elif keyword.peak is not None or keyword.explained:
                if (near_miss := keyword.end()) is not None:
                    ended.append(near_miss)
                keyword.forget()
        return tuple(ended)
