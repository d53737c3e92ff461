"""The rule by which detections are judged against labels, case by case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.eval.match import Decision, Matching, Pair, match
from kws_live.eval.tracks import Label

KEYWORDS = ("yes", "no", "stop")
HOUR_S = 3600.0
YES = Label(10.0, 10.5, "yes")


def judge(
    decisions: list[tuple[str, float]], labels: list[Label], duration_s: float = HOUR_S
) -> Matching:
    return match([Decision(*d) for d in decisions], labels, KEYWORDS, duration_s)


@pytest.mark.parametrize("decided_s", [10.0, 10.3, 10.5, 11.25])
def test_a_detection_from_start_to_three_quarters_of_a_second_past_the_end_is_a_hit(
    decided_s: float,
) -> None:
    """Both ends of that stretch belong to it."""
    result = judge([("yes", decided_s)], [YES])
    assert result.hits == [Pair(YES, Decision("yes", decided_s))]
    assert not result.misses
    assert not result.false_accepts


@pytest.mark.parametrize("decided_s", [9.9, 11.3])
def test_a_detection_too_early_or_too_late_is_a_miss_and_a_false_accept(decided_s: float) -> None:
    """Being near is not enough."""
    result = judge([("yes", decided_s)], [YES])
    assert result.misses == [YES]
    assert result.false_accepts == [Decision("yes", decided_s)]


def test_the_limit_holds_for_times_that_floats_cannot_hold() -> None:
    """1.1 s + 0.75 s is not 1.85 s in binary: times compare as whole samples."""
    for tenths in range(1, 200):
        label = Label(0.0, tenths / 10, "yes")
        decided_s = round(tenths * 1600 + 12_000) / 16_000
        assert judge([("yes", decided_s)], [label]).hits


def test_a_second_detection_of_a_word_is_a_duplicate() -> None:
    """It is neither a second hit nor a false accept."""
    result = judge([("yes", 10.4), ("yes", 11.0)], [YES])
    assert result.hits == [Pair(YES, Decision("yes", 10.4))]
    assert result.duplicates == [Pair(YES, Decision("yes", 11.0))]
    assert result.false_accepts == []


def test_another_keyword_in_place_of_the_word_is_a_substitution() -> None:
    """It is a miss, a false accept, and listed as a substitution."""
    result = judge([("no", 10.6)], [YES])
    assert result.misses == [YES]
    assert result.false_accepts == [Decision("no", 10.6)]
    assert result.substitutions == [Pair(YES, Decision("no", 10.6))]


def test_another_keyword_beside_a_hit_is_only_a_false_accept() -> None:
    """Nothing was substituted where the word itself was found."""
    result = judge([("yes", 10.5), ("no", 10.6)], [YES])
    assert result.hits
    assert result.false_accepts == [Decision("no", 10.6)]
    assert result.substitutions == []


def test_a_detection_away_from_every_label_is_a_false_accept() -> None:
    """Whatever the keyword."""
    result = judge([("stop", 100.0)], [YES])
    assert result.false_accepts == [Decision("stop", 100.0)]
    assert result.substitutions == []


def test_a_detection_where_the_word_may_have_been_said_counts_for_nothing() -> None:
    """`?no` excuses detections of no, however many."""
    result = judge([("no", 20.0), ("no", 25.0)], [Label(19.0, 30.0, "?no")])
    assert result.ignored == [Decision("no", 20.0), Decision("no", 25.0)]
    assert not result.hits
    assert not result.misses
    assert not result.false_accepts


def test_an_uncertain_word_excuses_no_other_keyword() -> None:
    """A detection of yes where no may have been said is a false accept, and no substitution."""
    result = judge([("yes", 20.0)], [Label(19.0, 30.0, "?no")])
    assert result.false_accepts == [Decision("yes", 20.0)]
    assert result.substitutions == []


def test_a_label_inside_an_uncertain_span_is_still_hit() -> None:
    """What is known for certain goes first."""
    result = judge([("yes", 10.5)], [Label(0.0, 60.0, "?yes"), YES])
    assert result.hits == [Pair(YES, Decision("yes", 10.5))]


def test_words_that_are_no_keyword_are_negatives() -> None:
    """`known` holds no; a detection there is a false accept, and silence there is right."""
    result = judge([("no", 5.5)], [Label(5.0, 5.6, "known")])
    assert result.false_accepts == [Decision("no", 5.5)]
    assert result.misses == []


@pytest.mark.parametrize("decided_s", [5.0, 5.6, 6.35])
def test_a_false_accept_in_a_word_that_contains_the_keyword_is_listed_with_that_word(
    decided_s: float,
) -> None:
    """From its start to 0.75 s after its end; it stays a false accept."""
    known = Label(5.0, 5.6, "Known")
    result = judge([("no", decided_s)], [known])
    assert result.false_accepts == [Decision("no", decided_s)]
    assert result.embedded == [Pair(known, Decision("no", decided_s))]
    assert result.substitutions == []


@pytest.mark.parametrize(("keyword", "decided_s"), [("no", 6.4), ("yes", 5.3)])
def test_a_false_accept_elsewhere_or_of_another_keyword_is_not_listed_with_it(
    keyword: str, decided_s: float
) -> None:
    """After the word's time has run out, or of a keyword that the word does not contain."""
    result = judge([(keyword, decided_s)], [Label(5.0, 5.6, "known")])
    assert result.false_accepts == [Decision(keyword, decided_s)]
    assert result.embedded == []


