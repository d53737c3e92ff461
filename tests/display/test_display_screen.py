"""The screen writes little, exactly where it should, and gives the terminal back."""

import os
import pty
import re
import select
import termios
from collections.abc import Iterator

import pytest
from rich.segment import Segment

from kws_live.display.frame import Frame, FrameLine
from kws_live.display.screen import Screen

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """The other end of a pseudo-terminal: what a person would have on the desk."""

    def __init__(self) -> None:
        self._desk, self.fd = pty.openpty()
        self.resize(40, 5)

    def resize(self, width: int, height: int) -> None:
        """Pull at the corner of the window."""
        termios.tcsetwinsize(self._desk, (height, width))

    def echoes(self) -> bool:
        """Whether keys show as they are typed."""
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def read(self) -> str:
        """Return everything that was written since the last call."""
        data = b""
        while select.select([self._desk], [], [], 0)[0]:
            data += os.read(self._desk, 65_536)
        return data.decode()

    def close(self) -> None:
        """Switch it off."""
        os.close(self._desk)
        os.close(self.fd)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture
def screen(terminal: Terminal) -> Screen:
    return Screen(terminal.fd, lambda line: "".join(s.text for s in line.segments), "utf-8")


def frame(*lines: str) -> Frame:
    return Frame([FrameLine((Segment(line),), len(line)) for line in lines])


def written_rows(output: str) -> list[int]:
    return [int(row) for row in re.findall(r"\x1b\[(\d+);1H", output)]


def test_only_lines_that_changed_are_written(terminal: Terminal, screen: Screen) -> None:
    """One changed line of five is one line written, at its place."""
    screen.enter()
    screen.draw(frame("a", "b", "c"), 40, 5)
    terminal.read()
    screen.draw(frame("a", "B", "c"), 40, 5)
    output = terminal.read()
    assert written_rows(output) == [2]
    assert "\x1b[2;1HB\x1b[K" in output


def test_nothing_new_writes_nothing(terminal: Terminal, screen: Screen) -> None:
    """The same frame again costs no byte."""
    screen.enter()
    screen.draw(frame("a"), 40, 5)
    terminal.read()
    screen.draw(frame("a"), 40, 5)
    assert terminal.read() == ""


def test_everything_is_written_again_on_demand(terminal: Terminal, screen: Screen) -> None:
    """What another program wrote over the display does not stay; nothing is erased, so nothing flickers."""
    screen.enter()
    screen.draw(frame("a", "b"), 40, 5)
    terminal.read()
    screen.draw(frame("a", "b"), 40, 5, everything=True)
    output = terminal.read()
    assert written_rows(output) == [1, 2, 3, 4, 5]
    assert "\x1b[2J" not in output


def test_a_resized_terminal_is_drawn_from_scratch(terminal: Terminal, screen: Screen) -> None:
    """Terminals rearrange their lines when they are resized: none of them can be relied on."""
    screen.enter()
    screen.draw(frame("a"), *screen.size())
    terminal.resize(60, 7)
    terminal.read()
    assert screen.size() == (60, 7)
    screen.draw(frame("a"), *screen.size())
    output = terminal.read()
    assert "\x1b[2J" in output
    assert written_rows(output) == [1, 2, 3, 4, 5, 6, 7]


def test_a_full_line_keeps_its_last_cell(terminal: Terminal, screen: Screen) -> None:
    """Erasing the rest of a line that has no rest would erase its last character."""
    screen.enter()
    screen.draw(frame("x" * 40), 40, 5)
    assert "x\x1b[K" not in terminal.read()


def test_the_terminal_is_given_back_as_it_was(terminal: Terminal, screen: Screen) -> None:
    """Cursor, wrapping and echo are off in between and on again after; leaving twice is leaving once."""
    assert terminal.echoes()
    screen.enter()
    output = terminal.read()
    assert all(code in output for code in (ENTER, "\x1b[?25l", "\x1b[?7l"))
    assert not terminal.echoes()
    screen.leave()
    output = terminal.read()
    assert output.endswith("\x1b[?7h\x1b[?25h" + LEAVE)
    assert terminal.echoes()
    screen.leave()
    assert terminal.read() == ""


def test_after_leaving_nothing_is_drawn_until_it_is_entered_again(
    terminal: Terminal, screen: Screen
) -> None:
    """The shell that comes back at Ctrl-Z is not drawn over, and `fg` brings the whole display."""
    screen.enter()
    screen.draw(frame("a"), 40, 5)
    screen.leave()
    terminal.read()
    screen.draw(frame("b"), 40, 5)
    assert terminal.read() == ""
    screen.enter()
    screen.draw(frame("a"), 40, 5)
    assert written_rows(terminal.read()) == [1, 2, 3, 4, 5]


def test_a_terminal_of_unknown_size_is_taken_for_80_by_24(terminal: Terminal) -> None:
    """Some serial lines say 0×0, and a pipe says nothing."""
    terminal.resize(0, 0)
    assert Screen(terminal.fd, str, "utf-8").size() == (80, 24)
    with open(os.devnull) as null:
        assert Screen(null.fileno(), str, "utf-8").size() == (80, 24)
