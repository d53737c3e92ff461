"""A picture of the terminal: lines of styled text that are known to fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from kws_live.display.theme import PLAIN, Glyphs, cells

if TYPE_CHECKING:  # it takes 20 ms to import, and printing lines does without
    from rich.console import Console, ConsoleOptions, RenderResult


@dataclass(frozen=True, slots=True)
class FrameLine:
    """One line of styled text without a line break.

    Attributes:
        segments: the text.
        cells: how wide it is.
    """

    segments: tuple[Segment, ...]
    cells: int


BLANK = FrameLine((), 0)


class LineBuilder:
    """Builds one line from left to right; what does not fit any more is cut, the last text with an ellipsis.

    Args:
        width: cells that there are.
        glyphs: for the ellipsis, and for what the terminal can't show.
    """

    def __init__(self, width: int, glyphs: Glyphs) -> None:
        self._segments: list[Segment] = []
        self._glyphs = glyphs
        self._width = width
        self.left = width
        """Cells that are still free."""

    def text(self, text: str, style: Style = PLAIN) -> "LineBuilder":
        """Add `text`, cut to the room that is left."""
        fitting = self._glyphs.fit(text, self.left)
        if fitting:
            self._segments.append(Segment(fitting, style))
            self.left -= cells(fitting)
        return self

    def column(self, text: str, width: int, style: Style = PLAIN) -> "LineBuilder":
        """Add `text` in a column of `width` cells, cut or padded."""
        fitting = self._glyphs.fit(text, min(width, self.left))
        return self.text(fitting, style).text(" " * min(width - cells(fitting), self.left))

    def segments(self, segments: Iterable[Segment], cells: int) -> "LineBuilder":
        """Add segments that are known to be clean and to fit, `cells` wide together."""
        self._segments.extend(segments)
        self.left -= cells
        return self

    def line(self, line: FrameLine) -> "LineBuilder":
        """Add a line that is known to fit."""
        return self.segments(line.segments, line.cells)

    def fill_to(self, left: int, glyph: str = " ", style: Style = PLAIN) -> "LineBuilder":
        """Repeat `glyph` until only `left` cells are free."""
        if self.left > left:
            self._segments.append(Segment(glyph * (self.left - left), style))
            self.left = left
        return self

    def right(self, text: str, style: Style = PLAIN) -> "LineBuilder":
        """Add `text` at the right edge if it fits beside what is there, else nothing."""
        text = self._glyphs.clean(text)
        if cells(text) <= self.left:
            self.fill_to(cells(text)).text(text, style)
        return self

    def done(self) -> FrameLine:
        """Return the line."""
        return FrameLine(tuple(self._segments), self._width - self.left)


@dataclass(frozen=True, slots=True)
class Frame:
    """What is on the terminal: at most `height` lines of at most `width` cells, none with a line break."""

    lines: Sequence[FrameLine]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Yield the segments of each line, for any rich console."""
        for line in self.lines:
            yield from line.segments
            yield Segment.line()
