"""`kws-live --device demo`: what everybody sees first."""

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from support import daemon

from kws_live.eval.tracks import read_track

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "events.schema.json"


@pytest.fixture(scope="module")
def demo() -> list[daemon.Event]:
    """The events of one run of the demo."""
    result = daemon.run("--device", "demo", "--json")
    assert result.returncode == 0, result.stderr.decode()
    return daemon.events(result.stdout)


def test_it_hears_all_ten_words_once_each_and_nothing_else(demo: list[daemon.Event]) -> None:
    """Ten keywords, six other words, no mistake."""
    assert daemon.heard_once_each(demo, read_track(daemon.DEMO / "demo.txt")), daemon.detections(
        demo
    )


def test_every_line_is_as_the_schema_says(demo: list[daemon.Event]) -> None:
    """The documented schema holds for real output."""
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    for event in demo:
        validator.validate(event)


def test_words_short_of_their_threshold_are_near_misses() -> None:
    """With a threshold that none of the voices reaches, each word is told in its place, with what it lacked."""
    result = daemon.run(
        *("--input", daemon.DEMO / "demo.flac", "--threshold", "0.99", "--json"),
        settings={"KWS_LIVE_DECODER_RELEASE": "0.2"},
    )
    found = daemon.events(result.stdout)
    labels = [
        label for label in read_track(daemon.DEMO / "demo.txt") if label.text in daemon.KEYWORDS
    ]
    near_misses = daemon.of_type(found, "near_miss")
    assert daemon.detections(found) == []
    assert [event["keyword"] for event in near_misses] == [label.text for label in labels]
    for event, label in zip(near_misses, labels, strict=True):
        assert label.start_s <= event["decided_s"] <= label.end_s + 1.0
        assert event["release"] <= event["score"] < event["threshold"] == 0.99
        assert event["reason"] == "below_threshold"
    assert found[-1]["near_misses"] == dict.fromkeys(daemon.KEYWORDS, 1)


def test_events_are_numbered_without_gaps(demo: list[daemon.Event]) -> None:
    """A reader can tell that it missed nothing."""
    assert [event["seq"] for event in demo] == list(range(len(demo)))
    assert len({event["run"] for event in demo}) == 1


def test_it_starts_with_ready_and_ends_with_stats(demo: list[daemon.Event]) -> None:
    """The totals at the end agree with the events."""
    assert demo[0]["type"] == "ready"
    assert demo[-1]["type"] == "stats"
    assert demo[-1]["detections"] == len(daemon.of_type(demo, "detection"))
    assert demo[-1]["dropped_hops"] == 0


def test_it_takes_as_long_as_the_recording(demo: list[daemon.Event]) -> None:
    """Detections are dated live: each comes with the latency from its audio's arrival."""
    assert all(
        0 < event["latency_ms"]["total"] < 500 for event in daemon.of_type(demo, "detection")
    )


def test_without_a_terminal_it_prints_a_plain_line_a_word() -> None:
    """No control characters, and the words in order."""
    result = daemon.run("--input", daemon.DEMO / "demo.flac")
    lines = result.stdout.decode().splitlines()
    assert result.returncode == 0
    assert b"\x1b" not in result.stdout + result.stderr
    assert [word for line in lines for word in daemon.KEYWORDS if word in line.split()] == [
        label.text
        for label in read_track(daemon.DEMO / "demo.txt")
        if label.text in daemon.KEYWORDS
    ]
