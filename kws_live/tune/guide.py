"""The guided session at the microphone: says what to say, shows what it hears, keeps it."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.live import Live
from rich.segment import Segment, Segments
from rich.text import Text

from kws_live.clips.keys import Keys
from kws_live.config import GateSettings
from kws_live.display.bars import bar
from kws_live.display.theme import CALM, FAINT, HIT, STRONG, TROUBLE, Glyphs
from kws_live.sources.base import Source
from kws_live.stages.frontend import Frontend
from kws_live.status import level_db
from kws_live.text import clock, printable
from kws_live.tune.session import BackgroundRecorder, Session
from kws_live.tune.takes import Fault, TakeFinder
from kws_live.types import (
    SAMPLE_RATE_HZ,
    Block,
    DeviceLost,
    DeviceRestored,
    Gap,
    Int16Array,
)

_FLOOR_DB = -70.0
_METER_CELLS = 20
_DRAW_SAMPLES = SAMPLE_RATE_HZ // 10
_SILENT_S = 12.0
_NO_SOUND = (
    "nothing was heard for a while. Does the level move when you speak? If not, end with q and choose "
    "another microphone with --device."
)

_MUTED = (
    "the microphone gives digital silence: is it muted? Silence sets nothing off and shows nothing."
)

_ADVICE: dict[Fault, str] = {
    "too short": "that was too short for a word. Again, please.",
    "too long": "that was more than a word. Say it alone, with a pause before and after.",
    "too quiet": "that hardly stood out from the noise. A little louder, or closer, please.",
    "overdriven": "that was too loud for the microphone. Further away, or lower its level.",
}


class Enough(Exception):
    """The user has had enough."""


class Guide:
    """One session on a source of audio and a terminal.

    Args:
        source: the microphone.
        session: where what is heard goes.
        gate: how the daemon gates.
        console: the terminal to draw on.
        keys: its keyboard, entered.
        glyphs: what it can show.
    """

    def __init__(
        self,
        source: Source,
        session: Session,
        gate: GateSettings,
        console: Console,
        keys: Keys,
        glyphs: Glyphs,
    ) -> None:
        self._source = source
        self._session = session
        self._gate = gate
        self._console = console
        self._keys = keys
        self._glyphs = glyphs
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._undrawn = 0

    def run(self, keywords: Sequence[str], takes: int, background_s: float) -> None:
        """Ask for what the session still lacks, until it has all of it or the user has had enough.

        Args:
            keywords: what to say.
            takes: how often to say each.
            background_s: how much background there shall be in all.

        Raises:
            DeviceError: the microphone can't be opened.
            OutputError: something can't be written.
        """
        heard = self._heard()
        try:
            with self._live:
                next(heard)  # opened, and named, before anything is asked
                self._announce(keywords, takes, background_s)
                self._words(heard, keywords, takes)
                self._background(heard, background_s)
        except Enough:
            pass
        finally:
            self._source.stop()

    def _announce(self, keywords: Sequence[str], takes: int, background_s: float) -> None:
        lacking = sum(self._session.takes(keyword) < takes for keyword in keywords)
        rest_s = background_s - self._session.background_s()
        parts = [f"{lacking} word{'' if lacking == 1 else 's'} to say"] if lacking else []
        parts += [f"{clock(rest_s)} of your usual day"] if rest_s > 0 else []
        if parts:
            self._say(f"{', then '.join(parts)}. End whenever you like: nothing is lost.")

    def _words(
        self, heard: Iterator[Int16Array | None], keywords: Sequence[str], takes: int
    ) -> None:
        lacking = [keyword for keyword in keywords if self._session.takes(keyword) < takes]
        for number, keyword in enumerate(lacking, start=1):
            before = self._session.takes(keyword)
            self._say(
                f"{number} of {len(lacking)}: say {keyword!r} "
                f"{_times(takes - before)}, as you would to your computer, a second or more apart."
            )
            if self._word(heard, keyword, takes):
                self._say(f"{keyword!r}: {self._session.takes(keyword)} kept.")

    def _word(self, heard: Iterator[Int16Array | None], keyword: str, takes: int) -> bool:
        """Listen for one keyword; return whether it wasn't skipped."""
        finder = TakeFinder(self._gate)
        quiet_samples = 0
        while (count := self._session.takes(keyword)) < takes:
            samples = next(heard)
            if samples is None:
                finder = TakeFinder(self._gate)
                continue
            for take in finder.push(samples):
                quiet_samples = 0
                if take.fault is None:
                    self._session.add(keyword, take)
                    if self._session.takes(keyword) == takes:
                        break
                else:
                    self._say(_ADVICE[take.fault], trouble=True)
            if _passes(quiet_samples, len(samples)):
                self._say(_NO_SOUND, trouble=True)
            quiet_samples += len(samples)
            key = self._key()
            if key == "r" and self._session.drop(keyword):
                self._say(f"the last {keyword!r} is forgotten.")
            elif key == "s":
                self._say(f"{keyword!r} is left out.")
                return False
            dots = self._glyphs.on * count + self._glyphs.off * (takes - count)
            self._draw(
                samples, f"{keyword}  {dots}", "r: forget the last   s: skip this word   q: stop"
            )
        return True

    def _background(self, heard: Iterator[Int16Array | None], background_s: float) -> None:
        before_s = self._session.background_s()
        if before_s >= background_s:
            return
        self._say(
            f"Now live normally for {clock(background_s - before_s)}: talk, work, let the radio play, "
            "but don't say the keywords. Whatever is heard now must not set them off."
        )
        wanted = round((background_s - before_s) * SAMPLE_RATE_HZ)
        done = 0
        zeros = 0
        while done < wanted:
            recorder = BackgroundRecorder(self._session)
            try:
                while done < wanted:
                    samples = next(heard)
                    if samples is None:
                        break  # a stretch of its own after each loss: no window spans one
                    recorder.write(samples)
                    done += len(samples)
                    more = 0 if samples.any() else len(samples)
                    if _passes(zeros, more):
                        self._say(_MUTED, trouble=True)
                    zeros = zeros + more if more else 0
                    self._key()
                    now_s = before_s + done / SAMPLE_RATE_HZ
                    share = self._strip(now_s / background_s)
                    text = f"background  {clock(now_s)} of {clock(background_s)}"
                    self._draw(samples, text, "q: that is enough", share)
            finally:
                recorder.close()
        self._say(f"{clock(self._session.background_s())} of background kept.")

    def _heard(self) -> Iterator[Int16Array | None]:
        """Yield what the microphone hears, int16 at 16 kHz, and None where some of it was lost."""
        frontend = Frontend()
        opened = False
        for item in self._source.items():
            if isinstance(item, Block):
                if not opened:
                    self._say(f"listening to {printable(self._source.name)}.")
                    opened = True
                samples = frontend.push(item)
                if len(samples):
                    yield samples
            elif isinstance(item, Gap):
                frontend.flush()
                yield None
            elif isinstance(item, DeviceLost):
                self._say(
                    f"the microphone is gone: {printable(item.reason)}. Waiting for it (Ctrl-C ends); "
                    "what was recorded is kept.",
                    trouble=True,
                )
            elif isinstance(item, DeviceRestored):
                self._say(f"the microphone is back after {item.lost_s:.0f} s.")
        raise Enough

    def _key(self) -> str:
        """Return the key that was pressed, if any; ends the session on q and on a lost terminal."""
        keys = self._keys.read(0.0)
        if keys is None or "q" in keys.lower():
            raise Enough
        return keys[-1:].lower()

    def _say(self, text: str, *, trouble: bool = False) -> None:
        mark = f"{self._glyphs.alarm} " if trouble else ""
        line = self._glyphs.clean(mark + text)
        self._console.print(Text(line, TROUBLE if trouble else STRONG))

    def _draw(
        self,
        samples: Int16Array,
        what: str,
        keys: str,
        middle: Sequence[Segment] = (),
    ) -> None:
        self._undrawn += len(samples)
        if self._undrawn < _DRAW_SAMPLES:
            return
        self._undrawn = 0
        level = level_db(samples)
        segments = [
            Segment(f"  {self._glyphs.clean(what)}  ", STRONG),
            *middle,
            Segment("  level "),
            *bar(1 - level / _FLOOR_DB, _METER_CELLS // 2, self._glyphs, CALM),
            Segment("\n"),
            Segment(f"  {keys}", FAINT),
        ]
        self._live.update(Segments(segments), refresh=True)

    def _strip(self, share: float) -> list[Segment]:
        return bar(share, _METER_CELLS, self._glyphs, HIT)


def _passes(before: int, more: int) -> bool:
    """Return whether so many samples of silence become too many with `more`: told once, not again and again."""
    limit = round(_SILENT_S * SAMPLE_RATE_HZ)
    return before < limit <= before + more


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
