"""A whole tuning on simulated streams: what is chosen by what, and what is told of it."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from support.score_streams import LABELS, background, settings, spoken

from kws_live.config import GateSettings
from kws_live.eval.choose import Target
from kws_live.eval.posteriors import Stored
from kws_live.tune.figures import as_comment, as_json, as_point
from kws_live.tune.report import deciders, figure, sentences, span
from kws_live.tune.tuning import Check, Tuning, tune

RATES = {"yes": 10.0, "no": 10.0}


def heard(hours: float = 4.0, seed: int = 0, name: str = "home") -> Stored:
    return background(np.random.default_rng(seed), hours, RATES, name)


def words(seed: int = 1, count: int = 20) -> Stored:
    return spoken(np.random.default_rng(seed), count)


def tuned(
    target: Target,
    *recordings: Stored,
    said: tuple[Stored, ...] = (),
    keywords: tuple[str, ...] = (),
) -> Tuning:
    return tune(recordings or [heard()], said, LABELS, settings(0.3), target, keywords)


def test_without_words_only_thresholds_are_chosen() -> None:
    """Nobody could say what another smoothing misses."""
    tuning = tuned(Target(2.0))
    assert tuning.after.smoothing_s == 0.3
    assert tuning.words.words == 0
    assert list(tuning.misses_by_smoothing) == [0.3]
    assert "frr" not in as_json(tuning)["all"]


def test_the_smoothing_that_misses_fewest_words_is_taken() -> None:
    """Of the model's own and some others."""
    tuning = tuned(Target(2.0), said=(words(),))
    misses = tuning.misses_by_smoothing
    assert sorted(misses) == [0.1, 0.2, 0.3]
    assert misses[tuning.after.smoothing_s] == min(misses.values())


def test_where_nothing_is_promised_the_smoothing_stays() -> None:
    """A shorter one at the same threshold would let through more: as good as a lower threshold."""
    tuning = tuned(Target(1.0), heard(1 / 6), said=(words(),))
    assert not tuning.choice.supported
    assert list(tuning.misses_by_smoothing) == [0.3]


def test_a_choice_among_three_widens_the_intervals() -> None:
    """One of three was bound to look best."""
    alone, among = tuned(Target(2.0)), tuned(Target(2.0), said=(words(),))
    assert alone.choice.prediction.confidence == 0.95
    assert among.choice.prediction.confidence == pytest.approx(1 - 0.05 / 3)


def test_with_two_halves_each_is_counted_with_what_the_other_one_chose() -> None:
    """All words are counted, none with a smoothing that it helped to choose."""
    tuning = tuned(Target(2.0), said=(words(1), words(2)))
    assert tuning.words.words == 80
    best = min(tuning.misses_by_smoothing.values())
    assert tuning.words.misses >= best


def test_the_refractory_time_stays_where_nothing_speaks_against_it() -> None:
    """Words two seconds apart are heard as well with half a second as with one."""
    tuning = tuned(Target(2.0), said=(words(),))
    assert {own.refractory_s for own in tuning.after.keywords.values()} == {0.4}


def test_a_refractory_time_that_swallows_words_is_shortened() -> None:
    """Of words two seconds apart, three seconds lose every other one."""
    slow = settings(0.3)
    slow = replace(
        slow, keywords={name: replace(own, refractory_s=5.0) for name, own in slow.keywords.items()}
    )
    tuning = tune([heard()], [words()], LABELS, slow, Target(2.0))
    assert all(own.refractory_s <= 2.0 for own in tuning.after.keywords.values())


def test_one_recording_has_no_other_one_to_be_checked_on() -> None:
    """Two have, and the count that was to be expected is told."""
    assert tuned(Target(2.0)).check is None
    tuning = tuned(Target(2.0), heard(seed=3, name="a"), heard(seed=4, name="b"))
    assert tuning.check is not None
    assert tuning.check.hours == pytest.approx(8.0)
    assert tuning.check.agrees
    assert any(line.startswith("check:") for line in sentences(tuning))


