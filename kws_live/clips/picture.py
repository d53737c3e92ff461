"""One clip under review as a picture of the terminal; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.segment import Segment
from rich.style import Style

from kws_live.clips.sidecar import ClipInfo
from kws_live.clips.waveform import Marks, heights, marks, peak_db, rows
from kws_live.display.frame import BLANK, Frame, FrameLine, LineBuilder
from kws_live.display.theme import CALM, FAINT, HIT, PLAIN, STRONG, TROUBLE, Glyphs
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

_KEYS = (
    ("t", "true"),
    ("f", "false"),
    ("x", "unclear"),
    ("space", "again"),
    ("s", "skip"),
    ("u", "undo"),
    ("q", "quit"),
)
_LAST_KEYS = (("u", "undo"), ("q", "done"))
_TALLEST = 8
_OTHER_LINES = 11
_MARGIN = 1

_BLOCKS = " ▁▂▃▄▅▆▇█"
_ASCII_BLOCKS = " .#"


@dataclass(frozen=True, slots=True)
class View:
    """What the picture shows.

    Attributes:
        info: the clip.
        samples: its audio, int16 [n].
        number: of the clip, from 1.
        total: how many there are.
        counts: of verdicts by name, for the last line.
        playing: whether it is being played.
        problem: why nothing can be heard, or None.
    """

    info: ClipInfo
    samples: Int16Array
    number: int
    total: int
    counts: Sequence[tuple[str, int]]
    playing: bool
    problem: str | None


def picture(view: View, width: int, height: int, glyphs: Glyphs) -> Frame:
    """Return the picture for a terminal of `width` × `height` cells; what doesn't fit is left out from below."""
    tall = min(_TALLEST, max(1, height - _OTHER_LINES))
    lines = [
        _title(f"{view.number} of {view.total}", width, glyphs),
        BLANK,
        _question(view.info, width, glyphs),
        _facts(view.info, width, glyphs),
        BLANK,
        *_waveform(view, width, tall, glyphs),
        _sound(view, width, glyphs),
        BLANK,
        _keys(_KEYS, width, glyphs),
        _counts(view.counts, width, glyphs),
    ]
    return Frame(lines[:height])


def end_picture(
    counts: Sequence[tuple[str, int]], width: int, height: int, glyphs: Glyphs
) -> Frame:
    """Return the picture behind the last clip, where the last verdict can still be taken back."""
    lines = [
        _title("no more clips", width, glyphs),
        BLANK,
        _keys(_LAST_KEYS, width, glyphs),
        _counts(counts, width, glyphs),
    ]
    return Frame(lines[:height])


def _title(text: str, width: int, glyphs: Glyphs) -> FrameLine:
    return LineBuilder(width, glyphs).text(" kws-live review  ", STRONG).text(text).done()


def _question(info: ClipInfo, width: int, glyphs: Glyphs) -> FrameLine:
    line = LineBuilder(width, glyphs).text(" Was ").text(f'"{info.keyword}"', STRONG)
    line.text(" said?  ")
    reached = info.score >= info.threshold
    relation = glyphs.at_least if reached else glyphs.below
    line.text(f" score {info.score:.3f} {relation} {info.threshold:.3f}", HIT if reached else PLAIN)
    kind = info.kind.replace("_", " ")
    if info.reason:
        kind += f", {info.reason.replace('_', ' ')}"
    return line.text(f"  {kind}", FAINT).done()


def _facts(info: ClipInfo, width: int, glyphs: Glyphs) -> FrameLine:
    try:
        when = f"{datetime.fromisoformat(info.ts).astimezone():%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):  # a sidecar may claim any time
        when = info.ts
    return LineBuilder(width, glyphs).text(f" {when}  model {info.model}", FAINT).done()


def _waveform(view: View, width: int, tall: int, glyphs: Glyphs) -> list[FrameLine]:
    columns = width - 2 * _MARGIN
    if columns < 1:
        return []
    total = len(view.samples)
    start_s = view.info.decided_s - total / SAMPLE_RATE_HZ
    word = [
        round((at_s - start_s) * SAMPLE_RATE_HZ) for at_s in (view.info.start_s, view.info.end_s)
    ]
    places = marks(total, view.info.window_start_samples, word[0], word[1], columns)
    blocks = _ASCII_BLOCKS if glyphs.ascii else _BLOCKS
    drawn = rows(heights(view.samples, columns), tall, blocks)
    return [*(_three_parts(row, places) for row in drawn), _ruler(places, columns, width, glyphs)]


def _three_parts(row: str, places: Marks) -> FrameLine:
    """Return one row: what came before the window faint, the word in colour."""
    cuts: tuple[tuple[int, int, Style], ...] = (
        (0, places.window, FAINT),
        (places.window, max(places.word_start, places.window), CALM),
        (max(places.word_start, places.window), max(places.word_end, places.window), HIT),
        (max(places.word_end, places.window), len(row), CALM),
    )
    parts = [Segment(row[start:end], style) for start, end, style in cuts if end > start]
    return FrameLine((Segment(" " * _MARGIN), *parts), len(row) + _MARGIN)


def _ruler(places: Marks, columns: int, width: int, glyphs: Glyphs) -> FrameLine:
    """Return the line below the sound that names its parts."""
    line = LineBuilder(width, glyphs).text(" " * _MARGIN)

    def part(name: str, start: int, end: int, rule: str, style: Style) -> None:
        room = end - start
        text = f"{glyphs.marker}{name}" if room > len(name) else glyphs.marker
        line.text(text[:room], style).fill_to(line.left - max(0, room - len(text)), rule, style)

    word_start = max(places.word_start, places.window)
    word_end = max(places.word_end, word_start)
    part("before", 0, places.window, glyphs.track, FAINT)
    part("window", places.window, word_start, glyphs.rule, CALM)
    part("word", word_start, word_end, glyphs.eighths[-1], HIT)
    part("", word_end, columns, glyphs.rule, CALM)
    return line.done()


def _sound(view: View, width: int, glyphs: Glyphs) -> FrameLine:
    line = LineBuilder(width, glyphs)
    if view.problem:
        return line.text(f" {glyphs.alarm} no sound: {view.problem}", TROUBLE).done()
    loudest_db = peak_db(view.samples)
    level = "silence" if loudest_db is None else f"peak {loudest_db:.0f} dB of full scale"
    line.text(f" {glyphs.on if view.playing else glyphs.off} ", HIT if view.playing else FAINT)
    return line.text(f"{'playing' if view.playing else 'played'}  {level}", FAINT).done()


def _keys(keys: Sequence[tuple[str, str]], width: int, glyphs: Glyphs) -> FrameLine:
    line = LineBuilder(width, glyphs)
    for key, meaning in keys:
        line.text(f" {key}", STRONG).text(f" {meaning} ")
    return line.done()


def _counts(counts: Sequence[tuple[str, int]], width: int, glyphs: Glyphs) -> FrameLine:
    text = ", ".join(f"{number} {name}" for name, number in counts)
    return LineBuilder(width, glyphs).text(f" {text}", FAINT).done()
