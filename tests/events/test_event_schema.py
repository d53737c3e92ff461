"""The JSON Schema, the code and the documentation tell the same."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.events import BODY_TYPES, Body, Event
from kws_live.events.schema import json_schema

DOCS = Path(__file__).parents[2] / "docs"
VALIDATOR = jsonschema.Draft202012Validator(json_schema())


def documented_lines() -> list[dict[str, Any]]:
    """Return every example line of docs/events.md."""
    text = (DOCS / "events.md").read_text()
    return [json.loads(line) for line in re.findall(r"^\{.*\}$", text, re.MULTILINE)]


def finite(minimum: float, maximum: float) -> st.SearchStrategy[float]:
    """Return a strategy of numbers that a field may hold."""
    return st.floats(minimum, maximum, allow_nan=False)


st.register_type_strategy(float, finite(0, 1))
st.register_type_strategy(int, st.integers(1, 200))


def test_the_file_in_the_documentation_is_the_schema_of_the_code() -> None:
    """The file was made anew (`python -m kws_live.events.schema`) after the last change."""
    assert json.loads((DOCS / "events.schema.json").read_text()) == json_schema()


def test_the_schema_is_a_schema() -> None:
    """It satisfies the meta-schema of its draft."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("body_type", BODY_TYPES, ids=lambda body_type: body_type.type)
def test_whatever_a_body_holds_its_line_satisfies_the_schema(body_type: type[Body]) -> None:
    """Events of any content, within the limits of their fields, validate."""

    @given(st.builds(body_type), st.integers(0, 2**62), finite(0, 1e9))
    def check(body: Body, unix_ns: int, stream_s: float) -> None:
        VALIDATOR.validate(json.loads(Event("run", 0, unix_ns, 0, stream_s, body).to_json()))

    check()


def test_every_type_is_documented_by_an_example_that_satisfies_the_schema() -> None:
    """docs/events.md shows each type at least once, as the program writes it."""
    lines = documented_lines()
    for line in lines:
        VALIDATOR.validate(line)
    assert {line["type"] for line in lines} == {body_type.type for body_type in BODY_TYPES}


@pytest.mark.parametrize(
    "change",
    [
        {"type": "unheard_of"},
        {"schema": 2},
        {"seq": -1},
        {"ts": "2025-11-23 02:04:05"},
        {"score": 1.5},
        {"keyword": None},
        {"extra": 1},
        {"latency_ms": {"total": 3.0}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_line_that_is_wrong_is_refused(change: dict[str, Any]) -> None:
    """The schema can fail: wrong types, ranges, missing and unknown keys are all noticed."""
    line = next(line for line in documented_lines() if line["type"] == "detection")
    VALIDATOR.validate(line)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(line | change)


def test_every_key_has_a_description() -> None:
    """The schema documents itself: no key without words."""
    for name, definition in json_schema()["$defs"].items():
        for key, value in definition["properties"].items():
            assert value.get("description") or "const" in value, f"{name}.{key}"