def test_recordings_that_differ_by_more_than_chance_are_told() -> None:
    """A quiet house and a party."""
    party = background(np.random.default_rng(5), 4.0, {"yes": 200.0, "no": 200.0}, "party")
    tuning = tuned(Target(2.0), heard(seed=3, name="quiet"), party)
    assert tuning.check is not None
    assert not tuning.check.agrees
    assert any("too narrow" in line for line in sentences(tuning))


def test_a_half_that_is_too_quiet_does_not_hide_one_that_is_too_loud() -> None:
    """What one way lacks, the other one has too much: their sum could look as expected."""
    limits = ((5, 20), (5, 20))
    assert Check((12, 13), limits, 8.0).agrees
    assert not Check((0, 25), limits, 8.0).agrees


def test_a_background_in_which_the_gate_never_opened_is_told() -> None:
    """A muted microphone sets nothing off."""
    silent = replace(heard(1.0), open_s=0.0)
    assert any("muted?" in line for line in sentences(tuned(Target(1.0), silent)))
    assert not any("muted?" in line for line in sentences(tuned(Target(1.0), heard(1.0))))


def test_ten_minutes_are_refused_a_promise_in_plain_words() -> None:
    """With what they do bound, and what it takes."""
    (refusal, *_) = sentences(tuned(Target(1.0), heard(1 / 6)))
    assert "10 minutes can't show 1 false accept per hour" in refusal
    assert "10 minutes bound a keyword at 18/h (95 %)" in refusal
    assert "No threshold was lowered" in refusal
    assert "Record at least 3.0 hours, or ask for 18 with --fa-per-hour" in refusal


def test_what_is_asked_for_as_advised_is_promised() -> None:
    """The advice is rounded so that it holds."""
    for seconds in (599.0, 600.0, 601.0, 3_333.0):
        (refusal, *_) = sentences(tuned(Target(0.1), heard(seconds / 3600)))
        advised = float(refusal.split("or ask for ")[1].split()[0])
        assert tuned(Target(advised), heard(seconds / 3600)).choice.supported


def test_what_decided_can_be_listened_to() -> None:
    """The recording and the time of the event under each threshold."""
    lines = list(deciders(tuned(Target(2.0))))
    assert len(lines) == 2
    assert all(line.endswith(" in home") and " at " in line for line in lines)


def test_a_point_for_a_model_is_complete() -> None:
    """Keywords that are switched off keep their settings and count nothing."""
    tuning = tuned(Target(2.0), said=(words(),))
    own = {"threshold": 0.7, "release": 0.35, "refractory_s": 1.0}
    point = {"keywords": dict.fromkeys(("yes", "no", "maybe"), own)}
    gate = GateSettings(enabled=True, mode=2, onset_s=0.06, hangover_s=0.6, preroll_s=0.3)
    made = as_point(tuning, gate, point, "four hours of mine")
    assert made["keywords"]["maybe"] == own
    assert made["keywords"]["yes"]["threshold"] == tuning.after.keywords["yes"].threshold
    assert list(made["measured"]["keywords"]) == ["yes", "no", "maybe"]
    assert made["measured"]["data"] == "four hours of mine"
    assert made["measured"]["words"] == 40


def test_the_comment_says_where_the_numbers_are_from() -> None:
    """When, on what, for what, and what to expect."""
    lines = as_comment(
        tuned(Target(2.0)), "default", "4 hours of background", datetime(2026, 11, 23, 6, 0)
    )
    assert lines[0] == "2026-11-23 06:00, model default, on 4 hours of background"
    assert lines[1] == "asked for 2 false accepts per hour of each keyword"
    assert any(line.startswith("yes: expect ") and "(95 %:" in line for line in lines)


@pytest.mark.parametrize(
    ("hours", "text"),
    [(1 / 6, "10 minutes"), (1 / 60, "1 minute"), (0.005, "18 seconds"), (3.0, "3.0 hours")],
)
def test_a_length_of_time_is_told_as_people_say_it(hours: float, text: str) -> None:
    """In the unit that suits it."""
    assert span(hours) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.253, "0.25"), (4.06, "4.1"), (214.9, "215")]
)
def test_a_rate_has_as_many_digits_as_it_deserves(value: float, text: str) -> None:
    """Two, or whole numbers."""
    assert figure(value) == text
