"""What stays on the terminal when the display is gone; pure."""

from collections.abc import Mapping
from itertools import islice

from kws_live.display.frame import Frame, LineBuilder
from kws_live.display.history import History
from kws_live.display.sections import clock, detection, message
from kws_live.display.theme import FAINT, Glyphs
from kws_live.status import StatusSnapshot

_DETECTIONS_SHOWN = 20
_UNCUT = 1_000_000


def farewell(snapshot: StatusSnapshot, history: History, width: int, glyphs: Glyphs) -> Frame:
    """Return the last detections and all messages kept, oldest first, and the totals.

    Messages and totals are not cut: the terminal breaks them, and they can be copied.
    """
    last = [*islice(reversed(history.detections), _DETECTIONS_SHOWN)][::-1]
    lines = [detection(heard, width, glyphs) for heard in last]
    earlier = history.times_heard.total() - len(last)
    if earlier:
        line = LineBuilder(width, glyphs).text(f" (and {earlier} before these)", FAINT)
        lines.insert(0, line.done())
    lines += [message(item, _UNCUT, glyphs) for item in history.messages]
    ending = f" kws-live: {totals(snapshot, history.hook_failures)}"
    lines.append(LineBuilder(_UNCUT, glyphs).text(ending).done())
    return Frame(lines)


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
