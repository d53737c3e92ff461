"""From styled text to what a terminal understands, and to a picture."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console

from kws_live.display.frame import Frame, FrameLine
from kws_live.display.theme import IN_SIXTEEN_COLOURS, PLAIN, Glyphs, glyphs_for


def painter(stream: TextIO, environ: Mapping[str, str]) -> Callable[[FrameLine], str]:
    """Return what turns a line into text with the escape sequences of the terminal behind `stream`."""
    console = Console(file=stream, _environ=environ)
    name = console.color_system
    colours: ColorSystem | None = COLOR_SYSTEMS[name] if name else None

    def paint(line: FrameLine) -> str:
        text = []
        for content, style, _ in line.segments:
            shown = style or PLAIN
            if colours is ColorSystem.STANDARD:
                shown = IN_SIXTEEN_COLOURS.get(shown, shown)
            if console.no_color:
                shown = shown.without_color
            text.append(shown.render(content, color_system=colours))
        return "".join(text)

    return paint


def stream_glyphs(stream: TextIO, environ: Mapping[str, str]) -> Glyphs:
    """Return the signs that the terminal behind `stream` can show."""
    return glyphs_for(stream.encoding, environ.get("TERM", ""))


def save_svg(frame: Frame, width: int, height: int, path: Path, title: str) -> None:
    """Write a frame as a picture of a terminal of `width` × `height` cells.

    Raises:
        OSError: `path` can't be written.
    """
    console = Console(
        record=True,
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
    )
    console.print(frame, end="")
    console.save_svg(str(path), title=title)
