"""Tables of TOML read into settings classes: unknown keys, wrong types and gaps are errors."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from enum import StrEnum
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from kws_live.errors import ConfigError, did_you_mean

_Settings = TypeVar("_Settings")
_Choice = TypeVar("_Choice", bound=StrEnum)

_EXPECTED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple[str, ...]: "a list of texts",
    tuple[int, ...]: "a list of whole numbers",
    tuple[float, float]: "a list of two numbers",
}


def values_of(table: Any, kind: type, where: str, key: str) -> dict[str, Any]:
    """Return the values of a table, each of the type that a settings class annotates.

    Args:
        table: What TOML gave for the key.
        kind: A dataclass; not all of its fields need to be there.
        where: Begins every message.
        key: The table's name.

    Raises:
        ConfigError: It is no table, a key is unknown, or a value is of another type.
    """
    as_table(table, where, key)
    inside = f"{where}[{key}] "
    check_keys(table, (f.name for f in fields(kind)), inside)
    hints = get_type_hints(kind)
    return {k: typed(v, hints[k], k, inside) for k, v in table.items()}


def make(kind: type[_Settings], values: Mapping[str, Any], where: str) -> _Settings:
    """Return a settings class made of values, or raise ConfigError if one without default is missing."""
    known: tuple[Field[Any], ...] = fields(kind)  # type: ignore[arg-type]
    for f in known:
        if f.name not in values and f.default is MISSING and f.default_factory is MISSING:
            raise ConfigError(f"{where}{f.name} is missing")
    return kind(**values)


def typed(value: Any, hint: Any, key: str, where: str) -> Any:
    """Return a value as the annotated type, lists as tuples, or raise ConfigError."""
    origin, of = get_origin(hint) or hint, get_args(hint)
    if origin is tuple and isinstance(value, list):
        hints = of[:1] * len(value) if of[-1] is Ellipsis else of
        if len(value) == len(hints):
            return tuple(typed(v, h, key, where) for v, h in zip(value, hints, strict=True))
    elif origin is float:
        if type(value) in {int, float} and math.isfinite(value):
            return float(value)
    elif type(value) is origin:
        return value
    raise ConfigError(f"{where}{key} = {value!r}: must be {_EXPECTED[hint]}")


def one_of(kind: type[_Choice], value: Any, key: str, where: str) -> _Choice:
    """Return a value as the choice that it names, or raise ConfigError with all there are."""
    choices = [str(choice) for choice in kind]
    if isinstance(value, str) and value in choices:
        return kind(value)
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    raise ConfigError(f"{where}{key} = {value!r}: must be one of {', '.join(choices)}.{hint}")


def as_table(value: Any, where: str, key: str) -> dict[str, Any]:
    """Return a table as it is, or raise ConfigError if it is none."""
    if not isinstance(value, dict):
        raise ConfigError(f"{where}{key} = {value!r}: must be a table")
    return value


def check_keys(table: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise ConfigError, with the nearest known one, if a table has an unknown key."""
    known = list(known)
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known) or f" Known are {', '.join(known)}."
            raise ConfigError(f"{where}{key}: unknown key.{hint}")
