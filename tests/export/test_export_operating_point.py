"""Thresholds with what was measured for them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kws_export.export import export_model
from kws_export.operating_point import default_operating_point, read_operating_point

from kws_live.errors import InputError
from kws_live.model import load_model_folder

KEYWORDS = ("yes", "no")
COUNTS = {"words": 50, "misses": 3, "false_accepts": 1, "negative_hours": 1.98}
MEASURED = {
    "data": "two hours of reading",
    "negative_hours": 1.98,
    "fa_per_hour": 0.5,
    "keywords": {"yes": COUNTS | {"false_accepts": 0}, "no": COUNTS},
}


def tuned() -> dict[str, Any]:
    """An operating point as a tuning run would write it."""
    point = default_operating_point(KEYWORDS).settings
    point["keywords"]["no"] = {"threshold": 0.9, "release": 0.4, "refractory_s": 1.5}
    point["measured"] = MEASURED
    return point


def test_it_goes_into_the_model(tiny_run: Path, tmp_path: Path) -> None:
    """Whole, into the manifest that the daemon reads and into the card."""
    (tmp_path / "point.json").write_text(json.dumps(tuned()))
    export_model(tiny_run, tmp_path / "model", tmp_path / "point.json", say=lambda line: None)
    document = json.loads((tmp_path / "model/kws.json").read_text())
    assert document["operating_points"][document["operating_point"]] == tuned()
    card = (tmp_path / "model/README.md").read_text()
    assert "| no | 0.9 | 0.4 | 1.5 s |" in card
    assert "- fa_per_hour: 0.5" in card
    assert (
        "| no | 0.9 | 0.4 | 1.5 s | 3 of 50 (1 – 17 %) | 1 in 1.98 h (0.01 – 2.8 an hour) |" in card
    )
    load_model_folder(tmp_path / "model")


def test_that_of_a_tuned_model_is_taken_from_its_manifest(tmp_path: Path) -> None:
    """The one it runs with, of those that it has."""
    manifest = {"operating_point": "mine", "operating_points": {"mine": tuned(), "other": {}}}
    (tmp_path / "kws.json").write_text(json.dumps(manifest))
    assert read_operating_point(tmp_path / "kws.json", KEYWORDS).settings == tuned()


@pytest.mark.parametrize(("written", "meant"), [({"unknown_weight": 4}, 4.0), ({}, 1.0)])
def test_thresholds_bring_the_weight_that_they_hold_for(
    written: dict[str, float], meant: float, tiny_run: Path, tmp_path: Path
) -> None:
    """A manifest that names none means 1, as for the daemon."""
    manifest = {"operating_point": "mine", "operating_points": {"mine": tuned()}} | written
    (tmp_path / "kws.json").write_text(json.dumps(manifest))
    export_model(tiny_run, tmp_path / "model", tmp_path / "kws.json", say=lambda line: None)
    assert load_model_folder(tmp_path / "model").unknown_weight == meant
    card = (tmp_path / "model/README.md").read_text()
    assert ("the posterior of `_unknown_` by 4 before" in card) == (meant == 4)


@pytest.mark.parametrize("weight", [0, -1, float("inf"), float("nan"), True, "10", None])
def test_a_weight_that_is_none_is_named(weight: object, tmp_path: Path) -> None:
    """With the file."""
    manifest = {"operating_point": "mine", "operating_points": {"mine": tuned()}}
    (tmp_path / "kws.json").write_text(json.dumps(manifest | {"unknown_weight": weight}))
    with pytest.raises(InputError, match=r"kws\.json: unknown_weight = .* above 0"):
        read_operating_point(tmp_path / "kws.json", KEYWORDS)


def test_settings_alone_hold_for_the_weight_that_is_exported(
    tiny_model: Path, tmp_path: Path
) -> None:
    """Which is also that of the default."""
    (tmp_path / "point.json").write_text(json.dumps(tuned()))
    read = read_operating_point(tmp_path / "point.json", KEYWORDS)
    default = default_operating_point(KEYWORDS)
    exported = json.loads((tiny_model / "kws.json").read_text())["unknown_weight"]
    assert read.unknown_weight == default.unknown_weight == exported == 10.0


def test_the_default_claims_no_measurement() -> None:
    """The same settings for each keyword."""
    point = default_operating_point(KEYWORDS).settings
    assert point["measured"] is None
    assert point["keywords"]["yes"] == {"threshold": 0.5, "release": 0.25, "refractory_s": 1.0}
    assert point["keywords"]["no"] == point["keywords"]["yes"]


def drop(*keys: str) -> Callable[[dict[str, Any]], None]:
    """Remove an entry."""

    def act(point: dict[str, Any]) -> None:
        for key in keys[:-1]:
            point = point[key]
        del point[keys[-1]]

    return act


def put(value: object, *keys: str) -> Callable[[dict[str, Any]], None]:
    """Replace or add an entry."""

    def act(point: dict[str, Any]) -> None:
        for key in keys[:-1]:
            point = point[key]
        point[keys[-1]] = value

    return act


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (drop("gate"), "the file must hold exactly"),
        (drop("gate", "mode"), "gate must hold exactly"),
        (drop("keywords", "no"), "keywords must hold exactly yes, no"),
        (put({}, "keywords", "stop"), "keywords must hold exactly yes, no"),
        (
            put("high", "keywords", "no", "threshold"),
            r"keywords\.no\.threshold must be a number .*'high'",
        ),
        (
            put(1.2, "keywords", "no", "threshold"),
            r"keywords\.no\.threshold must be .*at most 1, not 1\.2",
        ),
        (put(0.9, "keywords", "no", "release"), r"release 0\.9 and threshold 0\.9"),
        (put(-1, "decoder", "hold_s"), r"decoder\.hold_s must be .*not -1"),
        (put(float("nan"), "decoder", "hold_s"), r"decoder\.hold_s must be .*not nan"),
        (put(7, "gate", "mode"), r"gate\.mode must be a whole number from 0 to 3, not 7"),
        (put("none", "measured"), "measured must be"),
        (drop("measured", "keywords", "no"), r"measured\.keywords must hold exactly yes, no"),
        (put("few", "measured", "keywords", "no", "misses"), r"keywords\.no\.misses = 'few'"),
    ],
)
def test_a_mistake_is_named(
    spoil: Callable[[dict[str, Any]], None], complaint: str, tmp_path: Path
) -> None:
    """With the file and the setting; nothing missing is filled in."""
    point = copy.deepcopy(tuned())
    spoil(point)
    path = tmp_path / "point.json"
    path.write_text(json.dumps(point))
    with pytest.raises(InputError, match=f"point.json: .*{complaint}"):
        read_operating_point(path, KEYWORDS)


@pytest.mark.parametrize("content", [None, "{", "[]"], ids=["missing", "cut", "a list"])
def test_an_unreadable_file_is_named(content: str | None, tmp_path: Path) -> None:
    """With what is wrong with it."""
    path = tmp_path / "point.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InputError, match=r"point\.json"):
        read_operating_point(path, KEYWORDS)
