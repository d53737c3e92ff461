"""The run in one line, for when it ends; pure."""

from collections.abc import Mapping

from kws_live.status import StatusSnapshot
from kws_live.text import clock


def totals(snapshot: StatusSnapshot, hook_failures: int) -> str:
    """Return the run in one line; near misses and what went wrong only where there was any."""
    counters = snapshot.counters
    more = [
        (len(counters.near_misses), _near_misses(counters.near_misses)),
        (counters.dropped_hops, _count(counters.dropped_hops, "hop") + " dropped"),
        (counters.lost_s, f"{counters.lost_s:.1f} s of audio lost"),
        (counters.device_losses, "device lost " + _count(counters.device_losses, "time")),
        (hook_failures, _count(hook_failures, "hook") + " failed"),
    ]
    heard = f"heard {_count(counters.detections, 'keyword')} in {clock(snapshot.stream_s)} of audio"
    return "; ".join([heard, *(text for amount, text in more if amount)])


def _near_misses(by_keyword: Mapping[str, int]) -> str:
    most_first = sorted(by_keyword.items(), key=lambda item: -item[1])
    words = ", ".join(f"{keyword} {count}" for keyword, count in most_first)
    return f"{_count(sum(by_keyword.values()), 'near miss', 'near misses')} ({words})"


def _count(number: int, one: str, more: str | None = None) -> str:
    return f"{number} {one if number == 1 else more or f'{one}s'}"
