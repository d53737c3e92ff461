"""The JSON Schema of the events, made from the dataclasses that they are.

`python -m kws_live.events.schema` prints it, as it stands in docs/events.schema.json.
"""

import builtins
import json
import re
import sys
import types
import typing
from collections import abc
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from kws_live.events.bodies import BODY_TYPES, AtLeast, AtMost, Body
from kws_live.events.event import SCHEMA_VERSION

_PRIMITIVES = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    types.NoneType: "null",
}

Schema = dict[str, Any]


def json_schema() -> Schema:
    """Return the schema (draft 2020-12) that every line of `--json` output satisfies."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "kws-live event",
        "description": "One line of the output of kws-live --json. Later versions may add to it.",
        "oneOf": [{"$ref": f"#/$defs/{body.type}"} for body in BODY_TYPES],
        "$defs": {body.type: _event(body) for body in BODY_TYPES},
    }


def _event(body: type[Body]) -> Schema:
    envelope: Schema = {
        "schema": {"const": SCHEMA_VERSION},
        "type": {"const": body.type},
        "run": {"type": "string", "description": "id of this run of the program"},
        "seq": {
            "type": "integer",
            "minimum": 0,
            "description": "number of the event in its run, from 0, without gaps",
        },
        "ts": {
            "type": "string",
            "format": "date-time",
            "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$",
            "description": "time of day, RFC 3339 in UTC",
        },
        "stream_s": {
            "type": "number",
            "minimum": 0,
            "description": "audio time since the stream began, in seconds",
        },
    }
    return _object(body, envelope)


def _object(cls: type, before: Schema | None = None) -> Schema:
    """Return the schema of a dataclass, with the properties of `before` ahead of its own."""
    summary, descriptions = _descriptions(cls)
    hints = get_type_hints(cls, include_extras=True)
    properties: Schema = dict(before or {})
    for field in fields(cls):
        properties[field.name] = _of(hints[field.name]) | {"description": descriptions[field.name]}
    return {
        "type": "object",
        "description": summary,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _of(hint: Any) -> Schema:
    """Return the schema of a field's type.

    Raises:
        TypeError: there is no JSON for such a type.
    """
    args = get_args(hint)
    match get_origin(hint):
        case None if hint in _PRIMITIVES:
            schema: Schema = {"type": _PRIMITIVES[hint]}
        case None if is_dataclass(hint) and isinstance(hint, type):
            schema = _object(hint)
        case typing.Annotated:
            schema = _of(args[0]) | _limits(args[1:])
        case typing.Literal:
            schema = {"enum": list(args)}
        case typing.Union | types.UnionType:
            schema = {"anyOf": [_of(arg) for arg in args]}
        case builtins.tuple:
            schema = {"type": "array", "items": _of(args[0])}
        case abc.Mapping:
            schema = {"type": "object", "additionalProperties": _of(args[1])}
        case _:
            raise TypeError(f"no JSON Schema for the type {hint!r}")
    return schema


def _limits(marks: tuple[Any, ...]) -> Schema:
    limits: Schema = {}
    for mark in marks:
        if isinstance(mark, AtLeast):
            limits["minimum"] = mark.minimum
        elif isinstance(mark, AtMost):
            limits["maximum"] = mark.maximum
    return limits


def _descriptions(cls: type) -> tuple[str, dict[str, str]]:
    """Return the first sentence of a docstring and the text of each of its attributes."""
    summary, _, attributes = (cls.__doc__ or "").partition("Attributes:")
    entries = re.findall(
        r"^ {8}(\w+): (.*?)(?=^ {8}\w+: |\Z)", attributes, re.MULTILINE | re.DOTALL
    )
    return _one_line(summary), {name: _one_line(text) for name, text in entries}


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
