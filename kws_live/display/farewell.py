"""What stays on the terminal when the display is gone; pure."""

from itertools import islice

from kws_live.display.frame import Frame, LineBuilder
from kws_live.display.history import History
from kws_live.display.sections import detection, message
from kws_live.display.theme import FAINT, Glyphs
from kws_live.display.totals import totals
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
