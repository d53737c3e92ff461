"""The picture of a clip: what was heard, where the window and the word lie, and which keys there are."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clips import detection, info, near_miss, tone

from kws_live.clips.picture import View, end_picture, picture
from kws_live.clips.waveform import heights, marks, peak_db, rows
from kws_live.display.frame import Frame
from kws_live.display.theme import ASCII, UNICODE, Glyphs, cells

BLOCKS = " ▁▂▃▄▅▆▇█"
COUNTS = [("true", 3), ("false", 1), ("unclear", 0), ("left", 76)]
VIEW = View(info(detection(0)), tone(0), 12, 80, COUNTS, False, None)


def text(frame: Frame) -> str:
    """Return what is on the terminal."""
    return "\n".join("".join(part.text for part in line.segments) for line in frame.lines)


def test_a_column_is_as_high_as_its_loudest_sample() -> None:
    """36 dB below the loudest one, nothing is left of it."""
    samples = np.zeros(400, np.int16)
    samples[50], samples[150], samples[250] = 10_000, -1_000, 100
    assert heights(samples, 4) == pytest.approx([1.0, 1 - 20 / 36, 0.0, 0.0])


def test_silence_is_flat() -> None:
    """And has no level."""
    assert not heights(np.zeros(100, np.int16), 7).any()
    assert peak_db(np.zeros(100, np.int16)) is None


def test_the_loudest_sample_has_a_level() -> None:
    """Of full scale, negative ones as well."""
    assert peak_db(np.array([0, -32_768], np.int16)) == pytest.approx(0.0)
    assert peak_db(np.array([0, 16_384], np.int16)) == pytest.approx(-6.02, abs=0.01)


def test_rows_fill_from_below() -> None:
    """In eighths of a cell."""
    drawn = rows(np.array([0, 0.25, 0.5, 0.75, 1], np.float32), 2, BLOCKS)
    assert drawn == ["   ▄█", " ▄███"]


@given(st.integers(1, 3_000), st.integers(1, 200), st.integers(1, 9))
def test_any_sound_fills_its_rectangle(samples: int, columns: int, lines: int) -> None:
    """More columns than samples too."""
    drawn = rows(heights(tone(samples, 1)[:samples], columns), lines, BLOCKS)
    assert [len(row) for row in drawn] == [columns] * lines
    assert "█" in drawn[0]


def test_places_outside_of_the_clip_move_to_its_edge() -> None:
    """A word may begin before the pre-roll does."""
    assert dataclasses.astuple(marks(1_000, 500, -200, 1_400, 80)) == (40, 0, 80)
    assert dataclasses.astuple(marks(1_000, 500, 600, 300, 80)) == (40, 48, 48)


def test_it_says_what_was_heard_and_how_surely() -> None:
    """With the number of the clip."""
    shown = text(picture(VIEW, 80, 24, UNICODE))
    for words in ("12 of 80", '"stop"', "0.900 ≥ 0.800", "detection", "2026-", "model tiny"):
        assert words in shown
    assert "3 true, 1 false, 0 unclear, 76 left" in shown


def test_a_near_miss_says_why_it_is_none() -> None:
    """And that its score stayed below."""
    view = dataclasses.replace(VIEW, info=info(near_miss(0)))
    assert "0.500 < 0.800  near miss, below threshold" in text(picture(view, 80, 24, UNICODE))


def test_the_window_and_the_word_are_marked() -> None:
    """The window begins in the middle, the word at 1.4 of 2 seconds and ends at 1.8."""
    ruler = next(line for line in text(picture(VIEW, 102, 24, UNICODE)).split("\n") if "┃" in line)
    assert ruler.index("┃window") == 1 + 50
    assert ruler.index("┃word") == 1 + 70
    assert ruler.rindex("┃") == 1 + 90
    assert len(ruler) == 101


def test_trouble_with_the_sound_is_told() -> None:
    """In the place where the level stands otherwise."""
    view = dataclasses.replace(VIEW, problem="there is no audio output device")
    assert "▲ no sound: there is no audio output device" in text(picture(view, 80, 24, UNICODE))


def test_a_terminal_without_block_characters_gets_ascii() -> None:
    """All of it."""
    assert text(picture(VIEW, 80, 24, ASCII)).isascii()
    assert "#" in text(picture(VIEW, 80, 24, ASCII))


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@given(width=st.integers(1, 200), height=st.integers(1, 60), keyword=st.text(max_size=300))
def test_it_fits_every_terminal(width: int, height: int, keyword: str, glyphs: Glyphs) -> None:
    """Whatever the keyword is."""
    view = dataclasses.replace(VIEW, info=dataclasses.replace(VIEW.info, keyword=keyword))
    for frame in (picture(view, width, height, glyphs), end_picture(COUNTS, width, height, glyphs)):
        assert len(frame.lines) <= height
        for line in frame.lines:
            assert sum(cells(part.text) for part in line.segments) == line.cells <= width


def test_names_of_strangers_cannot_command_the_terminal() -> None:
    """A sidecar may hold anything."""
    strange = dataclasses.replace(VIEW.info, keyword="\x1b[2J", model="\x07", ts="\x1b]0;x\x07")
    shown = text(picture(dataclasses.replace(VIEW, info=strange), 80, 24, UNICODE))
    assert "\x1b" not in shown
    assert "\x07" not in shown
