"""Charts by matplotlib: SVG that takes its colours from a page's style sheet, or PNG on white."""

import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PNG_DPI = 150


@dataclass(frozen=True, slots=True)
class Palette:
    """What a chart may be drawn in; nothing else stays readable on light paper and on dark.

    Attributes:
        ink: text.
        grid: axes and grid.
        curve: what is shown.
        point: what stands out.
        words: what is right.
        other: what is compared with.
    """

    ink: str
    grid: str
    curve: str
    point: str
    words: str
    other: str


_ON_WHITE = Palette("#3d454d", "#dfe3e8", "#0072b2", "#d55e00", "#009e73", "#8a929b")
# Matplotlib wants colours; these stand for the style sheet's, and no other colour is used.
_ON_PAGE = Palette(*(f"#0a0b{n:02x}" for n in range(6)))
_VARIABLES = Palette("ink-soft", "line", "curve", "point", "words", "other")

Draw = Callable[["Figure", Palette], None]
"""Puts a chart on a figure, in the colours of a palette."""


def svg(draw: Draw, size_inches: tuple[float, float]) -> str:
    """Return a chart as an SVG element for a page: as wide as its place, in the page's font and colours.

    The same chart gives the same text. Its ids are its own, so that a page can hold many.
    """
    text = io.StringIO()
    with _figure(draw, size_inches, _ON_PAGE) as figure:
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(text, format="svg", metadata=nothing)
    drawn = text.getvalue()
    drawn = drawn[drawn.index("<svg") :]
    for colour, variable in zip(astuple(_ON_PAGE), astuple(_VARIABLES), strict=True):
        drawn = drawn.replace(colour, f"var(--{variable})")
    # The page sets size and font; ids that nothing refers to would be there once for each chart.
    for superfluous in (
        r' (?:width|height)="[\d.]+pt"',
        r" font-family: [^;]*;",
        r'(?<=<g) id="[^"]*"',
    ):
        drawn = re.sub(superfluous, "", drawn)
    return drawn.replace("<svg", '<svg role="img"', 1)


def png(draw: Draw, size_inches: tuple[float, float]) -> bytes:
    """Return a chart as a PNG on white, 150 dots an inch; the same chart gives the same bytes."""
    file = io.BytesIO()
    with _figure(draw, size_inches, _ON_WHITE) as figure:
        figure.savefig(
            file, format="png", dpi=_PNG_DPI, facecolor="white", metadata={"Software": None}
        )
    return file.getvalue()


@contextmanager
def _figure(draw: Draw, size_inches: tuple[float, float], colours: Palette) -> Iterator["Figure"]:
    """Give a figure that was drawn on, and save it in its style."""
    # It tells of font caches and of folders that it makes: nothing that a user has to know.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with matplotlib.rc_context(_style(colours)), warnings.catch_warnings():
        # A keyword in a script that the font lacks: a page's own font has it, a PNG shows boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(size_inches, layout="constrained")
        draw(figure, colours)
        yield figure


def _style(colours: Palette) -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "kws-live",
        "text.parse_math": False,
        "axes.unicode_minus": False,
        "font.size": 9.0,
        "text.color": colours.ink,
        "axes.edgecolor": colours.grid,
        "axes.labelcolor": colours.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": colours.grid,
        "grid.linewidth": 0.6,
        "xtick.color": colours.grid,
        "ytick.color": colours.grid,
        "xtick.labelcolor": colours.ink,
        "ytick.labelcolor": colours.ink,
        "xtick.minor.size": 0.0,
        "legend.frameon": False,
        "figure.facecolor": "none",
    }
