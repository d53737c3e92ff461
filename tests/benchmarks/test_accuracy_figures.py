"""Shares with intervals that know who speaks."""

import numpy as np
import pytest

from benchmarks.accuracy_figures import calibration_figures, condition_figures
from benchmarks.accuracy_windows import Windows
from kws_live.eval.calibration import Reliability
from kws_live.eval.intervals import binomial_interval

LABELS = ("yes", "no")


def windows(targets: list[int], speakers: list[str], groups: list[str] | None = None) -> Windows:
    """Windows whose sound doesn't matter here."""
    samples = np.zeros((len(targets), 10), np.int16)
    return Windows(samples, np.array(targets), {"speaker": speakers}, groups or ())


def guesses(named: list[int], sure: float = 0.9) -> np.ndarray:
    """Posteriors of two labels."""
    rest = 1 - sure
    return np.array([[sure, rest] if one == 0 else [rest, sure] for one in named], np.float32)


def figures(judged: Windows, float32: list[int], int8: list[int] | None = None) -> dict:
    """What is published of one condition."""
    posteriors = {"float32": guesses(float32), "int8": guesses(int8 or float32)}
    return condition_figures(judged, posteriors, LABELS)


def test_shares_are_counted_in_all_by_class_and_by_group() -> None:
    """For each runtime."""
    judged = windows([0, 0, 1, 1], ["a", "b", "a", "b"], ["x", "y", "x", "y"])
    found = figures(judged, [0, 1, 1, 1], [0, 0, 1, 1])
    float32, int8 = found["runtimes"]["float32"], found["runtimes"]["int8"]
    assert (float32["n"], float32["right"], float32["accuracy"]) == (4, 3, 0.75)
    assert int8["right"] == 4
    assert {label: (row["right"], row["n"]) for label, row in float32["classes"].items()} == {
        "yes": (1, 2),
        "no": (2, 2),
    }
    assert {name: row["right"] for name, row in float32["groups"].items()} == {"x": 2, "y": 1}
    assert found["clusters"] == {"speaker": 2}


def test_a_class_without_windows_has_no_figures() -> None:
    """Synthetic voices say only the words."""
    found = figures(windows([0, 0], ["a", "b"]), [0, 1])
    assert list(found["runtimes"]["int8"]["classes"]) == ["yes"]


def test_clips_of_a_speaker_who_is_never_understood_count_as_one_misfortune() -> None:
    """A tenth wrong, all of it two of twenty speakers': far less sure than 20 of 200 by 200 people."""
    named = [1] * 20 + [0] * 180
    few = figures(windows([0] * 200, [f"s{at // 10}" for at in range(200)]), named)
    many = figures(windows([0] * 200, [f"s{at}" for at in range(200)]), named)
    low, high = few["runtimes"]["int8"]["ci95"]
    exact_low, exact_high = many["runtimes"]["int8"]["ci95"]
    assert high - low > 1.4 * (exact_high - exact_low)
    assert (exact_low, exact_high) == pytest.approx(binomial_interval(180, 200), abs=0.006)


def test_where_nothing_is_wrong_the_exact_interval_stands() -> None:
    """A bootstrap would be sure."""
    found = figures(windows([0] * 50, [f"s{at // 5}" for at in range(50)]), [0] * 50)
    assert found["runtimes"]["int8"]["ci95"] == pytest.approx(binomial_interval(50, 50), abs=1e-5)


def test_two_kinds_of_clusters_are_both_drawn() -> None:
    """Wrong in one of five rooms, whoever speaks: speakers alone would tell nothing of that."""
    speakers = [f"s{at % 20}" for at in range(200)]
    rooms = [f"r{at // 40}" for at in range(200)]
    named = [1] * 40 + [0] * 160
    samples = np.zeros((200, 10), np.int16)
    targets = np.zeros(200, np.int64)
    crossed = figures(Windows(samples, targets, {"speaker": speakers, "room": rooms}), named)
    alone = figures(Windows(samples, targets, {"speaker": speakers}), named)
    low, high = crossed["runtimes"]["int8"]["ci95"]
    alone_low, alone_high = alone["runtimes"]["int8"]["ci95"]
    assert high - low > 3 * (alone_high - alone_low)


def test_what_int8_loses_is_of_the_same_windows() -> None:
    """Wrong in one alone, six times and twice; equal mistakes don't count."""
    targets = [0] * 100
    float32 = [1] * 5 + [0] * 6 + [1] * 2 + [0] * 87
    int8 = [1] * 5 + [1] * 6 + [0] * 2 + [0] * 87
    lost = figures(windows(targets, [f"s{at}" for at in range(100)]), float32, int8)["lost"]
    assert (lost["only_float32_right"], lost["only_int8_right"]) == (6, 2)
    assert lost["share"] == pytest.approx(0.04)
    low, high = lost["ci95"]
    assert -0.03 < low < 0.0
    assert 0.08 < high < 0.11


def test_windows_that_never_differ_bound_what_may_be_lost() -> None:
    """By what could have been overlooked in so many."""
    lost = figures(windows([0] * 100, [f"s{at}" for at in range(100)]), [0] * 99 + [1])["lost"]
    rare = binomial_interval(0, 100)[1]
    assert lost["ci95"] == pytest.approx([-rare, rare], abs=1e-6)


def test_figures_are_the_same_each_time() -> None:
    """The bootstrap has a seed."""
    judged = windows([0, 1] * 50, [f"s{at // 7}" for at in range(100)])
    named = [0, 1, 1] * 33 + [0]
    assert figures(judged, named) == figures(judged, named)


def test_the_calibration_error_comes_with_the_counts_behind_it() -> None:
    """In fifteen bins; its interval holds it and is no share of nothing."""
    rng = np.random.default_rng(2)
    sure = rng.uniform(0.5, 1.0, 600)
    right = rng.random(600) < 0.9 * sure
    posteriors = np.stack([sure, 1 - sure], axis=1).astype(np.float32)
    judged = windows([0 if one else 1 for one in right], [f"s{at // 6}" for at in range(600)])
    found = calibration_figures(judged, posteriors)
    assert found["ece"] == pytest.approx(Reliability.of(posteriors, judged.targets).ece, abs=1e-5)
    low, high = found["ci95"]
    assert 0 <= low < found["ece"] < high < 0.2
    assert len(found["bins"]) == 15
    assert sum(row["n"] for row in found["bins"]) == found["n"] == 600
    assert sum(row["right"] for row in found["bins"]) == right.sum()
    assert found["bins"][0] == {"n": 0, "right": 0, "confidence": None}
