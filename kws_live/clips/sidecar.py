"""What is known of a clip: the JSON file beside its audio."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from kws_live import __version__
from kws_live.events import DetectionBody, Event, NearMissBody

SCHEMA = 1
"""The version of the file format."""

Kind = Literal["detection", "near_miss"]
Verdict = Literal["true", "false", "unclear"]

_SPEAKER = re.compile(r"(?!.*_nohash_)[\w-]{1,40}")
_LARGEST = 1e12
"""No time, score or count is beyond it; arithmetic on such numbers can't overflow."""


@dataclass(frozen=True, slots=True)
class ClipInfo:
    """One clip. Its audio ends with the deciding window, so times in it count from its end, `decided_s`.

    Attributes:
        kind: the type of its event.
        keyword: what was said, or may have been.
        score: smoothed posterior at the deciding window, for a near miss the highest one; 0..1.
        threshold: what the score had to reach.
        reason: why a near miss was no detection; None for a detection.
        run: id of the run of the program.
        seq: number of its event in that run.
        ts: time of day of its event, RFC 3339 in UTC.
        decided_s: stream time of the end of the deciding window.
        start_s: estimated stream time of the word's beginning.
        end_s: estimated stream time of the word's end.
        window_start_samples: where in the clip the deciding window begins.
        window_samples: how long the deciding window is.
        model: name of the model.
        version: of kws-live.
        verdict: whether the keyword was said, as a person says; None before the review.
        speaker: who speaks, named at the review; None before.
    """

    kind: Kind
    keyword: str
    score: float
    threshold: float
    reason: str | None
    run: str
    seq: int
    ts: str
    decided_s: float
    start_s: float
    end_s: float
    window_start_samples: int
    window_samples: int
    model: str
    version: str
    verdict: Verdict | None = None
    speaker: str | None = None

    def to_json(self) -> str:
        """Return the text of the sidecar."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=2, allow_nan=False) + "\n"


def describe(event: Event, window_start_samples: int, window_samples: int) -> ClipInfo:
    """Return what is known of the clip of a detection or a near miss: what its event tells in JSON."""
    assert isinstance(event.body, DetectionBody | NearMissBody), "only these have a clip"
    told = event.to_dict()
    return ClipInfo(
        kind=told["type"],
        keyword=told["keyword"],
        score=told["score"],
        threshold=told["threshold"],
        reason=told.get("reason"),
        run=told["run"],
        seq=told["seq"],
        ts=told["ts"],
        decided_s=told["decided_s"],
        start_s=told["start_s"],
        end_s=told["end_s"],
        window_start_samples=window_start_samples,
        window_samples=window_samples,
        model=told["model"],
        version=__version__,
    )


def is_speaker(name: str) -> bool:
    """Return whether `name` can begin the names of files that `kws-train` takes a speaker from."""
    return _SPEAKER.fullmatch(name) is not None


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) <= _LARGEST  # type: ignore[arg-type]


_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "kind": lambda value: value in get_args(Kind),
    **dict.fromkeys(
        ("keyword", "run", "ts", "model", "version"), lambda value: isinstance(value, str)
    ),
    "reason": lambda value: value is None or isinstance(value, str),
    "speaker": lambda value: value is None or (isinstance(value, str) and is_speaker(value)),
    **dict.fromkeys(("score", "threshold", "decided_s", "start_s", "end_s"), _is_number),
    **dict.fromkeys(
        ("seq", "window_start_samples", "window_samples"),
        lambda value: type(value) is int and 0 <= value <= _LARGEST,
    ),
    "verdict": lambda value: value is None or value in get_args(Verdict),
}
"""What each key has to be."""


def parse(text: str) -> ClipInfo:
    """Return what a sidecar says; keys that it doesn't know are ignored.

    Raises:
        ValueError: it is none, or was written by a newer kws-live; the message says what is wrong.
    """
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("the sidecar is no JSON") from None
    if not isinstance(found, dict) or "schema" not in found:
        raise ValueError("the sidecar is none of kws-live")
    if found["schema"] != SCHEMA:
        raise ValueError(
            f"the sidecar is of format {found['schema']!r}, this kws-live knows {SCHEMA}"
        )
    for name, is_right in _CHECKS.items():
        if not is_right(found.get(name)):
            raise ValueError(f"the sidecar's {name!r} is wrong: {found.get(name)!r}")
    known: dict[str, Any] = {name: found.get(name) for name in _CHECKS}
    return ClipInfo(**known)
