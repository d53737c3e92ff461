"""JSON of unknown origin, read with suspicion: every value is checked for type and range before use."""

import math
from pathlib import Path
from typing import Any

from kws_live.errors import ModelError
from kws_live.types import SAMPLE_RATE_HZ

REMEDY = "Install the model again, or choose another one with --model."
_LARGEST_COUNT = 10 * SAMPLE_RATE_HZ


class Fields:
    """One object of a JSON document; every complaint names the file and the field.

    Args:
        file: where the document is from.
        value: what was found there.
        where: its place in the document, as `runtimes[0].self_test`; empty for the document itself.

    Raises:
        ModelError: `value` is no JSON object.
    """

    def __init__(self, file: Path, value: object, where: str = "") -> None:
        self.file = file
        self._where = where
        if not isinstance(value, dict):
            raise ModelError(f"{file}: {where or 'it'} must be a JSON object. {REMEDY}")
        self._values: dict[str, Any] = value

    def complaint(self, key: str, what: str) -> ModelError:
        """Return the error that says `what` of the field `key`."""
        return ModelError(f"{self.file}: {self._path(key)} {what}. {REMEDY}")

    def table(self, key: str) -> "Fields":
        """Return the object `key`."""
        return Fields(self.file, self._value(key, dict), self._path(key))

    def tables(self, key: str) -> list["Fields"]:
        """Return the objects in the list `key`, one at least."""
        values = self._value(key, list)
        if not values:
            raise self.complaint(key, "is empty")
        return [
            Fields(self.file, value, f"{self._path(key)}[{i}]") for i, value in enumerate(values)
        ]

    def fields(self) -> set[str]:
        """Return the names of the fields that there are."""
        return set(self._values)

    def get(self, key: str) -> object:
        """Return the unchecked value of `key`, or None."""
        return self._values.get(key)

    def boolean(self, key: str) -> bool:
        """Return a truth value."""
        value = self._values.get(key)
        if not isinstance(value, bool):
            raise self.complaint(key, "is missing" if value is None else "must be true or false")
        return value

    def count(self, key: str) -> int:
        """Return a whole number of at least 1, and at most ten seconds of samples."""
        value: int = self._value(key, int)
        if not 1 <= value <= _LARGEST_COUNT:
            raise self.complaint(key, f"= {value!r:.60} is out of range")
        return value

    def text(self, key: str) -> str:
        """Return a text, whatever is in it."""
        value: str = self._value(key, str)
        return value

    def name(self, key: str) -> str:
        """Return a text that can be shown on a terminal."""
        return self._shown(key, self.text(key))

    def names(self, key: str) -> tuple[str, ...]:
        """Return different texts that can be shown on a terminal, one at least."""
        values = self._value(key, list)
        if not values or not all(isinstance(value, str) for value in values):
            raise self.complaint(key, "must be a list of names")
        if len(set(values)) != len(values):
            raise self.complaint(key, "names something twice")
        return tuple(self._shown(key, value) for value in values)

    def number(self, key: str, default: float | None = None) -> float:
        """Return a finite number; `default` where there is none."""
        if default is not None and key not in self._values:
            return default
        return self._finite(key, self._value(key, object))

    def numbers(self, key: str, count: int) -> tuple[float, ...]:
        """Return `count` finite numbers."""
        values = self._value(key, list)
        if len(values) != count:
            raise self.complaint(key, f"must hold {count} numbers")
        return tuple(self._finite(key, value) for value in values)

    def _path(self, key: str) -> str:
        return f"{self._where}.{key}" if self._where else key

    def _value(self, key: str, kind: type) -> Any:
        if key not in self._values:
            raise self.complaint(key, "is missing")
        value = self._values[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.complaint(key, f"= {value!r:.60} has the wrong type")
        return value

    def _shown(self, key: str, value: str) -> str:
        # A control character would be obeyed.
        if not value.strip() or not value.isprintable():
            raise self.complaint(key, f"holds {value!r:.60}, which is no printable name")
        return value

    def _finite(self, key: str, value: object) -> float:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                number = float(value)
                if math.isfinite(number):
                    return number
        except OverflowError:
            pass
        raise self.complaint(key, f"holds {value!r:.60}, which is no finite number")
