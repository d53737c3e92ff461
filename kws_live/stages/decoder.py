"""From posteriors to decisions: smoothing, threshold, refractory time and re-arming."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

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
        self._names = tuple(keywords)
        self._indices = [list(labels).index(name) for name in self._names]
        self._recent: deque[tuple[int, list[float]]] = deque()
        """End of each window, and the posteriors of the keywords."""

    def reset(self) -> None:
        """Forget everything, as at the start of a stream."""
        self._recent.clear()

    def step(self, posterior: Posterior) -> dict[str, float]:
        """Take the posterior of one hop, later than the one before, and return each keyword's score, 0..1."""
        # Lists of floats: for a dozen values numpy's calls cost more than the work.
        values = posterior.values.tolist()
        self._recent.append((posterior.end_sample, [values[index] for index in self._indices]))
        while self._recent[0][0] <= posterior.end_sample - self._smoothing_samples:
            self._recent.popleft()
        recent = [values for _, values in self._recent]
        return dict(zip(self._names, map(min, zip(*recent, strict=True)), strict=True))


class Trigger:
    """Decides from the scores of each hop whether a keyword was said.

    Only the keyword with the highest score ÷ threshold may fire. After a detection every other
    keyword is held for `hold_s`; the same one is dead through its refractory time and until its
    score has fallen below its release. All times are counted in samples of the stream.

    `step` picks the keyword with the highest score and hands it to `fire`; the state is in `rearm`
    and `fire` alone, so that a sweep over stored scores (`kws_live.eval.sweep`) can pick for all hops
    at once and leave the decisions to them.

    Args:
        settings: hold time, and for each keyword threshold, release and refractory time.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        self._hold_samples = round(settings.hold_s * SAMPLE_RATE_HZ)
        self._keywords = {
            name: _Keyword(
                name=name,
                threshold=keyword.threshold,
                release=keyword.release,
                refractory_samples=round(keyword.refractory_s * SAMPLE_RATE_HZ),
            )
            for name, keyword in settings.keywords.items()
        }
        self._held_until = 0

    def reset(self) -> None:
        """Forget everything, as at the start of a stream."""
        self._held_until = 0
        for keyword in self._keywords.values():
            keyword.rearmed = True
            keyword.dead_until = 0

    def step(self, now: int, scores: Mapping[str, float]) -> Decision | None:
        """Take the scores at the window that ends at sample `now` and return the decision they make, if any."""
        for name, keyword in self._keywords.items():
            if scores[name] < keyword.release:
                self.rearm(name)
        best = max(self._keywords.values(), key=lambda k: scores[k.name] / k.threshold)
        score = scores[best.name]
        if score < best.threshold or not self.fire(best.name, now):
            return None
        return Decision(best.name, score, best.threshold, now)

    def rearm(self, name: str) -> None:
        """Take that the score of a keyword lies below its release, or did between hops."""
        self._keywords[name].rearmed = True

    def fire(self, name: str, now: int) -> bool:
        """Take that a keyword has the highest score and reaches its threshold; return whether that detects it.

        Args:
            name: the keyword.
            now: where the window of that score ends, after that of any call before.
        """
        keyword = self._keywords[name]
        if not keyword.rearmed or now < max(self._held_until, keyword.dead_until):
            return False
        keyword.rearmed = False
        keyword.dead_until = now + keyword.refractory_samples
        self._held_until = now + self._hold_samples
        return True


class Decoder:
    """Decides, hop by hop, whether a keyword was said: a `Smoother` and a `Trigger`, one after the other.

    Where a hop's score shares no audio with that of the hop before, every keyword is re-armed: the
    gate closed on a score that was up, and nobody saw it fall.

    Args:
        labels: the model's labels, in the order of its outputs.
        settings: smoothing and hold times, and for each enabled keyword threshold, release and
            refractory time.
        window_samples: length of a window.
    """

    def __init__(
        self, labels: Sequence[str], settings: DecoderSettings, window_samples: int
    ) -> None:
        self._smoother = Smoother(labels, settings.keywords, settings.smoothing_s)
        self._trigger = Trigger(settings)
        self._keywords = tuple(settings.keywords)
        self._memory_samples = memory_samples(settings, window_samples)
        self._last_sample: int | None = None
        self._scores: Mapping[str, float] = {}

    @property
    def scores(self) -> Mapping[str, float]:
        """Score of each enabled keyword at the last hop, 0..1; empty before the first."""
        return self._scores

    def reset(self) -> None:
        """Forget everything, as at the start of a stream."""
        self._smoother.reset()
        self._trigger.reset()
        self._last_sample = None
        self._scores = {}

    def step(self, posterior: Posterior) -> Decision | None:
        """Take the posterior of one hop, later than the one before, and return the decision that it makes, if any."""
        now = posterior.end_sample
        if self._last_sample is not None and now - self._last_sample >= self._memory_samples:
            for name in self._keywords:
                self._trigger.rearm(name)
        self._last_sample = now
        # A new dict each hop: the display keeps the old one while it draws.
        self._scores = self._smoother.step(posterior)
        return self._trigger.step(now, self._scores)


def memory_samples(settings: DecoderSettings, window_samples: int) -> int:
    """Return how far apart hops are whose scores have no audio in common."""
    return max(window_samples, round(settings.smoothing_s * SAMPLE_RATE_HZ))
