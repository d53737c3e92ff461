"""What a report is made of: curves, counts, mistakes; each from windows that are made up."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from kws_train.report.curves import Epoch, draw_accuracy, draw_loss, kept_epoch, read_history
from kws_train.report.det import Det, det_curve, det_curves, draw_det
from kws_train.report.judged import Judged
from kws_train.report.mistakes import (
    CSV_COLUMNS,
    Mistake,
    mistakes_csv,
    mistakes_of,
    outline_of,
    shortened,
)
from kws_train.report.reliability import draw_reliability
from kws_train.validation import LabelledWindows

from kws_live.errors import InputError
from kws_live.eval.calibration import Reliability
from kws_live.eval.report.drawing import png, svg

LABELS = ("low", "high", "_unknown_", "_silence_")


def judged(*windows: tuple[str, dict[str, float]]) -> Judged:
    """Windows given as the truth and the posteriors of some classes; the rest is shared evenly."""
    rows = []
    for _, posteriors in windows:
        rest = (1 - sum(posteriors.values())) / (len(LABELS) - len(posteriors))
        rows.append([posteriors.get(label, rest) for label in LABELS])
    truths = np.array([LABELS.index(truth) for truth, _ in windows], dtype=np.int64)
    rng = np.random.default_rng(0)
    clips = rng.integers(-9000, 9000, (len(windows), 16_000)).astype(np.int16)
    names = [f"{truth}/clip{i}.wav" for i, (truth, _) in enumerate(windows)]
    posteriors = np.array(rows, dtype=np.float32)
    return Judged(LABELS, LabelledWindows(clips, truths, names), posteriors)


def test_confusion_counts_truths_along_the_rows() -> None:
    """And guesses down the columns, as the evaluation's own table does."""
    found = judged(("low", {"low": 0.9}), ("low", {"high": 0.8}), ("_silence_", {"_silence_": 0.7}))
    expected = np.zeros((4, 4), int)
    expected[0, 0] = expected[0, 1] = expected[3, 3] = 1
    assert found.confusion.tolist() == expected.tolist()
    assert found.right.tolist() == [True, False, True]


@pytest.fixture
def scores() -> tuple[np.ndarray, np.ndarray]:
    """Scores of two overlapping kinds of windows, many of them alike."""
    rng = np.random.default_rng(1)
    positive = rng.random(400) < 0.3
    found = np.clip(rng.normal(0.3 + 0.3 * positive, 0.2), 0, 1)
    return np.round(found, 2).astype(np.float32), positive


def test_each_point_of_a_det_curve_is_what_some_threshold_gives(
    scores: tuple[np.ndarray, np.ndarray],
) -> None:
    """A window passes a threshold that its score reaches; those of one score pass together."""
    x, positive = scores
    curve = det_curve("low", x, positive)
    possible = {
        (int((positive & (x < t)).sum()), int((~positive & (x >= t)).sum()))
        for t in (*np.unique(x), np.float32(2))
    }
    points = set(zip(curve.misses.tolist(), curve.false_alarms.tolist(), strict=True))
    assert points <= possible
    assert (curve.positives, curve.negatives) == (positive.sum(), (~positive).sum())
    assert (np.diff(curve.misses) <= 0).all()
    assert (np.diff(curve.false_alarms) >= 0).all()


def test_a_det_curve_goes_through_every_threshold(scores: tuple[np.ndarray, np.ndarray]) -> None:
    """The points that it leaves out lie on straight lines between those that it has."""
    x, positive = scores
    curve = det_curve("low", x, positive)
    for t in np.unique(x):
        misses, false_alarms = (positive & (x < t)).sum(), (~positive & (x >= t)).sum()
        # By the sum, which rises along the curve with every window that passes.
        along = curve.false_alarms - curve.misses
        at = false_alarms - misses
        assert np.interp(at, along, curve.misses) == pytest.approx(misses)
        assert np.interp(at, along, curve.false_alarms) == pytest.approx(false_alarms)


@pytest.mark.parametrize(
    ("positive_scores", "negative_scores", "expected"),
    [
        ([0.9, 0.8], [0.2, 0.1], 0.0),  # a threshold between them makes no mistake
        ([0.5], [0.5], 0.5),  # one score tells nothing: a coin
        ([0.1, 0.2], [0.8, 0.9], 1.0),  # the wrong way round
        ([0.9, 0.8, 0.7, 0.1], [0.75, 0.3, 0.2, 0.05], 0.25),
    ],
)
def test_the_equal_error_rate_is_where_both_rates_meet(
    positive_scores: list[float], negative_scores: list[float], expected: float
) -> None:
    """Misses as often as false alarms, each as a share of its own kind of window."""
    x = np.array(positive_scores + negative_scores, dtype=np.float32)
    positive = np.arange(len(x)) < len(positive_scores)
    assert det_curve("low", x, positive).equal_error_rate == pytest.approx(expected)


def test_only_keywords_that_were_said_have_a_curve() -> None:
    """Of the other classes, and of a keyword without windows, there is nothing to detect."""
    found = det_curves(judged(("low", {"low": 0.9}), ("_unknown_", {"_unknown_": 0.9})))
    assert [curve.keyword for curve in found] == ["low"]
    assert det_curves(judged(("low", {"low": 0.9}))) == []


