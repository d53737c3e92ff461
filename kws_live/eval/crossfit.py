"""Choosing on one half of the speakers and counting on the other, then the other way round.

What is chosen on recordings suits those recordings. So the figures of an operating point come from
halves: chosen on one, counted on the other, swapped, and the counts pooled. What is shipped is then
chosen on all.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from kws_live.eval.counts import Count, Counts

Item = TypeVar("Item")
Made = TypeVar("Made")
Counted = TypeVar("Counted")


def halves(weights: Mapping[str, float]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the groups (speakers, recordings) in two halves of about the same weight.

    Always the same ones, in no order that a name could have: by the hash of the name, each to the
    lighter half, the heaviest first.

    Args:
        weights: hours or clips of each group, at least two groups.

    Raises:
        ValueError: there are fewer than two groups.
    """
    if len(weights) < 2:
        raise ValueError("two halves need at least two groups")
    order = sorted(
        weights, key=lambda name: (-weights[name], hashlib.sha256(name.encode()).digest())
    )
    members: tuple[list[str], list[str]] = ([], [])
    total = [0.0, 0.0]
    for name in order:
        half = total.index(min(total))
        members[half].append(name)
        total[half] += weights[name]
    return frozenset(members[0]), frozenset(members[1])


def cross_fit(
    first: Item,
    second: Item,
    choose: Callable[[Item], Made],
    count: Callable[[Item, Made], Counted],
) -> list[tuple[Made, Counted]]:
    """Return what was chosen on each half together with what it did on the other.

    Args:
        first: one half of the recordings.
        second: the other half.
        choose: makes an operating point from a half.
        count: counts what a half's words and hours give under an operating point.
    """
    return [
        (made, count(other, made))
        for made, other in ((choose(first), second), (choose(second), first))
    ]


def pooled(parts: Sequence[Counts]) -> Counts:
    """Return the counts of both halves together; their keywords must be the same."""
    return Counts(
        {
            keyword: Count(
                words=sum(part.keywords[keyword].words for part in parts),
                misses=sum(part.keywords[keyword].misses for part in parts),
                duplicates=sum(part.keywords[keyword].duplicates for part in parts),
                false_accepts=sum(part.keywords[keyword].false_accepts for part in parts),
                ignored=sum(part.keywords[keyword].ignored for part in parts),
                negative_h=sum(part.keywords[keyword].negative_h for part in parts),
            )
            for keyword in parts[0].keywords
        }
    )
