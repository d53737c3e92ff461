"""Thresholds chosen on labelled recordings, and what is told of them; counts are checked by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from kws_export.operating_point import read_operating_point
from support.tiny_model import make_tiny_model

from kws_live.config import DecoderSettings, KeywordSettings
from kws_live.errors import InputError, OutputError
from kws_live.eval.operating_point import (
    THRESHOLDS,
    Outcome,
    Recording,
    choose,
    decode,
    main,
    summary,
    warnings,
    with_thresholds,
)
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ, Posterior

LABELS = ("yes", "no", "_unknown_", "_silence_")
SETTINGS = DecoderSettings(
    smoothing_s=0.1,
    hold_s=0.4,
    keywords={"yes": KeywordSettings(0.5, 0.25, 1.0), "no": KeywordSettings(0.5, 0.25, 1.0)},
)
HOUR_S = 3600.0


def recording(*peaks: tuple[float, float, float], labels: tuple[Label, ...] = ()) -> Recording:
    """An hour in which the model answers (time in s, "yes", "no"), and nothing a hop after each."""
    posteriors = []
    for time_s, yes, no in peaks:
        for end_s, values in ((time_s, (yes, no)), (time_s + 0.1, (0.0, 0.0))):
            row = np.array([*values, 1 - sum(values), 0], dtype=np.float32)
            posteriors.append(Posterior(round(end_s * SAMPLE_RATE_HZ), row))
    return Recording(labels, HOUR_S, posteriors)


def chosen(fa_per_hour: float, *recordings: Recording) -> dict[str, float]:
    """The threshold of each keyword."""
    result = choose(recordings, LABELS, SETTINGS, fa_per_hour)
    return {name: keyword.threshold for name, keyword in result.keywords.items()}


def outcome(
    false_accepts: tuple[int, int], hours: tuple[float, float], said: tuple[int, int] = (0, 0)
) -> Outcome:
    """Counts of "yes" and "no", every tenth word missed."""
    return Outcome(
        words={"yes": said[0], "no": said[1]},
        misses={"yes": said[0] // 10, "no": said[1] // 10},
        false_accepts={"yes": false_accepts[0], "no": false_accepts[1]},
        negative_h={"yes": hours[0], "no": hours[1]},
    )


def test_hits_misses_and_false_accepts_are_counted_by_keyword() -> None:
    """One hit, one false accept elsewhere, one word missed; a word's own time is not negative."""
    heard = recording(
        (1.4, 0.9, 0.0),
        (5.0, 0.0, 0.8),
        labels=(Label(1.0, 1.5, "yes"), Label(8.0, 8.5, "no")),
    )
    counted = decode([heard, recording()], LABELS, SETTINGS)
    assert counted.words == {"yes": 1, "no": 1}
    assert counted.misses == {"yes": 0, "no": 1}
    assert counted.false_accepts == {"yes": 0, "no": 1}
    assert counted.negative_h == pytest.approx({"yes": 2 - 1.25 / 3600, "no": 2 - 1.25 / 3600})


def test_each_keyword_gets_the_lowest_threshold_that_keeps_the_rate() -> None:
    """Two false peaks of "yes" in an hour: one of them may remain, or none."""
    heard = recording((10.0, 0.625, 0.0), (20.0, 0.455, 0.0))
    assert chosen(1.0, heard) == {"yes": 0.46, "no": THRESHOLDS[0]}
    assert chosen(0.0, heard) == {"yes": 0.63, "no": THRESHOLDS[0]}


def test_the_rate_is_that_of_all_recordings_together() -> None:
    """The same two peaks in four hours are half a false accept an hour."""
    heard = recording((10.0, 0.625, 0.0), (20.0, 0.455, 0.0))
    assert chosen(0.5, heard, recording(), recording(), recording())["yes"] == THRESHOLDS[0]


def test_a_keyword_that_another_one_held_back_is_raised_once_it_no_longer_does() -> None:
    """At any common threshold "yes" is ahead of "no"; with a higher one of its own it is not."""
    heard = recording((10.0, 0.505, 0.485))
    common = decode([heard], LABELS, with_thresholds(SETTINGS, {"yes": 0.3, "no": 0.3}))
    assert common.false_accepts == {"yes": 1, "no": 0}
    apart = decode([heard], LABELS, with_thresholds(SETTINGS, {"yes": 0.51, "no": 0.3}))
    assert apart.false_accepts == {"yes": 0, "no": 1}
    assert chosen(0.0, heard) == {"yes": 0.51, "no": 0.49}


PEAK = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda p: (p[0], p[1] * (1 - p[0])))


@examples(max_examples=25, deadline=None)
@given(st.lists(PEAK, max_size=12), st.sampled_from((0.0, 1.0, 3.0)))
def test_the_rate_is_kept_by_all_keywords_together_or_its_failure_is_told(
    peaks: list[tuple[float, float]], fa_per_hour: float
) -> None:
    """Only a keyword at the highest threshold may exceed it, and then there is a warning."""
    heard = recording(*((2.0 + 0.5 * i, *peak) for i, peak in enumerate(peaks)))
    found = choose([heard], LABELS, SETTINGS, fa_per_hour)
    counted = decode([heard], LABELS, found)
    exceeding = {name for name, n in counted.false_accepts.items() if n > fa_per_hour}
    assert all(found.keywords[name].threshold == THRESHOLDS[-1] for name in exceeding)
    assert len(warnings(counted, found, fa_per_hour)) == len(exceeding)


