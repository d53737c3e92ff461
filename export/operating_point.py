"""The thresholds a model ships with, and the gate and decoder settings they hold for."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kws_live.errors import InputError

GATE = {"mode": 2, "onset_s": 0.06, "hangover_s": 0.8, "preroll_s": 0.3}
DECODER = {"smoothing_s": 0.3, "hold_s": 0.4}
KEYWORD = {"threshold": 0.5, "release": 0.25, "refractory_s": 1.0}
COUNTS = ("words", "misses", "false_accepts", "negative_hours")
"""What `measured.keywords` holds of each keyword."""


def default_operating_point(keywords: Sequence[str]) -> dict[str, Any]:
    """Return settings that suit most models, the same for each keyword, with nothing measured."""
    return {
        "gate": dict(GATE),
        "decoder": dict(DECODER),
        "keywords": {keyword: dict(KEYWORD) for keyword in keywords},
        "measured": None,
    }


def read_operating_point(path: Path, keywords: Sequence[str]) -> dict[str, Any]:
    """Return the operating point in a JSON file, complete: an entry of `operating_points` in `kws.json`.

    The file may be a `kws.json` itself, of a model that was tuned: the point is the one it runs with.
    Nothing is filled in: what was measured holds only for all the settings it was measured with.

    Raises:
        InputError: the file is unreadable, a setting is missing, unknown or no number, or the keywords are not
            the model's.
    """
    try:
        point = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the operating point {path} can't be read: {error}") from error
    if isinstance(point, dict) and isinstance(point.get("operating_points"), dict):
        point = point["operating_points"].get(point.get("operating_point"))
    _check_table(path, "the file", point, ("gate", "decoder", "keywords", "measured"))
    _check_numbers(path, "gate", point["gate"], GATE)
    _check_numbers(path, "decoder", point["decoder"], DECODER)
    _check_table(path, "keywords", point["keywords"], keywords)
    for keyword in keywords:
        settings = point["keywords"][keyword]
        _check_numbers(path, f"keywords.{keyword}", settings, KEYWORD)
        if not 0 < settings["release"] < settings["threshold"] <= 1:
            raise InputError(
                f"{path}: keywords.{keyword} has release {settings['release']} and threshold "
                f"{settings['threshold']}; 0 < release < threshold ≤ 1 must hold"
            )
    if point["measured"] is not None and not isinstance(point["measured"], dict):
        raise InputError(f"{path}: measured must be an object with the data and the rates, or null")
    if point["measured"] and "keywords" in point["measured"]:
        counts = point["measured"]["keywords"]
        _check_table(path, "measured.keywords", counts, keywords)
        for keyword in keywords:
            _check_numbers(path, f"measured.keywords.{keyword}", counts[keyword], COUNTS)
    result: dict[str, Any] = point
    return result


def _check_table(path: Path, name: str, table: Any, keys: Sequence[str]) -> None:
    if not isinstance(table, dict) or set(table) != set(keys):
        given = list(table) if isinstance(table, dict) else table
        raise InputError(f"{path}: {name} must hold exactly {', '.join(keys)}, not {given!r:.200}")


def _check_numbers(path: Path, name: str, table: Any, keys: Iterable[str]) -> None:
    _check_table(path, name, table, tuple(keys))
    for key, value in table.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
            raise InputError(f"{path}: {name}.{key} = {value!r} must be a number of at least 0")
