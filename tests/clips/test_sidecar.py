"""A sidecar tells what its event told, and one that doesn't is refused in words."""

import json
from typing import Any

import pytest
from support.clips import detection, info, near_miss

from kws_live.clips.sidecar import parse


def test_it_holds_what_the_event_told() -> None:
    """The same names and numbers as in the line of JSON."""
    told = near_miss(4).to_dict()
    found = json.loads(info(near_miss(4)).to_json())
    shared = ("keyword", "score", "threshold", "reason", "run", "seq", "ts", "decided_s", "start_s")
    assert {name: found[name] for name in shared} == {name: told[name] for name in shared}
    assert found["kind"] == "near_miss"
    assert found["schema"] == 1
    assert found["verdict"] is None


@pytest.mark.parametrize("event", [detection(1), near_miss(2)], ids=["detection", "near miss"])
def test_what_is_written_is_read_back(event: Any) -> None:
    """For both kinds."""
    assert parse(info(event).to_json()) == info(event)


def test_keys_of_later_versions_are_ignored() -> None:
    """A newer program of the same format may add some."""
    text = json.dumps({**json.loads(info(detection()).to_json()), "mood": "cheerful"})
    assert parse(text) == info(detection())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 2}, "format 2"),
        ({"kind": "guess"}, "'kind' is wrong: 'guess'"),
        ({"kind": []}, "'kind' is wrong"),
        ({"verdict": "maybe"}, "'verdict' is wrong: 'maybe'"),
        ({"verdict": True}, "'verdict' is wrong"),
        ({"score": "high"}, "'score' is wrong"),
        ({"score": float("nan")}, "'score' is wrong"),
        ({"score": True}, "'score' is wrong"),
        ({"seq": -1}, "'seq' is wrong"),
        ({"window_samples": 1.5}, "'window_samples' is wrong"),
        ({"keyword": None}, "'keyword' is wrong"),
        ({"speaker": 3}, "'speaker' is wrong"),
        ({"speaker": "../../evil"}, "'speaker' is wrong"),
        ({"speaker": "a_nohash_b"}, "'speaker' is wrong"),
        ({"decided_s": 1e308}, "'decided_s' is wrong"),
        ({"score": 10**400}, "'score' is wrong"),
        ({"window_samples": 10**400}, "'window_samples' is wrong"),
    ],
    ids=str,
)
def test_a_wrong_value_is_named(change: dict[str, Any], words: str) -> None:
    """With its key."""
    text = json.dumps({**json.loads(info(detection()).to_json()), **change})
    with pytest.raises(ValueError, match=words):
        parse(text)


@pytest.mark.parametrize("key", ["keyword", "score", "seq", "ts", "kind"])
def test_a_missing_key_is_named(key: str) -> None:
    """As a wrong one is."""
    found = json.loads(info(detection()).to_json())
    del found[key]
    with pytest.raises(ValueError, match=f"{key!r} is wrong"):
        parse(json.dumps(found))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", "[" * 100_000, "\x00"])
def test_what_is_no_sidecar_is_refused(text: str) -> None:
    """Never with another error."""
    with pytest.raises(ValueError, match="sidecar"):
        parse(text)
