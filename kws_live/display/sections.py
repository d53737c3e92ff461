"""The parts of the display, each a pure function to lines that fit a width."""

from collections.abc import Sequence
from functools import lru_cache

from kws_live.display.bars import bar, score_bar
from kws_live.display.frame import FrameLine, LineBuilder
from kws_live.display.history import Heard, History, Message, NearlyHeard
from kws_live.display.theme import ALARM, CALM, FAINT, HIT, PLAIN, STRONG, TROUBLE, Glyphs, cells
from kws_live.status import LEVEL_FLOOR_DB, StatusSnapshot
from kws_live.text import clock

_METER_FLOOR_DB = -60.0
_METER_LOUD_DB = -6.0
_JUST_HEARD_S = 1.0
_NAME_WIDTH = 14
_SHORTEST_FOLDER = 12


def title(snapshot: StatusSnapshot, width: int, glyphs: Glyphs) -> FrameLine:
    """Return the first line: what the program is doing, with which model, and how much audio it took in."""
    line = LineBuilder(width, glyphs).text(" kws-live  ", STRONG)
    if not snapshot.device_ok:
        line.text(f"{glyphs.alarm} not hearing anything", TROUBLE)
    elif snapshot.stream_s == 0:
        line.text(f"{glyphs.off} waiting for audio", FAINT)
    else:
        line.text(f"{glyphs.on} listening", HIT)
    time = clock(snapshot.stream_s)
    if snapshot.duration_s is not None:
        time += f" / {clock(snapshot.duration_s)}"
    room = line.left - cells(time) - 7
    if room >= 8:
        model = glyphs.fit(snapshot.model, room)
        line.fill_to(cells(model) + cells(time) + 4).text(model, FAINT)
    return line.right(f"{time} ").done()


def device(snapshot: StatusSnapshot, width: int, glyphs: Glyphs) -> FrameLine:
    """Return the line that names the device and says that clips are being kept, and where if there is room."""
    line = LineBuilder(width, glyphs).text(" device ", FAINT)
    if not snapshot.clips_folder:
        return line.text(snapshot.device).done()
    mark = f"  {glyphs.on} keeping clips"
    line.text(glyphs.fit(snapshot.device, max(0, line.left - cells(mark) - 1)))
    where = glyphs.fit(f" in {snapshot.clips_folder}", max(0, line.left - cells(mark) - 1))
    # A folder cut to nothing says less than none.
    ending = f"{mark}{where} " if cells(where) >= _SHORTEST_FOLDER else f"{mark} "
    return line.right(ending, STRONG).done()


def level(snapshot: StatusSnapshot, width: int, glyphs: Glyphs) -> FrameLine:
    """Return the level meter, -60 to 0 dBFS, and the state of the gate."""
    line = LineBuilder(width, glyphs).text(" level  ", FAINT)
    ending_width = 29 if width >= 50 else 0
    db = snapshot.level_db
    loud = db >= _METER_LOUD_DB
    fraction = 1.0 - db / _METER_FLOOR_DB
    bar_width = max(line.left - ending_width, 0)
    line.segments(bar(fraction, bar_width, glyphs, TROUBLE if loud else CALM), bar_width)
    if db <= LEVEL_FLOOR_DB:
        line.column("  silence", 14, FAINT)
    else:
        line.column(f" {db:4.0f} dB{' loud' if loud else ''}", 14, TROUBLE if loud else PLAIN)
    line.text("  gate ", FAINT)
    if snapshot.gate_open:
        line.text(f"{glyphs.on} open", HIT)
    else:
        line.text(f"{glyphs.off} closed", FAINT)
    return line.done()


