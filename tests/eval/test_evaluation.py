"""The figures of an evaluation: counts, rates with their intervals, confusion and latencies."""

from dataclasses import replace

import pytest
from support.stored import stored_recording

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.eval.counts import Count, Counts
from kws_live.eval.evaluation import Evaluation, evaluate, sweep, sweep_thresholds
from kws_live.eval.intervals import binomial_interval, poisson_interval
from kws_live.eval.posteriors import Stored
from kws_live.eval.tracks import Label

LABELS = ("go", "stop", "_unknown_", "_silence_")
SETTINGS = DecoderSettings(
    smoothing_s=0.1,
    hold_s=0.0,
    keywords={
        "go": KeywordSettings(threshold=0.6, release=0.3, refractory_s=0.2),
        "stop": KeywordSettings(threshold=0.6, release=0.3, refractory_s=0.2),
    },
)
HOUR_S = 3600.0


def recording(
    scores: dict[float, tuple[str, float]], *labels: Label, duration_s: float = HOUR_S
) -> Stored:
    """A recording whose model gives, at these times and at no other, this keyword this posterior."""
    return stored_recording(LABELS, scores, *labels, duration_s=duration_s)


def judged(*recordings: Stored) -> Evaluation:
    """The evaluation under the settings above."""
    return evaluate(recordings, LABELS, SETTINGS)


GO, STOP = Label(10.0, 10.5, "go"), Label(20.0, 20.5, "stop")


def test_words_misses_and_false_accepts_are_counted_per_keyword() -> None:
    """One hit, one miss, and a false accept of the keyword that was missed."""
    counts = judged(recording({10.4: ("go", 0.9), 100.0: ("stop", 0.9)}, GO, STOP)).counts
    go, stop = counts.keywords["go"], counts.keywords["stop"]
    assert (go.words, go.misses, go.false_accepts) == (1, 0, 0)
    assert (stop.words, stop.misses, stop.false_accepts) == (1, 1, 1)
    assert (counts.words, counts.misses, counts.false_accepts) == (2, 1, 1)


def test_recordings_add_up() -> None:
    """Words, misses and hours of all of them."""
    one = recording({10.4: ("go", 0.9)}, GO)
    other = recording({}, GO, duration_s=HOUR_S / 2)
    go = judged(one, other).counts.keywords["go"]
    assert (go.words, go.misses) == (2, 1)
    assert go.negative_h == pytest.approx(1.5 - 2 * 1.25 / HOUR_S)


def test_duplicates_and_ignored_detections_are_counted_apart() -> None:
    """A second detection of a word, and one where the word may have been said, are no false accepts."""
    scores = {10.3: ("go", 0.9), 10.8: ("go", 0.9), 50.0: ("stop", 0.9)}
    counts = judged(recording(scores, GO, Label(45.0, 55.0, "?stop"))).counts
    assert (counts.duplicates, counts.ignored, counts.false_accepts) == (1, 1, 0)


def test_rates_come_with_their_exact_intervals() -> None:
    """Binomial for the misses, Poisson over the keyword's own hours for the false accepts."""
    count = Count(words=50, misses=7, duplicates=0, false_accepts=3, ignored=0, negative_h=2.5)
    assert count.frr == 0.14
    assert count.frr_ci95 == binomial_interval(7, 50)
    assert count.fa_per_hour == 1.2
    assert count.fa_per_hour_ci95 == poisson_interval(3, 2.5)


def test_without_words_there_is_no_rate_of_misses() -> None:
    """None, not zero: it was not measured."""
    counts = judged(recording({})).counts
    assert counts.frr is None
    assert counts.frr_ci95 is None
    assert counts.keywords["go"].frr is None
    assert counts.keywords["go"].frr_ci95 is None


def test_without_negative_time_there_is_no_rate_of_false_accepts() -> None:
    """Where go may be said all along; and as the sum would lack it, there is no sum."""
    counts = judged(recording({}, Label(0.0, HOUR_S, "?go"))).counts
    assert counts.keywords["go"].fa_per_hour is None
    assert counts.keywords["go"].fa_per_hour_ci95 is None
    assert counts.keywords["stop"].fa_per_hour == 0.0
    assert counts.fa_per_hour is None
    assert counts.fa_per_hour_ci95 is None


def count(false_accepts: int, negative_h: float) -> Count:
    """A count of false accepts alone."""
    return Count(0, 0, 0, false_accepts, 0, negative_h)


def test_the_rate_of_all_is_the_sum_of_the_keywords_own() -> None:
    """Each over its own hours."""
    assert Counts({"go": count(4, 2.0), "stop": count(3, 1.0)}).fa_per_hour == 5.0


