"""How an event stands in JSON."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.events import (
    DetectionBody,
    ErrorBody,
    Event,
    HookCounts,
    KeywordThreshold,
    Latency,
    ReadyBody,
    StatsBody,
)
from kws_live.types import SAMPLE_RATE_HZ

DETECTION = DetectionBody(
    "stop",
    0.93,
    0.7,
    12.3,
    11.6,
    12.05,
    "default",
    Latency(gate=0.5, queue=2.0, inference=1.75, total=4.25),
)
EVENT = Event("0123456789ab", 4, 1_763_863_445_123_999_999, 77, 12.3, DETECTION)


def test_the_line_holds_the_envelope_then_the_body_in_documented_order() -> None:
    """A reader of the raw output sees the same keys in the same order every time."""
    assert EVENT.to_json() == (
        '{"schema": 1, "type": "detection", "run": "0123456789ab", "seq": 4, '
        '"ts": "2025-11-23T02:04:05.123Z", "stream_s": 12.3, "keyword": "stop", "score": 0.93, '
        '"threshold": 0.7, "decided_s": 12.3, "start_s": 11.6, "end_s": 12.05, "model": "default", '
        '"latency_ms": {"gate": 0.5, "queue": 2.0, "inference": 1.75, "total": 4.25}}'
    )


def test_what_is_not_known_is_null_and_not_absent() -> None:
    """A reader can rely on every key being there."""
    unpaced = replace(EVENT, body=replace(DETECTION, latency_ms=None))
    assert json.loads(unpaced.to_json())["latency_ms"] is None


def test_nested_values_become_lists_and_objects() -> None:
    """Tuples, mappings and dataclasses inside a body are plain JSON."""
    ready = ReadyBody("mic", "default", "float32", (KeywordThreshold("go", 0.5),), 48_000, 412.5)
    stats = StatsBody(1, 0, 0.5, 0.0, 0, 0, {"go": 2}, 0, HookCounts(started=2), {"json": 3})
    assert replace(EVENT, body=ready).to_dict()["keywords"] == [{"keyword": "go", "threshold": 0.5}]
    plain = replace(EVENT, body=stats).to_dict()
    assert plain["near_misses"] == {"go": 2}
    assert plain["hooks"]["started"] == 2
    assert plain["events_dropped"] == {"json": 3}


@given(st.integers(0, 100 * 86_400 * SAMPLE_RATE_HZ))
def test_times_stay_exactly_on_the_sample_grid(sample: int) -> None:
    """A time read back from JSON is the very sample it was made from, 100 days into the stream."""
    line = replace(EVENT, stream_s=sample / SAMPLE_RATE_HZ).to_json()
    assert json.loads(line)["stream_s"] * SAMPLE_RATE_HZ == pytest.approx(sample, abs=1e-3)


@given(st.text())
def test_any_text_stays_on_one_ascii_line(text: str) -> None:
    """Line breaks, escapes and other scripts in a name can't break a line or a terminal."""
    line = replace(EVENT, body=ErrorBody(text, 70)).to_json()
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["message"] == text


def test_a_number_that_json_has_not_is_refused() -> None:
    """NaN would be a line that no JSON parser reads."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(EVENT, stream_s=float("nan")).to_json()
