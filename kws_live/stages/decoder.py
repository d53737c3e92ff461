"""From posteriors to decisions: smoothing, threshold, refractory time and re-arming."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kws_live.config import DecoderSettings
from kws_live.types import SAMPLE_RATE_HZ, Posterior


@dataclass(frozen=True, slots=True)
class Decision:
    """A keyword's score passed its threshold at the window that ends at `decided_sample`."""

    keyword: str
    score: float
    threshold: float
    decided_sample: int


@dataclass(slots=True)
class _Keyword:
    """One keyword's settings in samples and its state."""

    name: str
    threshold: float
    release: float
    refractory_samples: int
    rearmed: bool = True
    dead_until: int = 0


class Smoother:
    """Turns posteriors into scores: the lowest of each keyword's posteriors over the last `smoothing_s`.

    So a score is high only where the posterior stayed high. Hops that were not inferred are absent,
    never zeros.

    Args:
        labels: the model's labels, in the order of its outputs.
        keywords: those to score, each one of the labels.
        smoothing_s: how long a posterior must stay up.
    """

    def __init__(self, labels: Sequence[str], keywords: Iterable[str], smoothing_s: float) -> None:
        self._smoothing_samples = max(1, round(smoothing_s * SAMPLE_RATE_HZ))
        self._indices = {name: list(labels).index(name) for name in keywords}
        self._recent: deque[Posterior] = deque()

    def reset(self) -> None:
        """Forget everything, as at the start of a stream."""
        self._recent.clear()

    def step(self, posterior: Posterior) -> dict[str, float]:
        """Take the posterior of one hop, later than the one before, and return each keyword's score, 0..1."""
        self._recent.append(posterior)
        while self._recent[0].end_sample <= posterior.end_sample - self._smoothing_samples:
            self._recent.popleft()
        lowest = np.min([recent.values for recent in self._recent], axis=0)
        return {name: float(lowest[index]) for name, index in self._indices.items()}


class Trigger:
    """Decides from the scores of each hop whether a keyword was said.

    Only the keyword with the highest score ÷ threshold may fire. After a detection every other
    keyword is held for `hold_s`; the same one is dead through its refractory time and until its
    score has fallen below its release. All times are counted in samples of the stream.

    A hop at which no score reaches its threshold, and none of a keyword that waits for re-arming
    lies below its release, changes nothing: it may be left out (`kws_live.eval.sweep` does).

    Args:
        settings: hold time, and for each keyword threshold, release and refractory time.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._hold_samples = round(settings.hold_s * SAMPLE_RATE_HZ)
        self._keywords = [
            _Keyword(
                name=name,
                threshold=keyword.threshold,
                release=keyword.release,
                refractory_samples=round(keyword.refractory_s * SAMPLE_RATE_HZ),
            )
            for name, keyword in settings.keywords.items()
        ]
        self._held_until = 0

    def reset(self) -> None:
        """Forget everything, as at the start of a stream."""
        self._held_until = 0
        for keyword in self._keywords:
            keyword.rearmed = True
            keyword.dead_until = 0

    def step(self, now: int, scores: Mapping[str, float]) -> Decision | None:
        """Take the scores at the window that ends at sample `now` and return the decision they make, if any."""
        for keyword in self._keywords:
            keyword.rearmed = keyword.rearmed or scores[keyword.name] < keyword.release
        if not self._keywords:
            return None
        best = max(self._keywords, key=lambda k: scores[k.name] / k.threshold)
        score = scores[best.name]
        if score < best.threshold or not best.rearmed:
            return None
        if now < max(self._held_until, best.dead_until):
            return None
        best.rearmed = False
        best.dead_until = now + best.refractory_samples
        self._held_until = now + self._hold_samples
        return Decision(best.name, score, best.threshold, now)


class Decoder:
    """Decides, hop by hop, whether a keyword was said: a `Smoother` and a `Trigger`, one after the other.

    Args:
        labels: the model's labels, in the order of its outputs.
        settings: smoothing and hold times, and for each enabled keyword threshold, release and
            refractory time.
    """

    def __init__(self, labels: Sequence[str], settings: DecoderSettings) -> None:
        self._smoother = Smoother(labels, settings.keywords, settings.smoothing_s)
        self._trigger = Trigger(settings)
        self._scores: Mapping[str, float] = {}

    @property
    def scores(self) -> Mapping[str, float]:
        """Score of each enabled keyword at the last hop, 0..1; empty before the first."""
        return self._scores

    def reset(self) -> None:
        """Forget everything, as at the start of a stream."""
        self._smoother.reset()
        self._trigger.reset()
        self._scores = {}

    def step(self, posterior: Posterior) -> Decision | None:
        """Take the posterior of one hop, later than the one before, and return the decision that it makes, if any."""
        # A new dict each hop: the display keeps the old one while it draws.
        self._scores = self._smoother.step(posterior)
        return self._trigger.step(posterior.end_sample, self._scores)
