"""Which hooks a detection runs, and what they are given."""

from collections.abc import Mapping

from kws_live.config import ANY_KEYWORD, HookSpec
from kws_live.events import DetectionBody, Event


def matches(hook: HookSpec, keyword: str) -> bool:
    """Return whether `hook` runs for `keyword`."""
    return hook.keyword in {ANY_KEYWORD, keyword}


def environment(event: Event, detection: DetectionBody, base: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a hook: `base` and the detection's values as `KWS_…`."""
    return {
        **base,
        "KWS_KEYWORD": detection.keyword,
        "KWS_SCORE": f"{detection.score:.4f}",
        "KWS_START_S": f"{detection.start_s:.3f}",
        "KWS_END_S": f"{detection.end_s:.3f}",
        "KWS_TIMESTAMP": event.ts,
    }
