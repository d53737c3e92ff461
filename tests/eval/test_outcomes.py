"""What became of each word and each detection, with its score."""

from dataclasses import replace

import pytest
from support.stored import stored_recording

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.eval.evaluation import Evaluator
from kws_live.eval.outcomes import Outcome, Scores, outcomes
from kws_live.eval.posteriors import Stored
from kws_live.eval.tracks import Label

LABELS = ("go", "no", "_unknown_", "_silence_")
OWN = KeywordSettings(threshold=0.6, release=0.3, refractory_s=0.2)
SETTINGS = DecoderSettings(smoothing_s=0.1, hold_s=0.0, keywords={"go": OWN, "no": OWN})
GO = Label(10.0, 10.5, "go")


def outcomes_of(stored: Stored) -> list[Outcome]:
    """Every outcome under the settings above."""
    evaluator = Evaluator([stored], LABELS, SETTINGS)
    ((_, matching),) = evaluator.at(SETTINGS).recordings
    return outcomes(matching, scores_of(stored))


def scores_of(stored: Stored) -> Scores:
    """The scores under the settings above."""
    return Scores(stored, Evaluator([stored], LABELS, SETTINGS).scores[0], ("go", "no"))


def approx(value: float) -> float:
    """The same in float32."""
    return pytest.approx(value, abs=1e-6)


def test_a_hit_has_the_span_of_its_label_and_the_score_of_its_decision() -> None:
    """Not the highest score: that of the moment at which it fired."""
    stored = stored_recording(LABELS, {10.4: ("go", 0.7), 10.5: ("go", 0.9)}, GO)
    assert outcomes_of(stored) == [Outcome("hit", "go", 10.0, 10.5, 10.4, approx(0.7))]


def test_a_miss_has_the_highest_score_of_its_time() -> None:
    """The nearest that it came to being detected, and no later score."""
    scores = {10.2: ("go", 0.2), 11.0: ("go", 0.5), 12.0: ("go", 0.55)}
    assert outcomes_of(stored_recording(LABELS, scores, GO)) == [
        Outcome("miss", "go", 10.0, 10.5, None, approx(0.5))
    ]


def test_a_miss_behind_a_closed_gate_has_no_score() -> None:
    """There was no window to score."""
    stored = stored_recording(LABELS, {}, GO, duration_s=20.0)
    silent = replace(stored, end_samples=stored.end_samples[:0], posteriors=stored.posteriors[:0])
    assert outcomes_of(silent) == [Outcome("miss", "go", 10.0, 10.5, None, None)]


def test_a_substitution_shows_on_both_sides() -> None:
    """The miss tells what was heard, the false accept what was said."""
    miss, false = outcomes_of(stored_recording(LABELS, {10.6: ("no", 0.8)}, GO))
    if miss.kind == "false":
        miss, false = false, miss
    assert (miss.kind, miss.keyword, miss.other) == ("miss", "go", "no")
    assert (false.kind, false.keyword, false.other) == ("false", "no", "go")


def test_a_false_accept_spans_the_second_before_its_decision() -> None:
    """Where the sound that set it off must be; in a longer word, that word is told."""
    known = Label(30.0, 30.4, "known")
    (found,) = outcomes_of(stored_recording(LABELS, {30.3: ("no", 0.8)}, known))
    assert found == Outcome("false", "no", approx(29.3), 30.3, 30.3, approx(0.8), "known")


def test_duplicates_and_ignored_detections_are_outcomes_too() -> None:
    """In order of time."""
    scores = {10.2: ("go", 0.9), 10.8: ("go", 0.8), 50.0: ("no", 0.7)}
    stored = stored_recording(LABELS, scores, GO, Label(49.0, 51.0, "?no"))
    assert [one.kind for one in outcomes_of(stored)] == ["hit", "duplicate", "ignored"]


def test_word_scores_hold_one_score_for_each_time_it_was_said() -> None:
    """The highest within its time, whether it was detected or not; uncertain ones are left out."""
    scores = {10.2: ("go", 0.9), 10.3: ("go", 0.95), 40.2: ("go", 0.3)}
    labels = (GO, Label(40.0, 40.5, "go"), Label(60.0, 60.5, "?go"))
    found = scores_of(stored_recording(LABELS, scores, *labels)).of_words("go")
    assert found == [approx(0.95), approx(0.3)]


def test_background_scores_are_the_highest_of_each_second_without_the_word() -> None:
    """Where it was or may have been said doesn't count: here two seconds of twenty, and parts of two others."""
    scores = {0.5: ("go", 0.2), 0.7: ("go", 0.4), 10.2: ("go", 0.9), 14.5: ("go", 0.8)}
    stored = stored_recording(LABELS, scores, GO, Label(14.0, 15.0, "?go"), duration_s=20.0)
    found = scores_of(stored).of_background("go").tolist()
    assert max(found) == approx(0.4)
    assert sum(value > 0 for value in found) == 1
    assert len(found) == 18
