"""The review at the terminal: shows a clip, plays it, waits for a key."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws_live.clips.folder import AUDIO
from kws_live.clips.keys import Keys
from kws_live.clips.picture import View, end_picture, picture
from kws_live.clips.player import Player
from kws_live.clips.session import Session
from kws_live.clips.sidecar import Verdict
from kws_live.display.frame import Frame
from kws_live.display.paint import painter, stream_glyphs
from kws_live.display.screen import Screen
from kws_live.types import SAMPLE_RATE_HZ

_REFRESH_S = 0.1

_VERDICTS: dict[str, Verdict] = {"t": "true", "f": "false", "x": "unclear"}


class Review:
    """A review on standard input and output, which have to be one terminal.

    Args:
        folder: where the clips are.
        session: which of them to ask about.
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self._folder = folder
        self._session = session
        self._keys = Keys(sys.stdin.fileno())
        self._glyphs = stream_glyphs(sys.stdout, os.environ)
        paint = painter(sys.stdout, os.environ)
        self._screen = Screen(sys.stdout.fileno(), paint, sys.stdout.encoding)
        self._player = Player()

    def run(self) -> None:
        """Ask until the user has had enough; the terminal is given back.

        Raises:
            OutputError: a verdict can't be written.
        """
        with self._on_the_terminal():
            shown = None
            while True:
                if self._session.current is not shown:
                    shown = self._session.current
                    self._play()
                self._player.check()
                self._draw()
                keys = self._keys.read(_REFRESH_S)
                if keys is None or not all(map(self._press, keys)):
                    return

    def _press(self, key: str) -> bool:
        """Do what a key is for; return whether to go on."""
        letter = key.lower()
        if letter == "q":
            return False
        if letter == "u":
            self._session.undo()
        elif self._session.current is None:
            return letter != "\n"
        elif letter == " ":
            self._play(anyway=True)
        elif letter == "s":
            self._session.skip()
        elif letter in _VERDICTS:
            self._session.judge(_VERDICTS[letter])
        return True

    def _play(self, *, anyway: bool = False) -> None:
        clip, samples = self._session.current, self._session.samples
        if clip is None or samples is None:
            self._player.stop()
            return
        duration_s = len(samples) / SAMPLE_RATE_HZ
        self._player.play(self._folder / f"{clip.name}{AUDIO}", duration_s, anyway=anyway)

    def _draw(self) -> None:
        width, height = self._screen.size()
        self._screen.draw(self._picture(width, height), width, height)

    def _picture(self, width: int, height: int) -> Frame:
        session = self._session
        if session.current is None or session.samples is None:
            return end_picture(counts(session), width, height, self._glyphs)
        view = View(
            session.current.info,
            session.samples,
            session.number,
            len(session.clips),
            counts(session),
            self._player.playing,
            self._player.problem,
        )
        return picture(view, width, height, self._glyphs)

    @contextmanager
    def _on_the_terminal(self) -> Iterator[None]:
        """Take the terminal; it is given back at the end, by Ctrl-C, by SIGTERM, and while suspended."""
        handlers = {
            signal.SIGTERM: self._die,
            signal.SIGHUP: self._die,
            signal.SIGTSTP: self._suspend,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            self._take()
            yield
        finally:
            self._give_back()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _take(self) -> None:
        self._keys.enter()
        self._screen.enter()

    def _give_back(self) -> None:
        self._player.stop()
        self._screen.leave()
        self._keys.leave()

    def _die(self, number: int, _frame: object) -> None:
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _suspend(self, _number: int, _frame: object) -> None:
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()


def counts(session: Session) -> list[tuple[str, int]]:
    """Return how many clips have each verdict, and how many none, with the words for them."""
    verdicts: tuple[Verdict, ...] = ("true", "false", "unclear")
    return [*((name, session.count(name)) for name in verdicts), ("left", session.count(None))]
