"""The settings as data, read off the dataclasses: names, types, ranges and how to check a value."""

import math
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from kws_live.config.settings import Config, HookSpec, KeywordConfig, Meta

ENV_PREFIX = "KWS_LIVE_"
KEYWORDS = "keywords"
HOOK = "hook"

_BOOLS = {"true": True, "1": True, "false": False, "0": False}
_WORDS = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: key within its table.
        kind: str, int, float or bool; tuple for a hook's command (a list of strings, or a string).
        choices: the values allowed, empty for any.
        default: None where the model decides; MISSING where a value has to be given.
        meta: range and help.
    """

    name: str
    kind: type
    choices: tuple[str, ...]
    default: object
    meta: Meta

    @property
    def allowed(self) -> str:
        """What a value has to be, in words: "a number above 0 and at most 1"."""
        if self.choices:
            return " or ".join(f'"{choice}"' for choice in self.choices)
        if self.kind is tuple:
            return "a list of strings or a string"
        meta = self.meta
        if meta.at_least is not None and meta.at_most is not None:
            return f"{_WORDS[self.kind]} from {meta.at_least:g} to {meta.at_most:g}"
        limits = [
            f"{words} {limit:g}"
            for words, limit in (
                ("at least", meta.at_least),
                ("above", meta.above),
                ("at most", meta.at_most),
                ("below", meta.below),
            )
            if limit is not None
        ]
        return " ".join([_WORDS[self.kind], " and ".join(limits)]).rstrip()

    def check(self, value: object) -> Any:
        """Return `value` as the setting's type.

        Raises:
            ValueError: it is of another type or out of range; the message starts with "must be".
        """
        if self.kind is float and type(value) is int and self._in_range(value):
            value = float(value)
        if self.kind is tuple:
            return self._check_command(value)
        if type(value) is not self.kind or not self._in_range(value):
            raise self._wrong(value)
        if isinstance(value, str):
            if self.choices and value not in self.choices:
                raise self._wrong(value)
            if value or not self.meta.may_be_empty:
                _check_text(value)
        return value

    def parse(self, text: str) -> Any:
        """Return the value that `text`, from the environment or a flag, stands for.

        Raises:
            ValueError: as for `check`.
        """
        value: object = text
        try:
            if self.kind is bool:
                value = _BOOLS[text.strip().lower()]
            elif self.kind in {int, float}:
                value = self.kind(text)
        except (KeyError, ValueError):
            raise self._wrong(text) from None
        return self.check(value)

    def _wrong(self, value: object) -> ValueError:
        return ValueError(f"must be {self.allowed}, not {_shown(value)}")

    def _in_range(self, value: object) -> bool:
        if not isinstance(value, int | float):
            return True
        meta = self.meta
        return (
            (isinstance(value, int) or math.isfinite(value))
            and (meta.at_least is None or value >= meta.at_least)
            and (meta.above is None or value > meta.above)
            and (meta.at_most is None or value <= meta.at_most)
            and (meta.below is None or value < meta.below)
        )

    def _check_command(self, value: object) -> tuple[str, ...] | str:
        words = [value] if isinstance(value, str) else value
        if not isinstance(words, Sequence) or not all(isinstance(word, str) for word in words):
            raise self._wrong(value)
        if not words or not words[0].strip():
            raise ValueError("must name a program, but it is empty")
        for word in words:
            if word:
                _check_text(word)
        return value if isinstance(value, str) else tuple(words)


def _check_text(value: str) -> None:
    if not value:
        raise ValueError("must not be empty")
    if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"must be text (UTF-8, without NUL), not {value!r}")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)


@cache
def settings_of(table: type) -> Mapping[str, Setting]:
    """Return the settings of one of the dataclasses, by name, in order; sub-tables are left out."""
    hints = get_type_hints(table, include_extras=True)
    settings = {}
    for field in fields(table):
        hint = hints[field.name]
        if get_origin(hint) is not Annotated:
            continue
        annotated, meta = get_args(hint)
        kind, choices = _kind(annotated)
        settings[field.name] = Setting(field.name, kind, choices, field.default, meta)
    return settings


def _kind(hint: Any) -> tuple[type, tuple[str, ...]]:
    if get_origin(hint) is Literal:
        return str, get_args(hint)
    if get_origin(hint) in {Union, types.UnionType}:
        hint = next(kind for kind in get_args(hint) if kind is not type(None))
    return get_origin(hint) or hint, ()


@cache
def sections() -> Mapping[str, type]:
    """Return the tables with fixed keys, by name: `audio`, `gate` and so on."""
    hints = get_type_hints(Config)
    return {
        name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)
    }


@cache
def scalar_settings() -> Mapping[str, Setting]:
    """Return the settings outside `[keywords.NAME]` and `[[hook]]`, by dotted key, in order."""
    found = dict(settings_of(Config))
    for section, table in sections().items():
        found |= {f"{section}.{name}": item for name, item in settings_of(table).items()}
    return found


def env_name(key: str) -> str:
    """Return the environment variable of a dotted key: `gate.mode` → `KWS_LIVE_GATE_MODE`."""
    return ENV_PREFIX + key.replace(".", "_").upper()


def tables() -> Iterator[tuple[str, type]]:
    """Yield each table of the file with its dataclass; the top level's name is ""."""
    yield "", Config
    yield from sections().items()
    yield f"{KEYWORDS}.NAME", KeywordConfig
    yield HOOK, HookSpec


def is_required(setting: Setting) -> bool:
    """Return whether the setting has to be given."""
    return setting.default is MISSING