def alarm(history: History, width: int, height: int, glyphs: Glyphs) -> list[FrameLine]:
    """Return the lost device as a block of `height` lines that nobody overlooks."""
    first = LineBuilder(width, glyphs).text(f" {glyphs.alarm} DEVICE LOST", ALARM)
    second = LineBuilder(width, glyphs).text("   trying to open it again", ALARM)
    if history.loss is not None:
        first.text(f" since {history.loss.clock}: {history.loss.device}", ALARM)
        second.text(f" ({history.loss.reason})", ALARM)
    blank = LineBuilder(width, glyphs)
    return [line.fill_to(0, " ", ALARM).done() for line in (first, second, blank)[:height]]


@lru_cache(maxsize=16)
def heading(text: str, width: int, glyphs: Glyphs, right: str = "") -> FrameLine:
    """Return a section's heading: its name, a rule, and the names of columns at the right."""
    line = LineBuilder(width, glyphs).text(f" {text} ", STRONG)
    ending = f" {right} " if right else " "
    line.fill_to(min(cells(ending), line.left), glyphs.rule, FAINT)
    return line.text(ending, FAINT).done()


def keyword_heading(width: int, glyphs: Glyphs) -> FrameLine:
    """Return the heading above one column of keywords."""
    return heading("Keywords", width, glyphs, "score  needed  heard" if width >= 56 else "")


