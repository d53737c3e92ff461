"""The live display of the installed command on a real terminal: drawn, and always given back."""

import os
import re
import signal
from collections.abc import Mapping

import pytest
from support import daemon
from support.terminal import Terminal

CTRL_C = b"\x03"
CURSOR_ON, CURSOR_OFF = b"\x1b[?25h", b"\x1b[?25l"
ESCAPES = re.compile(rb"\x1b\[[\d;?]*[A-Za-z]")


def demo(**environ: str) -> Terminal:
    """Start the demo on a terminal that can do colours."""
    env = daemon.clean(os.environ | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"})
    for name in ("NO_COLOR", "COLORTERM"):
        env.pop(name, None)
    return Terminal([daemon.COMMAND, "--device", "demo"], env | environ)


def test_it_draws_bars_with_every_keyword() -> None:
    """On the alternate screen, without a cursor: the device and all ten words."""
    with demo() as terminal:
        terminal.read_until(b"demo recording")
        terminal.read_for(1.0)
        assert terminal.alternate
        assert CURSOR_OFF in terminal.seen
        words = set(ESCAPES.sub(b" ", terminal.seen).decode().split())
        assert words >= set(daemon.KEYWORDS)


def test_ctrl_c_ends_it_by_the_signal() -> None:
    """The shell sees a death by SIGINT, and so ends the script that started it."""
    with demo() as terminal:
        terminal.read_until(b"demo recording")
        terminal.type(CTRL_C)
        assert terminal.wait() == -signal.SIGINT


def test_ctrl_c_gives_the_terminal_back() -> None:
    """Settings, screen and cursor are as before, and the totals stay where people can read them."""
    with demo() as terminal:
        terminal.read_until(b"demo recording")
        assert not terminal.as_before
        terminal.type(CTRL_C)
        terminal.wait()
        assert terminal.as_before
        assert not terminal.alternate
        left = terminal.seen.rpartition(b"\x1b[?1049l")[2]
        assert terminal.seen.rindex(CURSOR_ON) > terminal.seen.rindex(CURSOR_OFF)
        assert b"kws-live: heard" in left
        assert b"Traceback" not in terminal.seen


def test_kill_gives_the_terminal_back() -> None:
    """SIGTERM from elsewhere ends it as cleanly as Ctrl-C."""
    with demo() as terminal:
        terminal.read_until(b"demo recording")
        terminal.send(signal.SIGTERM)
        assert terminal.wait() == -signal.SIGTERM
        assert terminal.as_before
        assert not terminal.alternate


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_where_no_display_is_wanted_it_prints_plain_lines(environ: Mapping[str, str]) -> None:
    """No escape sequence at all, and Ctrl-C still ends it with the totals."""
    with demo(**environ) as terminal:
        terminal.read_until(b"listening to demo recording for yes, no,")
        terminal.type(CTRL_C)
        assert terminal.wait() == -signal.SIGINT
        assert b"\x1b" not in terminal.seen
        assert b"kws-live: heard" in terminal.seen
        assert terminal.as_before
