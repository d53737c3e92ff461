"""Plain lines: detections on standard output, everything else on standard error."""

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Final, TextIO

from kws_live.display.history import hook_problem, problem_text
from kws_live.display.totals import totals
from kws_live.errors import OutputError
from kws_live.events import (
    DetectionBody,
    ErrorBody,
    Event,
    HookBody,
    Mailbox,
    NearMissBody,
    PatientWriter,
    ReadyBody,
)
from kws_live.status import Status
from kws_live.text import printable

if TYPE_CHECKING:
    from kws_live.display.progress import ProgressBar

_CAPACITY: Final = 1_024
_PROGRESS_S: Final = 0.1


class LinePrinter:
    """A sink that prints one line for each detection, and problems to standard error.

    For unpaced input and a standard error on a terminal there is a progress bar, too. A reader that
    stops reading holds up nothing but its own lines.

    Args:
        status: what is going on.
        paced: whether the audio comes in real time; lines then begin with the time of day.
        stdout: for detections.
        stderr: for everything else.
        verbose: whether near misses are told one by one, and not only in the totals.
    """

    name = "lines"

    def __init__(
        self,
        status: Status,
        paced: bool,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        *,
        verbose: bool = False,
    ) -> None:
        self._status = status
        self._paced = paced
        self._verbose = verbose
        self._stdout = stdout or sys.stdout
        self._stderr = stderr or sys.stderr
        # Not through the streams: what can't be written must not be left in their buffers.
        self._out = PatientWriter(self._stdout.fileno())
        self._err = PatientWriter(self._stderr.fileno())
        self._mailbox = Mailbox(_CAPACITY)
        self._released = False
        self._bar: ProgressBar | None = None
        self._hook_failures = 0
        self._failed = False
        self.takes_stderr: Final = not paced and self._stderr.isatty()
        """Whether standard error is a terminal with a progress bar, which others must not write to."""

    def offer(self, event: Event, block: bool) -> bool:
        """Take `event` to be printed, or return False if it had to be dropped (any thread)."""
        return self._mailbox.offer(event, block)

    def release(self) -> None:
        """Wait for readers no longer: not in offers, and after `close` for a second at most."""
        self._released = True
        self._mailbox.release()
        self._hurry()

    def close(self) -> None:
        """Take no more events; `run` prints those taken and ends (any thread, idempotent)."""
        self._mailbox.close()
        self._hurry()

    def run(self) -> None:
        """Print events until closed and drained, then the totals.

        Raises:
            BrokenPipeError: nobody reads standard output any more.
            OutputError: writing to standard output failed, the disk being full for instance.
        """
        try:
            if self.takes_stderr:
                self._run_with_progress()
            else:
                for event in self._mailbox:
                    self._print(event)
        finally:
            self._mailbox.close()
        if not self._failed:
            self._say(totals(self._status.snapshot(), self._hook_failures))

    def _hurry(self) -> None:
        if self._released and self._mailbox.closed:
            self._out.hurry()
            self._err.hurry()

    def _run_with_progress(self) -> None:
        # Imported here: it takes 30 ms, and most runs show no bar.
        from kws_live.display.progress import ProgressBar  # noqa: PLC0415

        bar = ProgressBar(self._stderr, self._status.duration_s)
        bar.start()
        self._bar = bar
        try:
            for event in self._mailbox.with_ticks(lambda: _PROGRESS_S):
                if event is None:
                    bar.update(self._status.snapshot())
                else:
                    self._print(event)
        finally:
            self._bar = None
            bar.stop()

    def _print(self, event: Event) -> None:
        match event.body:
            case DetectionBody() as body:
                self._detected(event, body)
            case NearMissBody() as body if self._verbose:
                self._say(self._dated(event, near_miss_text(body)))
            case ReadyBody() as body if self._paced:
                words = ", ".join(item.keyword for item in body.keywords)
                self._say(
                    f"listening to {body.device} for {words} (model {body.model}). Ctrl-C ends it"
                )
            case HookBody() as body:
                self._hook_failures += hook_problem(body) is not None
            case ErrorBody():
                self._failed = True
        if (problem := problem_text(event)) is not None:
            self._say(self._dated(event, problem))

    def _detected(self, event: Event, body: DetectionBody) -> None:
        sure = f"{body.score:.2f} >= {body.threshold:.2f}"
        line = printable(
            self._dated(event, f"{exact_clock(body.decided_s)}  {body.keyword:<14} {sure}")
        )
        if self._bar is not None and self._stdout.isatty():
            self._bar.print(line)
            return
        try:
            self._out.write(f"{line}\n".encode(self._stdout.encoding, "replace"))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(
                f"can't write detections to standard output: {error.strerror}. "
                "Free some space there, or send the output elsewhere."
            ) from error

    def _dated(self, event: Event, text: str) -> str:
        if not self._paced:
            return text
        return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(event.unix_ns // 1_000_000_000))}  {text}"

    def _say(self, text: str) -> None:
        line = printable(f"kws-live: {text}")
        if self._bar is not None:
            self._bar.print(line)
            return
        # Nobody is listening any more: no reason to stop listening ourselves.
        with contextlib.suppress(OSError):
            self._err.write(f"{line}\n".encode(self._stderr.encoding, "replace"))


def near_miss_text(body: NearMissBody) -> str:
    """Return a near miss in the columns of a detection."""
    text = f"{exact_clock(body.decided_s)}  {body.keyword:<14} "
    if body.reason == "held_back":
        return f"{text}{body.score:.2f} >= {body.threshold:.2f} held back"
    return f"{text}{body.score:.2f} <  {body.threshold:.2f} near miss"


def exact_clock(stream_s: float) -> str:
    """Return stream time as "1:02:34.56"."""
    minutes, hundredths = divmod(round(stream_s * 100), 6_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{hundredths / 100:05.2f}"
