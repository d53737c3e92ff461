"""Thresholds chosen on one half and counted on the other."""

from dataclasses import replace

import numpy as np
import pytest
from support.score_streams import LABELS, background, settings, spoken

from benchmarks.operating_point import Prepared, as_shipped, at_target, neutral
from kws_live.errors import InputError
from kws_live.eval.choose import Target, with_threshold
from kws_live.eval.ladder import FLOOR
from kws_live.eval.posteriors import Stored


def half(*recordings: Stored) -> Prepared:
    """A half of such recordings, under the settings that a choice begins with."""
    return Prepared.of(recordings, LABELS, neutral(settings()))


def noisy_and_silent() -> dict[str, Prepared]:
    """In the first half "yes" falsely fires; in the second nothing ever does."""
    rng = np.random.default_rng(1)
    return {
        "A": half(
            spoken(rng, 50, "words_A_10"), background(rng, 4.0, {"yes": 50.0, "no": 0.0}, "talk_A")
        ),
        "B": half(
            spoken(rng, 50, "words_B_10"), background(rng, 4.0, {"yes": 0.0, "no": 0.0}, "talk_B")
        ),
    }


def test_each_half_is_counted_under_the_other_ones_thresholds() -> None:
    """What the silent half allows lets everything through in the noisy one."""
    figures = at_target(Target(1.0), noisy_and_silent(), ["10"])
    chosen_on_noisy, chosen_on_silent = figures["keywords"]["yes"]["thresholds"]
    assert chosen_on_noisy > 0.9
    assert chosen_on_silent == FLOOR
    assert 150 < figures["keywords"]["yes"]["false_accepts"] < 250
    assert figures["keywords"]["no"]["false_accepts"] == 0
    assert figures["all"]["words"] == 200


def test_only_background_counts_for_false_accepts() -> None:
    """Four hours and four; the streams of words lend none."""
    figures = at_target(Target(1.0), noisy_and_silent(), ["10"])
    assert figures["keywords"]["no"]["negative_hours"] == pytest.approx(8.0)


def test_misses_are_told_by_condition() -> None:
    """A recording's is the last part of its name."""
    rng = np.random.default_rng(2)
    talk = background(rng, 4.0, {"yes": 0.0, "no": 0.0}, "talk")
    prepared = {
        name: half(spoken(rng, 30, f"words_{name}_10"), spoken(rng, 20, f"{name}_clean"), talk)
        for name in ("A", "B")
    }
    figures = at_target(Target(2.0), prepared, ["10", "clean"])
    assert figures["supported"]
    assert figures["conditions"]["10"]["words"] == 2 * 2 * 30
    assert figures["conditions"]["clean"]["words"] == 2 * 2 * 20
    assert figures["all"]["words"] == 200
    assert figures["all"]["misses"] == sum(
        figures["conditions"][name]["misses"] for name in ("10", "clean")
    )


def test_hours_that_prove_nothing_are_told() -> None:
    """Four hours can't show that half a false accept an hour is kept."""
    assert not at_target(Target(0.5), noisy_and_silent(), ["10"])["supported"]


def test_a_target_may_be_of_all_words_together() -> None:
    """Then all have one threshold on a half, and the sum counts."""
    figures = at_target(Target(2.0, total=True), noisy_and_silent(), ["10"])
    thresholds = {keyword: row["thresholds"] for keyword, row in figures["keywords"].items()}
    assert thresholds["yes"][1] == thresholds["no"][1] == FLOOR
    assert thresholds["yes"][0] > 0.9


def test_the_shipped_thresholds_are_counted_on_both_halves() -> None:
    """As they are: of fifty an hour in four hours all fire, and each word is heard that passes them."""
    low, prepared = neutral(settings()), noisy_and_silent()
    figures = as_shipped(low, prepared, ["10"])
    assert figures["keywords"]["yes"]["thresholds"] == [FLOOR]
    assert 150 < figures["all"]["false_accepts"] < 250
    assert figures["all"]["words"] == 200
    keywords = {name: with_threshold(own, 1.0) for name, own in low.keywords.items()}
    strict = as_shipped(replace(low, keywords=keywords), prepared, ["10"])
    assert strict["all"]["false_accepts"] == 0
    assert strict["conditions"]["10"]["misses"] == 200


def test_conditions_are_told_word_by_word() -> None:
    """Words and misses of a condition are its own; false accepts those of the background."""
    figures = at_target(Target(1.0), noisy_and_silent(), ["10"])
    words = figures["conditions"]["10"]["keywords"]
    assert {keyword: row["words"] for keyword, row in words.items()} == {"yes": 100, "no": 100}


def test_a_half_needs_words_and_background() -> None:
    """Neither can be measured without."""
    with pytest.raises(InputError, match="a recording with the words and one without them"):
        half(spoken(np.random.default_rng(3), 5))
