"""Bars: as long as they should be, with the marker where the threshold is."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich.segment import Segment

from kws_live.display.bars import bar, score_bar
from kws_live.display.theme import ASCII, CALM, UNICODE

ratios = st.floats(0, 1)
widths = st.integers(1, 200)
kinds = st.sampled_from([UNICODE, ASCII])


def words(segments: list[Segment]) -> str:
    return "".join(segment.text for segment in segments)


@given(ratios, ratios, widths, kinds)
def test_the_marker_is_in_the_cell_of_the_threshold(score, threshold, width, glyphs) -> None:
    """Exactly one marker, in the cell that holds the threshold, and every cell used."""
    shown = words(score_bar(score, threshold, width, glyphs))
    assert len(shown) == width
    assert shown.count(glyphs.marker) == 1
    cell = shown.index(glyphs.marker)
    assert cell / width <= threshold
    assert threshold < (cell + 1) / width or cell == width - 1


@pytest.mark.parametrize("score", [0.0, 0.3, 0.69, 0.71, 1.0])
def test_the_marker_stays_where_it_is_whatever_the_score(score: float) -> None:
    """A threshold of 0.7 on a bar of 50 cells is in cell 35."""
    assert words(score_bar(score, 0.7, 50, UNICODE))[35] == "┃"


@given(ratios, ratios, widths)
def test_the_marker_is_lit_exactly_when_the_score_reaches_the_threshold(
    score, threshold, width
) -> None:
    """Rounding to cells never makes a score look as if it had passed, nor the reverse."""
    marker = next(s for s in score_bar(score, threshold, width, UNICODE) if s.text == "┃")
    assert bool(marker.style.reverse) == (score >= threshold)


@given(ratios, ratios, widths, kinds)
def test_more_is_never_shorter(one, other, width, glyphs) -> None:
    """The filled part grows with the value."""
    assume(one <= other)
    filled = [width - words(bar(x, width, glyphs, CALM)).count(glyphs.track) for x in (one, other)]
    assert filled[0] <= filled[1]


@pytest.mark.parametrize(("value", "filled"), [(-3.0, 0), (0.0, 0), (0.5, 5), (1.0, 10), (7.0, 10)])
def test_values_outside_the_bar_are_clipped(value: float, filled: int) -> None:
    """A level above full scale fills the bar; below the floor it leaves it empty."""
    assert words(bar(value, 10, ASCII, CALM)) == "#" * filled + "." * (10 - filled)


def test_unicode_bars_are_exact_to_an_eighth_of_a_cell() -> None:
    """3/8 of one of two cells."""
    assert words(bar(3 / 16, 2, UNICODE, CALM)) == "▍·"
