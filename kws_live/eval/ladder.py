"""The thresholds worth trying on background recordings: one just above each moment that would fire falsely."""

import math
from dataclasses import dataclass

from kws_live.eval.background import Background, Event

FLOOR = 0.1
"""No threshold is put lower: the scores of ten words that the model can't tell apart come up to there."""
CEILING = 0.9999
"""No threshold is put higher: a score depends on the processor, by about 1e-5."""
GRID = 100_000
_MARGIN = 1e-9


@dataclass(frozen=True, slots=True)
class Rung:
    """A threshold worth trying.

    Attributes:
        threshold: 0..1.
        event: the event just under it, if it is there because of one.
        exact: whether nothing lies between the two; not so at the ceiling.
    """

    threshold: float
    event: Event | None
    exact: bool


def make_ladder(
    background: Background, keyword: str, threshold: float, supported: bool
) -> list[Rung]:
    """Return the thresholds just above each event and the least allowed, from the highest down."""
    least = min(FLOOR if supported else max(FLOOR, threshold), CEILING)
    rungs: list[Rung] = []
    for event in background.events(keyword, FLOOR):
        above = just_above(event.score)
        rung = Rung(min(above, CEILING), event, exact=above <= CEILING)
        if rung.threshold <= least:
            break
        # Of several events under one threshold, the highest decides.
        if not rungs or rung.threshold < rungs[-1].threshold:
            rungs.append(rung)
    return [*rungs, Rung(least, None, exact=False)]


def just_above(score: float) -> float:
    """Return the least threshold on a grid of 0.00001 that `score` (0..1) misses by at least that.

    So much may a score differ between two runs of the same audio.
    """
    return (math.ceil(score * GRID - _MARGIN) + 1) / GRID
