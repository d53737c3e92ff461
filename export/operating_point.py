"""The thresholds a model ships with, and the gate, the decoder and the weight of `_unknown_` they hold for."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_live.config.schema import settings_of
from kws_live.config.settings import DecoderConfig, GateConfig, KeywordConfig
from kws_live.errors import InputError

GATE = {"mode": 2, "onset_s": 0.06, "hangover_s": 0.8, "preroll_s": 0.3}
DECODER = {"smoothing_s": 0.3, "hold_s": 0.4}
KEYWORD = {"threshold": 0.5, "release": 0.25, "refractory_s": 1.0}
COUNTS = ("words", "misses", "false_accepts", "negative_hours")
"""What `measured.keywords` holds of each keyword."""
UNKNOWN_WEIGHT = 10.0
"""Measured in docs/decisions/0008-score.md; from 5 to 20 little changes."""


@dataclass(frozen=True)
class OperatingPoint:
    """Settings, and the weight of `_unknown_` for which alone their thresholds hold.

    Attributes:
        settings: an entry of `operating_points` in `kws.json`, complete.
        unknown_weight: as in `kws.json`.
    """

    settings: dict[str, Any]
    unknown_weight: float = UNKNOWN_WEIGHT


def default_operating_point(keywords: Sequence[str]) -> OperatingPoint:
    """Return settings that suit most models, the same for each keyword, with nothing measured."""
    return OperatingPoint(
        {
            "gate": dict(GATE),
            "decoder": dict(DECODER),
            "keywords": {keyword: dict(KEYWORD) for keyword in keywords},
            "measured": None,
        }
    )


def read_operating_point(path: Path, keywords: Sequence[str]) -> OperatingPoint:
    """Return the operating point in a JSON file that holds an entry of `operating_points`, complete.

    The file may be a `kws.json` itself, of a model that was tuned: the point is the one it runs with, and its weight
    of `_unknown_` comes along. Nothing is filled in: what was measured holds only for all it was measured with.

    Raises:
        InputError: the file is unreadable, a setting is missing, unknown or out of range, or the keywords are not
            the model's.
    """
    try:
        point = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the operating point {path} can't be read: {error}") from error
    weight: Any = UNKNOWN_WEIGHT
    if isinstance(point, dict) and isinstance(point.get("operating_points"), dict):
        weight = point.get("unknown_weight", 1.0)  # what the daemon takes where there is none
        point = point["operating_points"].get(str(point.get("operating_point")))
    if not (_is_number(weight) and 0 < weight < math.inf):
        raise InputError(f"{path}: unknown_weight = {weight!r} must be a number above 0")
    _check_table(path, "the file", point, ("gate", "decoder", "keywords", "measured"))
    _check_settings(path, "gate", point["gate"], GATE, GateConfig)
    _check_settings(path, "decoder", point["decoder"], DECODER, DecoderConfig)
    _check_table(path, "keywords", point["keywords"], keywords)
    for keyword in keywords:
        settings = point["keywords"][keyword]
        _check_settings(path, f"keywords.{keyword}", settings, KEYWORD, KeywordConfig)
        if not settings["release"] < settings["threshold"]:
            raise InputError(
                f"{path}: keywords.{keyword} has release {settings['release']} and threshold "
                f"{settings['threshold']}; the release must be below the threshold"
            )
    if point["measured"] is not None and not isinstance(point["measured"], dict):
        raise InputError(f"{path}: measured must be an object with the data and the rates, or null")
    if point["measured"] and "keywords" in point["measured"]:
        counts = point["measured"]["keywords"]
        _check_table(path, "measured.keywords", counts, keywords)
        for keyword in keywords:
            _check_counts(path, f"measured.keywords.{keyword}", counts[keyword])
    return OperatingPoint(point, float(weight))


def _check_table(path: Path, name: str, table: Any, keys: Sequence[str]) -> None:
    if not isinstance(table, dict) or set(table) != set(keys):
        given = list(table) if isinstance(table, dict) else table
        raise InputError(f"{path}: {name} must hold exactly {', '.join(keys)}, not {given!r:.200}")


def _check_settings(
    path: Path, name: str, table: Any, defaults: dict[str, Any], rules: type
) -> None:
    """Check a table by the rules of the configuration, which the daemon will check it by."""
    _check_table(path, name, table, tuple(defaults))
    for key, value in table.items():
        try:
            settings_of(rules)[key].check(value)
        except ValueError as error:
            raise InputError(f"{path}: {name}.{key} {error}") from error


def _check_counts(path: Path, name: str, table: Any) -> None:
    _check_table(path, name, table, COUNTS)
    for key, value in table.items():
        if not (_is_number(value) and value >= 0):
            raise InputError(f"{path}: {name}.{key} = {value!r} must be a number of at least 0")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