def test_the_interval_of_the_sum_is_exact_where_all_have_the_same_hours() -> None:
    """Then it is that of one count of all events."""
    counts = Counts({"go": count(4, 2.0), "stop": count(3, 2.0)})
    assert counts.fa_per_hour_ci95 == pytest.approx(poisson_interval(7, 2.0))


def test_without_events_the_shortest_hours_bound_the_sum() -> None:
    """Nothing is claimed that the keyword tested least does not support."""
    counts = Counts({"go": count(0, 2.0), "stop": count(0, 0.5)})
    assert counts.fa_per_hour_ci95 == pytest.approx(poisson_interval(0, 0.5))


def test_the_interval_of_the_sum_holds_the_sum() -> None:
    """Also where the hours differ."""
    counts = Counts({"go": count(9, 3.0), "stop": count(1, 0.2)})
    assert counts.fa_per_hour_ci95 is not None
    low, high = counts.fa_per_hour_ci95
    assert low < 8.0 < high


def test_each_word_is_in_the_confusion_once() -> None:
    """Hit, replaced by another keyword, or missed: the row of a keyword sums to its words."""
    after = Label(30.0, 30.5, "go")
    scores = {10.4: ("go", 0.9), 20.4: ("go", 0.9), 200.0: ("stop", 0.9)}
    evaluation = judged(recording(scores, GO, STOP, after))
    assert evaluation.confusion == {
        ("go", "go"): 1,
        ("go", None): 1,
        ("stop", "go"): 1,
        (None, "stop"): 1,
    }
    for keyword, own in evaluation.counts.keywords.items():
        assert (
            sum(n for (said, _), n in evaluation.confusion.items() if said == keyword) == own.words
        )


def test_two_wrong_detections_of_one_word_are_a_substitution_and_a_false_accept() -> None:
    """The confusion still holds each word once, and each detection once."""
    scores = {20.1: ("go", 0.9), 20.6: ("go", 0.9)}
    evaluation = judged(recording(scores, STOP))
    assert evaluation.counts.false_accepts == 2
    assert evaluation.confusion == {("stop", "go"): 1, (None, "go"): 1}


def test_of_two_substitutions_the_first_stands_for_the_word() -> None:
    """In the confusion as in its outcome."""
    labels = ("go", "stop", "up", "_unknown_", "_silence_")
    settings = replace(
        SETTINGS, keywords={name: SETTINGS.keywords["go"] for name in ("go", "stop", "up")}
    )
    stored = stored_recording(labels, {20.1: ("go", 0.9), 20.6: ("up", 0.9)}, STOP)
    found = evaluate([stored], labels, settings)
    assert found.confusion == {("stop", "go"): 1, (None, "up"): 1}


def test_false_accepts_in_longer_words_get_a_line_of_their_own() -> None:
    """`going` holds go, and is no go."""
    evaluation = judged(recording({40.3: ("go", 0.9)}, Label(40.0, 40.4, "going")))
    assert evaluation.counts.keywords["go"].false_accepts == 1
    assert evaluation.embedded == {("going", "go"): 1}


def test_latency_is_from_the_end_of_the_word_to_the_decision() -> None:
    """In time of the stream; a decision before the end of the word is negative."""
    scores = {10.7: ("go", 0.9), 20.4: ("stop", 0.9)}
    latencies_s = judged(recording(scores, GO, STOP)).latencies_s
    assert latencies_s["go"] == [pytest.approx(0.2)]
    assert latencies_s["stop"] == [pytest.approx(-0.1)]


def test_a_sweep_takes_one_threshold_for_all_keywords() -> None:
    """A word that scores 0.5 is heard at 0.4 and missed at 0.6; so is what is false."""
    stored = recording({10.4: ("go", 0.5), 60.0: ("stop", 0.5)}, GO)
    low, high = sweep([stored], LABELS, SETTINGS, (0.4, 0.6))
    assert (low.threshold, low.counts.misses, low.counts.false_accepts) == (0.4, 0, 1)
    assert (high.threshold, high.counts.misses, high.counts.false_accepts) == (0.6, 1, 0)


def test_thresholds_of_a_curve_are_close_together_near_one() -> None:
    """Scores crowd there."""
    thresholds = sweep_thresholds()
    assert thresholds == sorted(set(thresholds))
    assert 0.0 < thresholds[0] < 0.1
    assert 0.999 < thresholds[-1] < 1.0
    assert thresholds[-1] - thresholds[-2] < 0.001 < thresholds[40] - thresholds[39]
