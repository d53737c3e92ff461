"""Halves that know nothing of each other."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.eval.counts import Count, Counts
from kws_live.eval.crossfit import cross_fit, halves, pooled

WEIGHTS = st.dictionaries(st.text(min_size=1), st.floats(0.01, 10), min_size=2, max_size=20)


@given(WEIGHTS)
def test_every_group_is_in_one_half(weights: Mapping[str, float]) -> None:
    """And neither is empty."""
    first, second = halves(weights)
    assert first | second == set(weights)
    assert not first & second
    assert first
    assert second


@given(WEIGHTS)
def test_halves_differ_by_no_more_than_the_heaviest_group(weights: Mapping[str, float]) -> None:
    """As equal as whole groups can be without a search."""
    first, second = (sum(weights[name] for name in half) for half in halves(weights))
    assert abs(first - second) <= max(weights.values()) + 1e-9


def test_the_order_of_the_groups_does_not_matter() -> None:
    """The same speakers are always in the same half."""
    names = [f"speaker {n}" for n in range(9)]
    forth = halves(dict.fromkeys(names, 1.0))
    assert halves(dict.fromkeys(reversed(names), 1.0)) == forth


def test_one_group_cannot_be_halved() -> None:
    """It is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least two groups"):
        halves({"alone": 1.0})


def test_each_half_is_counted_with_what_the_other_one_chose() -> None:
    """Both ways."""
    found = cross_fit([1, 2], [30], max, lambda half, most: [one * most for one in half])
    assert found == [(2, [60]), (30, [30, 60])]


def test_counts_of_both_halves_are_pooled() -> None:
    """Words, mistakes and hours add up, for each keyword."""
    one = Counts({"yes": Count(10, 1, 2, 3, 4, 0.5)})
    assert pooled([one, one]).keywords["yes"] == Count(20, 2, 4, 6, 8, 1.0)
