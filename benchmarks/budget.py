"""Thresholds for each keyword that miss the fewest words at a given sum of false accepts per hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True, slots=True)
class Option:
    """A threshold of one keyword, and what it costs.

    Attributes:
        threshold: on whatever scale the system has.
        misses: how many of the keyword's words it misses.
        fa_per_hour: how often the keyword fires falsely.
    """

    threshold: float
    misses: int
    fa_per_hour: float


@dataclass(frozen=True, slots=True)
class _Sum:
    fa_per_hour: float
    misses: int
    thresholds: tuple[float, ...]


_Cost = TypeVar("_Cost", Option, _Sum)


def fewest_misses(
    options: Mapping[str, Sequence[Option]], fa_per_hour: float
) -> dict[str, float] | None:
    """Return one threshold for each keyword; None if no choice keeps to the sum.

    Exact: keyword by keyword, all sums are kept for which no other one has fewer misses at no more
    false accepts.

    Args:
        options: for each keyword, what to choose from.
        fa_per_hour: what the sum over all keywords may not exceed.
    """
    front = [_Sum(0.0, 0, ())]
    for choices in options.values():
        sums = [
            _Sum(
                sum_.fa_per_hour + choice.fa_per_hour,
                sum_.misses + choice.misses,
                (*sum_.thresholds, choice.threshold),
            )
            for choice in _undominated(choices)
            for sum_ in front
        ]
        front = _undominated([sum_ for sum_ in sums if sum_.fa_per_hour <= fa_per_hour])
    if not front:
        return None
    return dict(zip(options, front[-1].thresholds, strict=True))


def _undominated(choices: Sequence[_Cost]) -> list[_Cost]:
    """Return those than which none is better in both, by false accepts; of equals, the first."""
    best: list[_Cost] = []
    for choice in sorted(choices, key=lambda choice: (choice.fa_per_hour, choice.misses)):
        if not best or choice.misses < best[-1].misses:
            best.append(choice)
    return best
