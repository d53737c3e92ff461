"""The envelope that every event shares, and its line of JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any

from kws_live.events.bodies import Body

SCHEMA_VERSION = 1

_DECIMALS = 7  # one sample at 16 kHz is 0.0000625 s: times on the sample grid stay exact


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with its place in the run and in the stream.

    Attributes:
        run: id of this run of the program.
        seq: number of the event in its run, from 0, without gaps.
        unix_ns: time of day, in ns since the Unix epoch.
        published_ns: the same moment on CLOCK_MONOTONIC, in ns; not part of the JSON.
        stream_s: audio time since the stream began, in seconds.
        body: what happened.
    """

    run: str
    seq: int
    unix_ns: int
    published_ns: int
    stream_s: float
    body: Body

    @property
    def type(self) -> str:
        """The type as it stands in JSON, such as "detection"."""
        return self.body.type

    @property
    def ts(self) -> str:
        """Return the time of day as RFC 3339 in UTC, to the millisecond."""
        seconds, ns = divmod(self.unix_ns, 1_000_000_000)
        day_time = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{day_time}.{ns // 1_000_000:03d}Z"

    def to_dict(self) -> dict[str, Any]:
        """Return the event in types that `json` knows, keys in the order of the documentation."""
        return {
            "schema": SCHEMA_VERSION,
            "type": self.type,
            "run": self.run,
            "seq": self.seq,
            "ts": self.ts,
            "stream_s": _plain(self.stream_s),
            **_plain(self.body),
        }

    def to_json(self) -> str:
        """Return the event as one line of ASCII JSON, without the newline.

        Raises:
            ValueError: a number is infinite or not a number.
        """
        return json.dumps(self.to_dict(), allow_nan=False, separators=(", ", ": "))


def _plain(value: Any) -> Any:
    """Return `value` in types that `json` knows, floats without the noise of their last bits."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return round(value, _DECIMALS) if isinstance(value, float) else value