def test_the_first_of_the_best_epochs_was_kept() -> None:
    """As training keeps a model only where it is better than all before."""
    history = [Epoch(1, 0.5, 1.0), Epoch(2, 0.9, 0.5), Epoch(3, 0.9, 0.4)]
    assert kept_epoch(history).epoch == 2


@pytest.mark.parametrize("content", [None, "[", "{}", "[]", '[{"epoch": 1}]', "[1]"])
def test_a_history_that_is_none_is_named(tmp_path: Path, content: str | None) -> None:
    """Missing, cut off, empty or something else."""
    if content is not None:
        (tmp_path / "history.json").write_text(content)
    with pytest.raises(InputError, match=r"history\.json"):
        read_history(tmp_path)


def test_a_history_may_lack_the_training_loss(tmp_path: Path) -> None:
    """Of an epoch in which nothing was logged there is none; the rest is drawn."""
    stored = [
        {"epoch": 1, "accuracy": 0.5, "loss": 1.0, "train_loss": None},
        {"epoch": 2, "accuracy": 0.75, "loss": 0.5, "train_loss": 0.625},
    ]
    (tmp_path / "history.json").write_text(json.dumps(stored))
    assert read_history(tmp_path) == [Epoch(1, 0.5, 1.0), Epoch(2, 0.75, 0.5, 0.625)]


def test_mistakes_come_the_surest_first() -> None:
    """What is right is no mistake, however unsure."""
    found = mistakes_of(
        judged(
            ("low", {"high": 0.6}),
            ("low", {"low": 0.4}),
            ("_unknown_", {"low": 0.95}),
            ("high", {"_silence_": 0.7}),
        )
    )
    assert [(m.truth, m.guess, round(m.confidence, 2)) for m in found] == [
        ("_unknown_", "low", 0.95),
        ("high", "_silence_", 0.7),
        ("low", "high", 0.6),
    ]
    assert found[0].source == "_unknown_/clip2.wav"


def test_a_spreadsheet_takes_no_name_for_a_formula() -> None:
    """A file called like one stands behind an apostrophe; a comma in it moves no column."""
    names = ["=cmd|'/c calc'!A0.wav", "a,b.wav"]
    silence = np.zeros(16_000, np.int16)
    text = mistakes_csv([Mistake(name, "low", "high", 0.5, silence) for name in names])
    rows = list(csv.reader(text.splitlines()))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert rows[1:] == [
        ["'=cmd|'/c calc'!A0.wav", "low", "high", "0.5000"],
        ["a,b.wav", "low", "high", "0.5000"],
    ]


def test_a_peak_is_told_in_dbfs() -> None:
    """Half of full scale is −6 dB, the lowest sample is full scale, and nothing at all has none."""
    clip = np.zeros(16_000, np.int16)
    assert Mistake("", "", "", 0.5, clip).peak_dbfs is None
    clip[7] = 16_384
    assert Mistake("", "", "", 0.5, clip).peak_dbfs == pytest.approx(-6.02, abs=0.01)
    clip[8] = -32_768
    assert Mistake("", "", "", 0.5, clip).peak_dbfs == 0.0


def test_an_outline_shows_where_there_is_sound() -> None:
    """One pair a hundredth of the clip, relative to its own peak; silence is a line."""
    clip = np.zeros(16_000, np.int16)
    assert not outline_of(clip).any()
    clip[3200:3360] = 100
    clip[3300] = -200
    outline = outline_of(clip)
    assert np.flatnonzero(outline.any(axis=1)).tolist() == [20]
    assert outline[20].tolist() == [-1.0, 0.5]


def test_a_long_name_keeps_its_ends() -> None:
    """The word's folder and the file's number."""
    name = f"word/{'x' * 60}_nohash_0.wav"
    assert len(shortened(name)) <= 34
    assert shortened(name).startswith("word/x")
    assert shortened(name).endswith("_nohash_0.wav")
    assert shortened("short.wav") == "short.wav"


def charts() -> dict[str, tuple]:
    """Each kind of chart that the page has, of windows of which some were got wrong."""
    rng = np.random.default_rng(2)
    posteriors = rng.dirichlet([0.3] * 4, 200).astype(np.float32)
    targets = rng.integers(0, 4, 200)
    curve = det_curve("low", posteriors[:, 0], targets == 0)
    alone = Det("high", np.array([3, 0]), np.array([0, 5]))
    history = [Epoch(1, 0.5, 1.0, 1.2), Epoch(2, 0.6, 0.8, None)]
    return {
        "loss": (draw_loss, history),
        "accuracy": (draw_accuracy, history),
        "det": (draw_det, curve, [curve, alone]),
        "reliability": (draw_reliability, Reliability.of(posteriors, targets)),
    }


@pytest.mark.parametrize("name", charts())
def test_charts_take_every_colour_from_the_page(name: str) -> None:
    """So that they can be read on dark paper as on light."""
    draw, *content = charts()[name]

    def drawn(figure: object, colours: object) -> None:
        draw(*content, figure, colours)

    chart = svg(drawn, (4.0, 3.0))
    assert "#" not in chart.replace("url(#", "").replace('href="#', "")
    assert "var(--curve)" in chart


def test_the_same_chart_is_the_same_picture() -> None:
    """No time and no version in it: a report that is written again differs where the run does."""
    draw, *content = charts()["det"]
    first, second = (png(lambda f, c: draw(*content, f, c), (4.0, 3.0)) for _ in range(2))
    assert first == second
