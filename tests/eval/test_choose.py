"""Thresholds for a rate of false accepts, on streams whose events are known."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.errors import InputError
from kws_live.eval.background import Background
from kws_live.eval.choose import Choice, Target, choose
from kws_live.eval.ladder import CEILING, FLOOR, just_above
from kws_live.eval.posteriors import Stored
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ

LABELS = ("yes", "no", "_unknown_", "_silence_")
SETTINGS = DecoderSettings(
    smoothing_s=0.1,
    hold_s=0.4,
    keywords={"yes": KeywordSettings(0.5, 0.25, 1.0), "no": KeywordSettings(0.5, 0.25, 1.0)},
)


def stream(
    *peaks: tuple[float, float, float], hours: float = 1.0, labels: tuple[Label, ...] = ()
) -> Stored:
    """Hours in which the model answers (time in s, "yes", "no"), and nothing a hop after each."""
    ends, rows = [], []
    for time_s, yes, no in peaks:
        for end_s, values in ((time_s, (yes, no)), (time_s + 0.1, (0.0, 0.0))):
            ends.append(round(end_s * SAMPLE_RATE_HZ))
            rows.append([*values, 1 - sum(values), 0])
    posteriors = np.array(rows, dtype=np.float32).reshape(len(rows), len(LABELS))
    end_samples = np.array(ends, dtype=np.int64)
    return Stored(
        Path("stream"), labels, hours * 3600, end_samples, posteriors, 0.0, SAMPLE_RATE_HZ
    )


def of_yes(*scores: float, hours: float = 1.0) -> Stored:
    """A stream in which "yes" peaks at each of these scores, ten seconds apart."""
    return stream(*((10.0 * (i + 1), score, 0.0) for i, score in enumerate(scores)), hours=hours)


def chosen(
    recordings: Stored | Sequence[Stored],
    target: Target,
    keywords: Sequence[str] = (),
    settings: DecoderSettings = SETTINGS,
) -> Choice:
    """Choose on recordings."""
    given_ = [recordings] if isinstance(recordings, Stored) else recordings
    return choose(Background(given_, LABELS, settings), target, keywords)


def above(score: float) -> object:
    """A threshold that stands on an event of this score, whichever way its float32 was rounded."""
    return pytest.approx(score + 1.5e-5, abs=1e-5)


def threshold(choice: Choice, keyword: str = "yes") -> float:
    return choice.decoder.keywords[keyword].threshold


def test_the_threshold_is_just_above_the_first_event_too_many() -> None:
    """Four an hour: with the event that it stands on, four may be expected, so three are kept."""
    choice = chosen(of_yes(0.9, 0.8, 0.7, 0.6, 0.5), Target(4.0))
    assert threshold(choice) == above(0.6)
    yes = choice.keywords["yes"]
    assert yes.false_accepts == 3
    assert yes.prediction.per_hour == 4.0
    assert (yes.prediction.low, yes.prediction.high) == (4, 4)
    assert yes.stopped_by is not None
    assert yes.stopped_by.score == pytest.approx(0.6)
    assert yes.stopped_by.time_s == 40.0


def test_the_release_keeps_its_share_of_the_threshold() -> None:
    """Half of it here."""
    choice = chosen(of_yes(0.9, 0.8, 0.7, 0.6), Target(4.0))
    assert choice.decoder.keywords["yes"].release == pytest.approx(threshold(choice) / 2, abs=1e-5)


def test_scores_close_to_one_are_told_apart() -> None:
    """Posteriors crowd there: a grid of 0.01 would keep them all or none."""
    choice = chosen(of_yes(0.9994, 0.9993, 0.9992, 0.9991), Target(3.0))
    assert threshold(choice) == above(0.9992)
    assert choice.keywords["yes"].false_accepts == 2


def test_a_keyword_without_events_goes_down_to_the_floor() -> None:
    """And only a bound is told of it: no event in an hour, at most one is to be expected."""
    no = chosen(of_yes(0.9), Target(4.0)).keywords["no"]
    assert no.settings.threshold == FLOOR
    assert (no.prediction.low, no.prediction.high, no.stopped_by) == (0, 1, None)


@pytest.mark.parametrize(("hours", "supported"), [(1 / 6, False), (2.99, False), (3.0, True)])
def test_hours_under_three_by_the_target_support_no_promise(hours: float, supported: bool) -> None:
    """One an hour takes three hours."""
    assert chosen(of_yes(0.9, hours=hours), Target(1.0)).supported is supported
    assert Target(1.0).needed_h == 3.0


def test_without_support_no_threshold_is_lowered() -> None:
    """Ten quiet minutes prove little; but what did happen in them counts."""
    choice = chosen(of_yes(0.9, hours=1 / 6), Target(1.0))
    assert threshold(choice) == above(0.9)
    assert threshold(choice, "no") == 0.5


def test_what_no_threshold_keeps_is_told() -> None:
    """At the highest there is, with what it can reach."""
    choice = chosen(of_yes(0.99999, 0.99998, 0.99997), Target(1.0))
    assert choice.exceeding == ("yes",)
    assert threshold(choice) == CEILING
    assert choice.keywords["yes"].prediction.high == 4


def test_what_is_not_to_be_tuned_stays_and_is_decoded_too() -> None:
    """And its false accepts are part of the sum."""
    heard = stream((10.0, 0.9, 0.0), (20.0, 0.0, 0.8), hours=4.0)
    choice = chosen(heard, Target(1.0), ["yes"])
    assert choice.decoder.keywords["no"] == SETTINGS.keywords["no"]
    assert choice.keywords["no"].false_accepts == 1
    assert choice.prediction.high == sum(one.prediction.high for one in choice.keywords.values())


def test_a_word_that_a_label_names_is_no_false_accept() -> None:
    """Nor is one that a label says may be there."""
    said = (Label(9.0, 10.0, "yes"), Label(19.0, 20.0, "?yes"))
    heard = stream((10.0, 0.9, 0.0), (20.0, 0.8, 0.0), (30.0, 0.4, 0.0), labels=said)
    assert threshold(chosen(heard, Target(4.0))) == FLOOR
    assert chosen(heard, Target(1.0)).keywords["yes"].stopped_by is None


def test_a_keyword_that_another_one_held_back_is_raised_once_it_no_longer_is() -> None:
    """Alone "yes" fires at 10 s and "no" at 10.2 s: together "no" is held, until "yes" is raised."""
    heard = stream((10.0, 0.62, 0.0), (10.2, 0.0, 0.61), (20.0, 0.9, 0.0), hours=1.0)
    choice = chosen(heard, Target(2.0))
    counts = {keyword: one.false_accepts for keyword, one in choice.keywords.items()}
    assert max(counts.values()) <= 1
    assert choice.exceeding == ()


def test_a_target_for_all_moves_the_thresholds_together() -> None:
    """By the same step in log-odds: the stricter keyword stays the stricter one."""
    uneven = replace(SETTINGS, keywords={**SETTINGS.keywords, "no": KeywordSettings(0.8, 0.4, 1.0)})
    choice = chosen(of_yes(0.9, 0.7, 0.6), Target(3.0, total=True), settings=uneven)
    assert threshold(choice) == above(0.6)
    # 0.5 → 0.6 is an odds ratio of 1.5; 0.8 has odds of 4, so 6: 6/7.
    assert threshold(choice, "no") == pytest.approx(6 / 7, abs=1e-4)
    assert (choice.prediction.low, choice.prediction.high) == (3, 3)


def test_recordings_without_negative_time_are_refused() -> None:
    """The keyword is named, and what to give."""
    only = stream(hours=10 / 3600, labels=(Label(0.0, 10.0, "yes"),))
    with pytest.raises(InputError, match=r"detection of yes would be false.*Give longer ones"):
        chosen(only, Target(1.0))


SCORES = st.lists(st.floats(0.05, 0.9999), max_size=25)


@examples(max_examples=60)
@given(SCORES, st.floats(3, 30), st.floats(3, 30), st.booleans())
def test_a_lower_target_never_gives_a_lower_threshold(
    scores: list[float], one: float, other: float, total: bool
) -> None:
    """Whatever was heard."""
    heard = of_yes(*scores)
    strict = chosen(heard, Target(min(one, other), total))
    lax = chosen(heard, Target(max(one, other), total))
    assert threshold(strict) >= threshold(lax)
    assert threshold(strict, "no") >= threshold(lax, "no")


@examples(max_examples=60)
@given(SCORES, st.floats(1, 30))
def test_no_more_than_the_target_is_expected_or_it_is_told(
    scores: list[float], per_hour: float
) -> None:
    """One keyword, an hour."""
    choice = chosen(of_yes(*scores), Target(per_hour), ["yes"])
    yes = choice.keywords["yes"]
    assert ("yes" in choice.exceeding) == (yes.false_accepts > Target(per_hour).allowed(1.0))
    if not choice.exceeding:
        assert yes.prediction.per_hour <= max(per_hour, 1.0)


@given(st.floats(0, 0.9999))
def test_just_above_is_above_and_just(score: float) -> None:
    """By one to two steps of the grid."""
    assert 0.99e-5 < just_above(score) - score < 2.01e-5
