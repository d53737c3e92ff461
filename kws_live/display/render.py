"""Lays out the whole display; pure: the same state and size give the same frame."""

from collections.abc import Sequence
from itertools import islice

from kws_live.display import sections
from kws_live.display.frame import BLANK, Frame, FrameLine, LineBuilder
from kws_live.display.history import Heard, History
from kws_live.display.theme import FAINT, UNICODE, Glyphs, cells
from kws_live.status import StatusSnapshot

_WIDE = 120
_TALL_ENOUGH_FOR_WIDE = 18
_NARROWEST_KEYWORD = 30
_MESSAGES_SHOWN = 3
_ALARM_LINES = 2


def render(
    snapshot: StatusSnapshot,
    history: History,
    width: int,
    height: int,
    glyphs: Glyphs = UNICODE,
) -> Frame:
    """Return the display for a terminal of `width` × `height` cells; never more than fits.

    What matters most stays longest as the terminal shrinks: the lost device, the title, the level, the keywords,
    the totals, the last detection. From 120 columns on, detections stand beside the keywords.
    """
    if width < 1 or height < 1:
        return Frame(())
    draw = _wide if width >= _WIDE and height >= _TALL_ENOUGH_FOR_WIDE else _stacked
    return Frame(draw(snapshot, history, width, height, glyphs)[:height])


def _stacked(
    snapshot: StatusSnapshot, history: History, width: int, height: int, glyphs: Glyphs
) -> list[FrameLine]:
    lost = not snapshot.device_ok
    names = list(snapshot.thresholds)
    columns = _columns(len(names), width, height - 4)
    keyword_rows = -(-len(names) // columns)
    rows = _allot(
        height,
        ("alarm", lost),
        ("title", 1),
        ("level", not lost),
        ("keywords", max(min(keyword_rows, height - 3), 1)),
        ("footer", 1),
        ("detections", 1),
        ("device", 1),
        ("alarm", _ALARM_LINES - 1 if lost else 0),
        ("footer", 1 if width < 100 else 0),
        ("keyword heading", 1),
        ("detection heading", 1),
        ("detections", 2),
        ("messages", min(len(history.messages), _MESSAGES_SHOWN)),
        ("message heading", bool(history.messages)),
        ("space", 1),
        ("detections", height),
    )
    lines = _head(snapshot, history, width, glyphs, rows)
    lines += [BLANK] * rows["space"]
    if rows["keyword heading"]:
        lines.append(sections.keyword_heading(width, glyphs))
    lines += _keywords(snapshot, history, names, columns, rows["keywords"], width, glyphs)
    if rows["detection heading"]:
        lines.append(sections.detection_heading(snapshot, width, glyphs))
    lines += _detections(history, rows["detections"], width, glyphs)
    if rows["message heading"]:
        lines.append(sections.heading("Messages", width, glyphs))
    lines += _messages(history, rows["messages"], width, glyphs)
    if rows["footer"]:
        lines += sections.footer(snapshot, history, width, rows["footer"], glyphs)
    return lines


def _wide(
    snapshot: StatusSnapshot, history: History, width: int, height: int, glyphs: Glyphs
) -> list[FrameLine]:
    lost = not snapshot.device_ok
    head = {"alarm": _ALARM_LINES if lost else 0, "title": 1, "level": not lost, "device": 1}
    lines = [*_head(snapshot, history, width, glyphs, head), BLANK]
    body_height = height - len(lines) - 2
    right_width = min(max(width * 2 // 5, 58), 84)
    left_width = width - right_width - 1
    names = list(snapshot.thresholds)
    columns = _columns(len(names), left_width, body_height - 1)
    keyword_rows = min(-(-len(names) // columns), body_height - 1)
    # An empty line after each keyword where that leaves room for messages.
    spaced = 2 * keyword_rows + 2 + _MESSAGES_SHOWN <= body_height
    left = [sections.keyword_heading(left_width, glyphs)]
    for line in _keywords(snapshot, history, names, columns, keyword_rows, left_width, glyphs):
        left += [line, BLANK] if spaced else [line]
    message_rows = body_height - len(left) - 1
    if message_rows > 0:
        left.append(sections.heading("Messages", left_width, glyphs))
        left += _messages(history, message_rows, left_width, glyphs)
    right = [sections.detection_heading(snapshot, right_width, glyphs)]
    right += _detections(history, body_height - 1, right_width, glyphs)
    for left_line, right_line in zip(left, right, strict=False):
        builder = LineBuilder(width, glyphs).line(left_line)
        lines.append(builder.fill_to(right_width).line(right_line).done())
    return [*lines, BLANK, *sections.footer(snapshot, history, width, 1, glyphs)]


def _allot(rows: int, *wishes: tuple[str, int]) -> dict[str, int]:
    """Give each part the rows it wishes for, in this order, until there are none left."""
    given: dict[str, int] = {}
    for part, wish in wishes:
        granted = min(int(wish), rows)
        given[part] = given.get(part, 0) + granted
        rows -= granted
    return given


def _columns(count: int, width: int, rows: int) -> int:
    """Return in how many columns `count` keywords stand so that they fit `rows`, as far as the width allows."""
    wanted = -(-count // max(rows, 1))
    return max(min(wanted, width // _NARROWEST_KEYWORD), 1)


def _head(
    snapshot: StatusSnapshot,
    history: History,
    width: int,
    glyphs: Glyphs,
    rows: dict[str, int],
) -> list[FrameLine]:
    lines = sections.alarm(history, width, rows["alarm"], glyphs)
    if rows["title"]:
        lines.append(sections.title(snapshot, width, glyphs))
    if rows["device"]:
        lines.append(sections.device(snapshot, width, glyphs))
    if rows["level"]:
        lines.append(sections.level(snapshot, width, glyphs))
    return lines


def _keywords(
    snapshot: StatusSnapshot,
    history: History,
    names: Sequence[str],
    columns: int,
    rows: int,
    width: int,
    glyphs: Glyphs,
) -> list[FrameLine]:
    """Return `rows` lines of keywords, ordered down each column; the last cell says how many are left out."""
    cell_width = width // columns
    name_cells = max(map(cells, names), default=0)
    shown = names
    if len(names) > rows * columns:
        shown = names[: rows * columns - 1]
    lines = []
    for row in range(rows):
        line = LineBuilder(width, glyphs)
        for column in range(columns):
            index = column * rows + row
            if index < len(shown):
                line.line(
                    sections.keyword(
                        shown[index], snapshot, history, name_cells, cell_width, glyphs
                    )
                )
            elif index == len(shown) and len(shown) < len(names):
                line.column(f"   and {len(names) - len(shown)} more", cell_width)
            line.fill_to(width - cell_width * (column + 1))
        lines.append(line.done())
    return lines


def _detections(history: History, rows: int, width: int, glyphs: Glyphs) -> list[FrameLine]:
    """Return `rows` lines, the newest detection or near miss first."""
    lines = [
        sections.detection(heard, width, glyphs)
        if isinstance(heard, Heard)
        else sections.near_miss(heard, width, glyphs)
        for heard in history.latest(rows)
    ]
    if not lines and rows:
        lines.append(LineBuilder(width, glyphs).text(" nothing yet", FAINT).done())
    return lines + [BLANK] * (rows - len(lines))


def _messages(history: History, rows: int, width: int, glyphs: Glyphs) -> list[FrameLine]:
    """Return `rows` lines, the newest message last: one may go over several lines."""
    newest = [*islice(reversed(history.messages), rows)][::-1]
    lines = [sections.message(item, width, glyphs) for item in newest]
    return lines + [BLANK] * (rows - len(lines))
