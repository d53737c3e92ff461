"""What pocketsphinx would have detected, read from one pass."""

from pathlib import Path

import pytest

from benchmarks.rival import FLOOR, Spotted, detections, spot, threshold_log10
from kws_live.eval.match import Decision, match
from kws_live.eval.tracks import read_track

ONE = {"yes": 10.0, "no": 10.0}
DEMO = Path(__file__).resolve().parents[2] / "kws_live" / "demo"
WORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")


def test_a_threshold_lets_through_what_reaches_it() -> None:
    """Each keyword has its own."""
    spotted = [Spotted("yes", 1.0, 1.5, 12.0), Spotted("no", 2.0, 2.3, 9.0)]
    assert detections(spotted, ONE) == [Decision("yes", 1.5)]
    assert detections(spotted, ONE | {"no": 9.0}) == [Decision("yes", 1.5), Decision("no", 2.3)]


def test_of_overlapping_segments_the_clearest_counts() -> None:
    """Furthest above its own threshold; segments that only touch don't overlap."""
    spotted = [
        Spotted("yes", 1.0, 1.5, 12.0),
        Spotted("no", 1.2, 1.6, 15.0),
        Spotted("yes", 1.6, 2.0, 11.0),
    ]
    assert detections(spotted, ONE) == [Decision("no", 1.6), Decision("yes", 2.0)]
    assert detections(spotted, {"yes": 10.0, "no": 14.0}) == [
        Decision("yes", 1.5),
        Decision("yes", 2.0),
    ]


def test_the_demo_is_spotted_and_its_scores_are_thresholds() -> None:
    """What a pass at a higher threshold still finds is what the scores of the first pass say."""
    pytest.importorskip("pocketsphinx")
    spotted = spot(DEMO / "demo.flac", WORDS)
    found = detections(spotted, dict.fromkeys(WORDS, FLOOR))
    outcome = match(found, read_track(DEMO / "demo.txt"), WORDS, 60.0)
    assert len(outcome.hits) >= 5
    assert min(one.score for one in spotted) >= FLOOR

    high = spot(DEMO / "demo.flac", WORDS, floor_log10=15.0)
    assert 0 < len(high) < len(spotted)
    assert [(one.keyword, one.end_s) for one in high] == [
        (one.keyword, one.end_s) for one in spotted if one.score >= 15.0
    ]


def test_a_ratio_is_read_from_its_probability() -> None:
    """The likeliest segment that pocketsphinx can tell of reaches about 1e66."""
    assert threshold_log10(1.0) == pytest.approx(66.7, abs=0.1)
    assert threshold_log10(0.9) < threshold_log10(0.91)