def keyword(
    name: str,
    snapshot: StatusSnapshot,
    history: History,
    name_cells: int,
    width: int,
    glyphs: Glyphs,
) -> FrameLine:
    """Return one keyword: its bar with the threshold marked, score, threshold, times heard.

    While the gate is closed nothing is inferred: there is no score then, and the last one would mislead.

    Args:
        name: the keyword.
        snapshot: for its score and threshold.
        history: for when and how often it was heard.
        name_cells: width of the column of names, which may be cut for a narrow terminal.
        width: of the line.
        glyphs: to draw it with.
    """
    heard_s = history.last_heard_s.get(name)
    just_heard = heard_s is not None and 0 <= snapshot.stream_s - heard_s <= _JUST_HEARD_S
    score = snapshot.scores.get(name) if snapshot.gate_open else None
    threshold, times = snapshot.thresholds[name], history.times_heard[name]
    name_cells = min(name_cells, _NAME_WIDTH, width // 3)
    return _keyword_line(name, score, threshold, times, just_heard, name_cells, width, glyphs)


@lru_cache(maxsize=256)
def _keyword_line(
    name: str,
    score: float | None,
    threshold: float,
    times: int,
    just_heard: bool,
    name_cells: int,
    width: int,
    glyphs: Glyphs,
) -> FrameLine:
    reached = score is not None and score >= threshold
    line = LineBuilder(width, glyphs)
    line.text(f" {glyphs.on if just_heard else ' '} ", HIT)
    line.column(name, name_cells, HIT if just_heard else PLAIN).text(" ")
    ending_width = 22 if width >= 56 else 13 if width >= 36 else 0
    bar_width = line.left - ending_width
    if bar_width >= 4:
        line.segments(score_bar(score or 0.0, threshold, bar_width, glyphs), bar_width)
    relation = glyphs.at_least if reached else glyphs.below if score is not None else " "
    number = f"{score:.2f}" if score is not None else "   -"
    line.text(f" {number} {relation} ", HIT if reached else PLAIN).text(f"{threshold:.2f}", FAINT)
    if width >= 56:
        line.text(f"{times:9d} " if times else f"{'-':>9} ", STRONG if times else FAINT)
    return line.done()


def detection_heading(snapshot: StatusSnapshot, width: int, glyphs: Glyphs) -> FrameLine:
    """Return the heading above the detections and near misses, with how many there were."""
    counts = f"{snapshot.counters.detections} so far"
    near = sum(snapshot.counters.near_misses.values())
    if near and width >= 40:
        counts += f", {near} near miss{'es' if near > 1 else ''}"
    return heading("Last heard", width, glyphs, counts)


@lru_cache(maxsize=256)
def detection(heard: Heard, width: int, glyphs: Glyphs) -> FrameLine:
    """Return one detection: when, what, how sure, how fast, and what its hooks did."""
    line = LineBuilder(width, glyphs).text(f" {heard.clock}  ")
    line.column(heard.keyword, _NAME_WIDTH if width >= 56 else 10, STRONG)
    line.text(f" {heard.score:.2f}").text(f" {glyphs.at_least} {heard.threshold:.2f}", FAINT)
    latency = "" if heard.latency_ms is None else f"{heard.latency_ms:6.0f} ms"
    line.text(f"{latency:9}")
    if width >= 76:
        line.text(f"   at {clock(heard.stream_s):8}", FAINT)
    if heard.hook_problem is not None:
        line.text(f"   {glyphs.alarm} hook: {heard.hook_problem}", TROUBLE)
    elif heard.hooks_running > 0:
        line.text("   hook running", FAINT)
    elif heard.hooks_ended > 0:
        line.text("   hook done", FAINT)
    return line.done()


@lru_cache(maxsize=256)
def near_miss(heard: NearlyHeard, width: int, glyphs: Glyphs) -> FrameLine:
    """Return one near miss, in the columns of `detection`: when, what, the score and what it lacked."""
    line = LineBuilder(width, glyphs).text(f" {heard.clock}  ", FAINT)
    line.column(heard.keyword, _NAME_WIDTH if width >= 56 else 10, FAINT)
    held_back = heard.reason == "held_back"
    relation = glyphs.at_least if held_back else glyphs.below
    line.text(f" {heard.score:.2f} {relation} {heard.threshold:.2f}", FAINT)
    line.text(" held back" if held_back else " near miss", FAINT)
    if width >= 76:
        line.text(f"  at {clock(heard.stream_s)}", FAINT)
    return line.done()


@lru_cache(maxsize=256)
def message(item: Message, width: int, glyphs: Glyphs) -> FrameLine:
    """Return one message; trouble has a sign before it."""
    line = LineBuilder(width, glyphs).text(f" {item.clock} ")
    line.text(f"{glyphs.alarm} " if item.trouble else "  ", TROUBLE)
    if item.count > 1:
        line.text(f"({item.count} times) ")
    return line.text(item.text).done()


def footer(
    snapshot: StatusSnapshot, history: History, width: int, height: int, glyphs: Glyphs
) -> list[FrameLine]:
    """Return the totals in `height` lines (1 or 2), everything that went wrong with a sign before it."""
    p50, p95 = (
        "   -" if ms is None else f"{ms:4.0f}"
        for ms in (snapshot.latency_p50_ms, snapshot.latency_p95_ms)
    )
    hops, lost_s = snapshot.counters.dropped_hops, snapshot.counters.lost_s
    failures = history.hook_failures
    if height >= 2 or width >= 100:
        fields = [
            (f"latency p50 {p50} ms, p95 {p95} ms", False),
            (f"dropped hops {hops:5}", hops > 0),
            (f"lost audio {lost_s:7.1f} s", lost_s > 0),
            (f"hook failures {failures:4}", failures > 0),
        ]
    else:
        fields = [
            (f"p50 {p50} p95 {p95} ms", False),
            (f"drop {hops}", hops > 0),
            (f"lost {lost_s:.1f} s", lost_s > 0),
            (f"hook fail {failures}", failures > 0),
        ]
    per_line = -(-len(fields) // height)
    return [
        _totals(fields[i : i + per_line], width, glyphs) for i in range(0, len(fields), per_line)
    ]


def _totals(fields: Sequence[tuple[str, bool]], width: int, glyphs: Glyphs) -> FrameLine:
    column_width = (width - 1) // len(fields) if len(fields) == 2 else 0
    line = LineBuilder(width, glyphs)
    for text, trouble in fields:
        sign = glyphs.alarm if trouble else " "
        line.column(f"{sign}{text}  ", column_width or len(text) + 3, TROUBLE if trouble else PLAIN)
    return line.done()
