"""One threshold for each keyword, at a sum of false accepts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.budget import Option, fewest_misses

OPTIONS = {
    "yes": [Option(0.5, 1, 4.0), Option(0.9, 5, 0.0)],
    "no": [Option(0.5, 2, 4.0), Option(0.7, 3, 1.0), Option(0.9, 9, 0.0)],
}


@pytest.mark.parametrize(
    ("bar", "chosen"),
    [
        (8.0, {"yes": 0.5, "no": 0.5}),
        (5.0, {"yes": 0.5, "no": 0.7}),
        (3.5, {"yes": 0.9, "no": 0.7}),
        (0.0, {"yes": 0.9, "no": 0.9}),
    ],
)
def test_false_accepts_go_where_they_save_most_words(bar: float, chosen: dict[str, float]) -> None:
    """One an hour for "no" saves six words; four for "yes" would save four."""
    assert fewest_misses(OPTIONS, bar) == chosen


def test_a_sum_that_nothing_keeps_has_no_choice() -> None:
    """Where even the highest thresholds fire too often."""
    assert fewest_misses({"yes": [Option(0.9, 0, 2.0)]}, 1.0) is None


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
    st.integers(0, 30),
)
def test_no_other_choice_misses_less(tables: list[list[tuple[int, int]]], bar: int) -> None:
    """Held against trying them all."""
    options = {
        str(keyword): [Option(i, misses, rate) for i, (misses, rate) in enumerate(table)]
        for keyword, table in enumerate(tables)
    }
    affordable = [
        sum(option.misses for option in choice)
        for choice in itertools.product(*options.values())
        if sum(option.fa_per_hour for option in choice) <= bar
    ]
    chosen = fewest_misses(options, bar)
    if chosen is None:
        assert not affordable
        return
    picked = [options[keyword][int(threshold)] for keyword, threshold in chosen.items()]
    assert sum(option.fa_per_hour for option in picked) <= bar
    assert sum(option.misses for option in picked) == min(affordable)
