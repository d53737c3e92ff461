"""Two systems at the same bars, and the chart of their curves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.det_chart import draw
from benchmarks.detection import Swept
from benchmarks.halves import Half
from kws_live.eval.counts import Count, Counts

KEYWORDS = ("yes", "no")


class Steady:
    """A system whose misses rise and whose false accepts fall with the threshold, in both halves.

    Args:
        least_false_accepts: of each keyword, at any threshold.
        more_on_b: false accepts of each keyword that half B has more than A, below the last threshold.
    """

    name = "kws-live"
    thresholds = (0.2, 0.4, 0.6, 0.8)

    def __init__(self, least_false_accepts: int = 0, more_on_b: int = 1) -> None:
        self._least = least_false_accepts
        self._more_on_b = more_on_b

    def count(self, half: Half, thresholds: Mapping[str, float]) -> Counts:
        """Ten words of each keyword and one hour in each half."""
        return Counts(
            {
                keyword: Count(
                    words=10,
                    misses=round(thresholds[keyword] * 10),
                    duplicates=0,
                    false_accepts=self._least
                    + round((0.8 - thresholds[keyword]) * 10)
                    + self._more_on_b * (half == "B" and thresholds[keyword] < 0.8),
                    ignored=0,
                    negative_h=1.0,
                )
                for keyword in KEYWORDS
            }
        )


def test_one_threshold_is_the_best_that_keeps_to_the_bar() -> None:
    """Nothing is interpolated between measured settings: 4.9 an hour is not 5."""
    swept = Swept.of(Steady(), KEYWORDS)
    for bar, threshold, misses in ((100, 0.2, 8), (5.0, 0.6, 24), (4.9, 0.8, 32), (0, 0.8, 32)):
        figures = swept.one_threshold(bar)
        assert figures is not None
        assert (figures["threshold"], figures["misses"]) == (threshold, misses)
        assert figures["words"] == 40


def test_thresholds_for_each_word_are_counted_where_they_were_not_chosen() -> None:
    """Two an hour are room for one word at 0.6 on half A, where half B has three; on B for none."""
    figures = Swept.of(Steady(), KEYWORDS).threshold_per_word(2.0)
    assert figures is not None
    assert figures["moved_steps"] == 0
    assert figures["false_accepts"] == 3
    assert figures["misses"] == (6 + 8) + (8 + 8)


def test_thresholds_that_let_too_much_through_elsewhere_all_move_up() -> None:
    """Where half B has seven instead of three, only the next step keeps to two an hour in all."""
    figures = Swept.of(Steady(more_on_b=5), KEYWORDS).threshold_per_word(2.0)
    assert figures is not None
    assert figures["moved_steps"] == 1
    assert figures["false_accepts"] == 0
    assert figures["misses"] == 32


def test_a_bar_that_no_setting_keeps_has_no_figures() -> None:
    """Rather than those of the nearest setting."""
    swept = Swept.of(Steady(least_false_accepts=30), KEYWORDS)
    assert swept.one_threshold(20) is None
    assert swept.threshold_per_word(20) is None


def figures() -> dict[str, Any]:
    """What the benchmark publishes, as far as the chart looks at it."""
    point = {"frr": 0.5, "frr_ci95": [0.4, 0.6], "fa_per_hour": 0.8}
    curve = {"fa_per_hour": [0.0, 3.0, 900.0], "misses": [80, 50, 10]}
    systems = ("kws-live", "pocketsphinx")
    return {
        "words": 100,
        "hours": 2.0,
        "keywords": list(KEYWORDS),
        "bars": [{"fa_per_hour": 1, "one_threshold": {"kws-live": point, "pocketsphinx": None}}],
        "curves": dict.fromkeys(systems, curve),
    }


def test_the_chart_shows_both_and_is_the_same_each_time(tmp_path: Path) -> None:
    """Drawn again from the same result, the file doesn't change."""
    pytest.importorskip("matplotlib")
    draw(figures(), tmp_path / "one.svg")
    draw(figures(), tmp_path / "two.svg")
    text = (tmp_path / "one.svg").read_text()
    assert text == (tmp_path / "two.svg").read_text()
    assert "kws-live" in text
    assert "pocketsphinx" in text
