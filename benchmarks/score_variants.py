"""Ways to make a score of the posteriors of the last hops; `benchmarks/scores.py` compares them.

Each takes posteriors and returns float64 [n, keywords] in 0..1; higher is surer. A hop that was not
inferred is absent from a mean, median, maximum or minimum.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from kws_live.eval.posteriors import Stored
from kws_live.types import UNKNOWN_LABEL

Array = npt.NDArray[np.float64]
Score = Callable[[Stored], Array]
BASE = "mean, 0.3 s"
_SMALLEST = 1e-12


def variants(labels: Sequence[str], keywords: Sequence[str], hop_samples: int) -> dict[str, Score]:
    """Return each score by name; lengths are hops of `hop_samples`, 100 ms each."""
    columns = [list(labels).index(keyword) for keyword in keywords]
    unknown = list(labels).index(UNKNOWN_LABEL)

    def log(s: Stored, temperature: float = 1.0, weight: float = 1.0) -> Array:
        logits = np.log(np.maximum(s.posteriors.astype(np.float64), _SMALLEST)) / temperature
        logits[:, unknown] += np.log(weight)
        normalised: Array = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return normalised

    def last(values: Array, s: Stored, hops: int) -> Array:
        """The values of the last hops, newest first: [n, hops, keywords], NaN where not inferred."""
        out = np.full((len(values), hops, values.shape[1]), np.nan)
        for back in range(hops):
            at = np.arange(back, len(values))
            at = at[s.end_samples[at - back] > s.end_samples[at] - hops * hop_samples]
            out[at, back] = values[at - back]
        return out

    def posterior(s: Stored, temperature: float = 1.0, weight: float = 1.0) -> Array:
        chosen: Array = np.exp(log(s, temperature, weight)[:, columns])
        return chosen

    def smoothed(how: Callable[..., Array], hops: int, **calibration: float) -> Score:
        return lambda s: how(last(posterior(s, **calibration), s, hops), axis=1)

    def geometric(hops: int, s: Stored) -> Array:
        mean: Array = np.exp(np.nanmean(last(log(s)[:, columns], s, hops), axis=1))
        return mean

    def log_odds(how: Callable[..., Array], hops: int, s: Stored) -> Array:
        odds = log(s)[:, columns] - log(s)[:, [unknown]]
        return _sigmoid(how(last(odds, s, hops), axis=1))

    def margin(hops: int, s: Stored) -> Array:
        shares = _share(posterior(s), _best_other(s, columns))
        mean: Array = np.nanmean(last(shares, s, hops), axis=1)
        return mean

    def decoder(shortest: int, longest: int, cost: float, s: Stored) -> Array:
        """The best path that stays in the keyword for `shortest` to `longest` hops up to now."""
        gain = log(s)[:, columns] - np.log(np.maximum(_best_other(s, columns), _SMALLEST))
        gains = np.cumsum(np.nan_to_num(last(gain, s, longest), nan=-3.0), axis=1)
        paths = gains - cost * np.arange(1, longest + 1)[np.newaxis, :, np.newaxis]
        return _sigmoid(paths[:, shortest - 1 :].max(axis=1) / 3)

    def with_floor(floor: float, s: Stored) -> Array:
        recent = last(posterior(s), s, 3)
        held = np.nanmin(recent, axis=1) >= floor
        return np.where(held, np.nanmean(recent, axis=1), 0.0)

    def second_lowest(s: Stored) -> Array:
        ordered = np.sort(last(posterior(s), s, 4), axis=1)
        return np.where(np.isnan(ordered[:, 1]), ordered[:, 0], ordered[:, 1])

    found: dict[str, Score] = {BASE: smoothed(np.nanmean, 3)}
    for hops in (1, 2, 4, 5, 6):
        found[f"mean, 0.{hops} s"] = smoothed(np.nanmean, hops)
    for hops in (3, 4, 5):
        found[f"median, 0.{hops} s"] = smoothed(np.nanmedian, hops)
    found["highest, 0.3 s"] = smoothed(np.nanmax, 3)
    found["geometric mean, 0.3 s"] = partial(geometric, 3)
    for hops in (2, 3, 4):
        found[f"log-odds against unknown, mean, 0.{hops} s"] = partial(log_odds, np.nanmean, hops)
    for temperature in (0.5, 2.0, 3.0):
        found[f"mean, 0.3 s, temperature {temperature:g}"] = smoothed(
            np.nanmean, 3, temperature=temperature
        )
    found["mean, 0.3 s, unknown × 10"] = smoothed(np.nanmean, 3, weight=10.0)
    found["margin to the next label, 0.3 s"] = partial(margin, 3)
    found["mean, 0.3 s, none below 0.6"] = partial(with_floor, 0.6)
    for shortest, longest, cost in ((2, 4, 1.0), (3, 6, 1.0), (3, 6, 2.0)):
        found[f"decoder, {shortest} to {longest} hops, cost {cost:g}"] = partial(
            decoder, shortest, longest, cost
        )
    for hops in (2, 3, 4):
        found[f"lowest, 0.{hops} s"] = smoothed(np.nanmin, hops)
    found["second lowest, 0.4 s"] = second_lowest
    found["log-odds against unknown, lowest, 0.3 s"] = partial(log_odds, np.nanmin, 3)
    for weight in (3.0, 5.0, 10.0, 20.0):
        found[f"lowest, 0.3 s, unknown × {weight:g}"] = smoothed(np.nanmin, 3, weight=weight)
    for temperature in (2.0, 3.0):
        found[f"lowest, 0.3 s, temperature {temperature:g}"] = smoothed(
            np.nanmin, 3, temperature=temperature
        )
        found[f"lowest, 0.3 s, temperature {temperature:g}, unknown × 7"] = smoothed(
            np.nanmin, 3, temperature=temperature, weight=7.0
        )
    return found


def _best_other(s: Stored, columns: Sequence[int]) -> Array:
    posteriors = s.posteriors.astype(np.float64)
    return np.stack([np.delete(posteriors, k, axis=1).max(axis=1) for k in columns], axis=1)


def _share(one: Array, other: Array) -> Array:
    return one / (one + other)


def _sigmoid(value: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-np.clip(value, -30.0, 30.0)))
