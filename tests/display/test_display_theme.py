"""Signs are chosen for the terminal, and text is made fit for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kws_live.display.theme import ASCII, UNICODE, glyphs_for


@pytest.mark.parametrize(
    ("encoding", "terminal", "expected"),
    [
        ("utf-8", "xterm-256color", UNICODE),
        ("UTF8", "tmux-256color", UNICODE),
        ("ANSI_X3.4-1968", "xterm", ASCII),
        ("iso-8859-1", "xterm", ASCII),
        ("utf-8", "linux", ASCII),
        (None, "xterm", ASCII),
        ("no such encoding", "xterm", ASCII),
    ],
)
def test_signs_suit_the_terminal(encoding, terminal, expected) -> None:
    """Only a terminal in UTF-8 with a full font gets anything but ASCII."""
    assert glyphs_for(encoding, terminal) is expected


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_sign_is_one_cell_wide(glyphs) -> None:
    """Otherwise columns would shift with the state."""
    signs = [glyphs.track, glyphs.marker, glyphs.rule, glyphs.on, glyphs.off]
    signs += [glyphs.at_least, glyphs.below, glyphs.alarm, glyphs.ellipsis, *glyphs.eighths]
    assert {cell_len(sign) for sign in signs} == {1}


@given(st.text(), st.integers(0, 50), st.sampled_from([UNICODE, ASCII]))
def test_text_is_cut_to_its_cells(text, width, glyphs) -> None:
    """Never wider, and an ellipsis exactly where something is missing."""
    cut = glyphs.fit(text, width)
    assert cell_len(cut) <= width
    assert cut == glyphs.clean(text) or cut.endswith(glyphs.ellipsis) or width == 0


def test_escape_sequences_in_names_do_nothing() -> None:
    """A device may call itself what it likes; it can't move the cursor."""
    assert "\x1b" not in UNICODE.fit("mic\x1b[2J\r\n\x07", 40)
