"""What the display is drawn with: characters that the terminal can show, and colours that everybody can tell apart.

Colour never carries meaning alone: each state also has a word or a sign. The colours are those of Okabe and Ito's
palette (jfly.uni-koeln.de/color), darkened until they stand out from black and from white alike.
"""

import codecs
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.style import Style

from kws_live.text import printable

PLAIN = Style()
STRONG = Style(bold=True)
FAINT = Style(dim=True)
CALM = Style(color="#2f8fd0")
"""Bars below their threshold, and the level."""
HIT = Style(color="#009e73", bold=True)
"""Bars at or over their threshold, the open gate, and what was just heard."""
TROUBLE = Style(color="#d55e00", bold=True)
"""Whatever the user should look into."""
ALARM = Style(color="#a83200", bgcolor="#ffffff", bold=True, reverse=True)
"""Nothing can be heard until this is put right. Reversed, so that it stands out without colours too."""
REACHED = Style(color="#009e73", bgcolor="#ffffff", bold=True, reverse=True)
"""The marker of a threshold that lies within the bar."""

IN_SIXTEEN_COLOURS = {
    CALM: Style(color="bright_blue"),
    HIT: Style(color="green", bold=True),
    TROUBLE: Style(color="yellow", bold=True),
    ALARM: Style(color="red", bgcolor="bright_white", bold=True, reverse=True),
    REACHED: Style(color="green", bgcolor="bright_white", bold=True, reverse=True),
}
"""What stands for them on a terminal with no more colours: the nearest ones would be too alike."""

_TERMINALS_WITH_FEW_GLYPHS = frozenset({"linux", "vt100", "vt220", "ansi"})


def cells(text: str) -> int:
    """Return how many cells of a terminal `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the display, each one cell wide.

    Attributes:
        eighths: a bar's last cell, filled by 1/n … n/n of it.
        track: a bar's empty cell.
        marker: a bar's threshold.
        rule: a section's line.
        on: a state that is on; marks what was just heard.
        off: a state that is off.
        at_least: stands between a score and the threshold that it reaches.
        below: the same where it does not.
        alarm: stands before an alarm and a problem.
        ellipsis: ends a text that was cut.
        ascii: whether other text is to be shown as ASCII too.
    """

    eighths: str
    track: str
    marker: str
    rule: str
    on: str
    off: str
    at_least: str
    below: str
    alarm: str
    ellipsis: str
    ascii: bool

    def clean(self, text: str) -> str:
        """Return `text` without anything that would move the cursor or that the terminal can't show."""
        text = printable(text)
        return text.encode("ascii", "replace").decode() if self.ascii else text

    def fit(self, text: str, width: int) -> str:
        """Return `text`, cleaned, in at most `width` cells, ending in an ellipsis where it was cut."""
        text = self.clean(text)
        if cells(text) <= width:
            return text
        return set_cell_size(text, width - 1).rstrip() + self.ellipsis if width > 0 else ""


UNICODE = Glyphs(
    eighths="▏▎▍▌▋▊▉█",
    track="·",
    marker="┃",
    rule="─",
    on="●",
    off="○",
    at_least="≥",
    below="<",
    alarm="▲",
    ellipsis="…",
    ascii=False,
)
ASCII = Glyphs(
    eighths="#",
    track=".",
    marker="|",
    rule="-",
    on="*",
    off="-",
    at_least=">",
    below="<",
    alarm="!",
    ellipsis="~",
    ascii=True,
)


def glyphs_for(encoding: str | None, terminal: str) -> Glyphs:
    """Return the signs that a terminal can show.

    Args:
        encoding: of the stream that is drawn on; None is taken for ASCII.
        terminal: the value of TERM.
    """
    try:
        name = codecs.lookup(encoding or "ascii").name
    except LookupError:
        return ASCII
    if not name.startswith("utf") or terminal in _TERMINALS_WITH_FEW_GLYPHS:
        return ASCII
    return UNICODE