@pytest.mark.parametrize("decided_s", [19.0, 30.0, 30.75])
def test_an_uncertain_span_excuses_as_long_as_a_label_would_count(decided_s: float) -> None:
    """From its start to 0.75 s after its end, as the word may be its last one."""
    result = judge([("no", decided_s)], [Label(19.0, 30.0, "?no")])
    assert result.ignored == [Decision("no", decided_s)]


@pytest.mark.parametrize("decided_s", [18.9, 30.8])
def test_beside_an_uncertain_span_a_detection_is_a_false_accept(decided_s: float) -> None:
    """It excuses nothing before its start, and nothing later than that."""
    result = judge([("no", decided_s)], [Label(19.0, 30.0, "?no")])
    assert result.false_accepts == [Decision("no", decided_s)]


def test_a_repetition_after_the_words_time_has_run_out_is_a_false_accept() -> None:
    """No duplicate of something so long ago."""
    result = judge([("yes", 10.4), ("yes", 11.4)], [YES])
    assert result.hits
    assert result.duplicates == []
    assert result.false_accepts == [Decision("yes", 11.4)]


def test_a_label_that_is_in_the_track_twice_counts_once() -> None:
    """A slip of whoever labelled is no second word."""
    result = judge([], [YES, YES])
    assert result.misses == [YES]


def test_a_substitution_is_only_within_the_time_of_the_missed_word() -> None:
    """Another keyword a second later is a false accept, and replaced nothing."""
    result = judge([("no", 11.3)], [YES])
    assert result.false_accepts == [Decision("no", 11.3)]
    assert result.substitutions == []


def test_a_word_said_twice_in_quick_succession_can_be_hit_twice() -> None:
    """A detection goes to the label that runs out first, so the next one is left for the next."""
    first, second = Label(10.0, 10.4, "yes"), Label(10.8, 11.2, "yes")
    result = judge([("yes", 11.0), ("yes", 11.6)], [second, first])
    assert [pair.label for pair in result.hits] == [first, second]
    assert result.duplicates == []


def test_a_detection_of_the_next_word_is_no_substitution_of_the_last() -> None:
    """It is a hit of its own label, though the missed one's time has not run out."""
    after = Label(10.7, 11.0, "no")
    result = judge([("no", 11.0)], [YES, after])
    assert result.hits == [Pair(after, Decision("no", 11.0))]
    assert result.misses == [YES]
    assert result.substitutions == []


def test_a_keyword_that_the_detector_does_not_listen_for_is_refused() -> None:
    """Counting it anywhere would be a lie."""
    with pytest.raises(ValueError, match="maybe"):
        judge([("maybe", 1.0)], [])


def test_negative_time_is_each_keywords_own() -> None:
    """That in which it was not, and may not have been, said; where spans overlap, counted once."""
    labels = [Label(0.0, 1799.25, "?no"), Label(1000.0, 1899.25, "?no")]
    result = judge([], labels)
    assert result.negative_s == {"yes": HOUR_S, "no": HOUR_S - 1900.0, "stop": HOUR_S}


def test_the_time_in_which_a_word_is_hit_is_not_its_negative_time() -> None:
    """A detection there can't be a false accept; for the other keywords it can."""
    result = judge([], [YES])
    assert result.negative_s["yes"] == pytest.approx(HOUR_S - 1.25)
    assert result.negative_s["no"] == HOUR_S


def test_negative_time_is_exact() -> None:
    """Spans of a third of a second that cover everything leave nothing, not a rounding error."""
    spans = [Label(number / 3, (number + 1) / 3, "?yes") for number in range(3 * 7)]
    assert judge([], spans, duration_s=7.0).negative_s["yes"] == 0.0


TIMES_S = st.floats(0.0, 60.0)


@given(
    st.lists(st.tuples(st.sampled_from(KEYWORDS), TIMES_S), max_size=30),
    st.lists(
        st.tuples(TIMES_S, st.floats(0.0, 3.0), st.sampled_from(("yes", "no", "?yes", "cat"))),
        max_size=15,
    ),
)
def test_every_detection_and_every_label_is_counted_once(
    decisions: list[tuple[str, float]], raw: list[tuple[float, float, str]]
) -> None:
    """Hit, duplicate, ignored or false accept; hit or missed; and time does not go negative."""
    labels = list({Label(start_s, start_s + length_s, text) for start_s, length_s, text in raw})
    result = judge(decisions, labels, duration_s=60.0)
    judged = [pair.decision for pair in result.hits + result.duplicates]
    judged += result.ignored + result.false_accepts
    assert sorted(judged, key=repr) == sorted((Decision(*d) for d in decisions), key=repr)
    found = [pair.label for pair in result.hits] + result.misses
    spoken = [label for label in labels if label.text in KEYWORDS]
    assert sorted(found, key=repr) == sorted(spoken, key=repr)
    assert all(0.0 <= seconds <= 60.0 for seconds in result.negative_s.values())