def test_a_keyword_that_no_threshold_keeps_to_the_rate_is_told() -> None:
    """By name, with its count and what to do."""
    heard = recording((10.0, 0.999, 0.0))
    found = choose([heard], LABELS, SETTINGS, 0.0)
    (warning,) = warnings(decode([heard], LABELS, found), found, 0.0)
    assert "'yes'" in warning
    assert "at 0.98 it has 1 in 1.00 h" in warning
    assert "--fa-per-hour" in warning


def test_the_rate_is_the_sum_of_each_keywords_own() -> None:
    """Two in one hour and three in two hours are 3.5 an hour, not 5 in 1.5."""
    told = summary(outcome((2, 3), (1.0, 2.0)), "two keywords")
    assert told["fa_per_hour"] == 3.5
    # Poisson limits of 5 events are 1.623 and 11.668; 3.5 + √((2/1² + 3/2²) / 5) · (limit - 5).
    assert told["fa_per_hour_ci95"] == pytest.approx([0.996, 8.445], abs=2e-3)
    assert told["keywords"]["no"] == {
        "words": 0,
        "misses": 0,
        "false_accepts": 3,
        "negative_hours": 2.0,
    }


def test_with_equal_hours_the_interval_is_that_of_the_count() -> None:
    """Five events in two hours: the Poisson limits 1.623 and 11.668, halved."""
    told = summary(outcome((2, 3), (2.0, 2.0)), "two keywords")
    assert (told["fa_per_hour"], told["false_accepts"]) == (2.5, 5)
    assert told["fa_per_hour_ci95"] == pytest.approx([0.812, 5.834], abs=1e-3)


def test_no_false_accept_still_has_an_upper_limit() -> None:
    """3.689 in the shortest of the keywords' times."""
    told = summary(outcome((0, 0), (0.5, 2.0)), "quiet")
    assert told["fa_per_hour"] == 0
    assert told["fa_per_hour_ci95"] == pytest.approx([0, 7.378], abs=1e-3)


def test_words_that_were_missed_are_a_share_with_its_interval() -> None:
    """Ten of a hundred; Clopper and Pearson give 4.90 to 17.62 %."""
    told = summary(outcome((0, 0), (1.0, 1.0), said=(60, 40)), "words")
    assert (told["words"], told["frr"]) == (100, 0.1)
    assert told["frr_ci95"] == pytest.approx([0.0490, 0.1762], abs=1e-4)


def test_without_words_no_false_reject_rate_is_told() -> None:
    """Rather than one of nothing."""
    assert "frr" not in summary(outcome((0, 0), (1.0, 1.0)), "no words")


def test_what_is_told_says_that_choosing_and_measuring_were_on_the_same_recordings() -> None:
    """The intervals know nothing of it."""
    told = summary(outcome((0, 0), (1.0, 1.0)), "an hour of reading")
    assert told["data"] == "an hour of reading"
    assert told["chosen_on"] == "the same recordings"
    assert "counting only" in told["intervals"]


def test_recordings_without_negative_time_are_refused() -> None:
    """The keyword is named, and what to give."""
    only_yes = Recording([Label(0.0, 10.0, "yes")], 10.0, [])
    with pytest.raises(InputError, match=r"detection of yes would be false.*Give a long recording"):
        choose([only_yes], LABELS, SETTINGS, 1.0)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that guesses."""
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Ten seconds of bursts that open the gate, with a label track that holds no word."""
    rng = np.random.default_rng(1)
    seconds = np.arange(10 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    voiced = np.sign(np.sin(2 * np.pi * 140 * seconds)) * (np.sin(2 * np.pi * 0.7 * seconds) > 0)
    audio = 0.2 * voiced + 0.01 * rng.standard_normal(len(seconds))
    soundfile.write(tmp_path / "speech.wav", audio, SAMPLE_RATE_HZ)
    (tmp_path / "speech.txt").write_text("")
    return tmp_path / "speech.wav"


def test_the_file_written_is_what_the_export_takes(
    model: Path, speech: Path, tmp_path: Path
) -> None:
    """Each keyword at the threshold that the table shows, and nothing left beside the file."""
    out = tmp_path / "point.json"
    out.write_text("an older one")
    arguments = ["--model", model, "--data", "bursts", "--out", out, speech]
    done = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0
    point = read_operating_point(out, ("yes", "no"))
    for name, keyword in point["keywords"].items():
        assert f"{name:>8}  threshold {keyword['threshold']:.2f}" in done.stdout
    assert point["measured"] == json.loads(done.stdout.splitlines()[-1])
    assert point["measured"]["data"] == "bursts"
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"speech.wav", "speech.txt", "point.json"}


def test_a_file_that_cannot_be_written_is_named(model: Path, speech: Path, tmp_path: Path) -> None:
    """A folder is in its place; nothing is left beside it."""
    (tmp_path / "point").mkdir()
    arguments = ["--model", model, "--data", "bursts", "--out", tmp_path / "point", speech]
    with pytest.raises(OutputError, match=r"can't write .*point: Is a directory"):
        CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"speech.wav", "speech.txt", "point"}


def test_a_missing_label_track_is_named_before_the_model_runs(model: Path, speech: Path) -> None:
    """With its file."""
    speech.with_suffix(".txt").unlink()
    arguments = ["--model", model, "--data", "bursts", "--out", "point.json", speech]
    with pytest.raises(InputError, match=r"label track .*speech\.txt"):
        CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
