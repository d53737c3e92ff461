"""Bars one line high, as segments of text; pure."""

from rich.segment import Segment
from rich.style import Style

from kws_live.display.theme import CALM, FAINT, HIT, REACHED, STRONG, Glyphs


def bar(fraction: float, width: int, glyphs: Glyphs, style: Style) -> list[Segment]:
    """Return a bar `width` cells long that is filled by `fraction` (0..1, clipped)."""
    filled, empty = _cells(fraction, width, glyphs)
    return [Segment(filled, style), Segment(empty, FAINT)]


def score_bar(score: float, threshold: float, width: int, glyphs: Glyphs) -> list[Segment]:
    """Return the bar of a score (0..1) with a marker in the cell of its threshold (0..1)."""
    reached = score >= threshold
    filled, empty = _cells(score, width, glyphs)
    at = marker_cell(threshold, width)
    fill_style = HIT if reached else CALM
    marker = Segment(glyphs.marker, REACHED if reached else STRONG)
    if at < len(filled):
        before, after = filled[:at], filled[at + 1 :]
        return [
            Segment(before, fill_style),
            marker,
            Segment(after, fill_style),
            Segment(empty, FAINT),
        ]
    at -= len(filled)
    return [
        Segment(filled, fill_style),
        Segment(empty[:at], FAINT),
        marker,
        Segment(empty[at + 1 :], FAINT),
    ]


def marker_cell(threshold: float, width: int) -> int:
    """Return the index of the cell of a bar `width` ≥ 1 cells long in which `threshold` (0..1) lies."""
    return min(int(threshold * width), width - 1)


def _cells(fraction: float, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """Return the filled and the empty part of a bar, `width` cells together."""
    steps = len(glyphs.eighths)
    full, part = divmod(round(min(max(fraction, 0.0), 1.0) * width * steps), steps)
    filled = glyphs.eighths[-1] * full + (glyphs.eighths[part - 1] if part else "")
    return filled, glyphs.track * (width - len(filled))
