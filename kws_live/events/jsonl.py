"""Writes events as JSON Lines to a file descriptor, normally standard output."""

from collections.abc import Callable
from typing import Final

from kws_live.errors import OutputError
from kws_live.events.event import Event
from kws_live.events.sink import Mailbox
from kws_live.events.writer import PatientWriter

_CAPACITY: Final = 1_024


class JsonLinesSink:
    """A sink that writes one line of JSON per event, whole and at once.

    A reader that goes away (`kws-live --json | head -1`) ends the output, quietly. One that stops
    reading holds up nothing but its own lines.

    Args:
        fd: file descriptor to write to; stays open, and is never set non-blocking: others share it.
        on_closed: called on the sink's thread when the reader has gone. Must not block.
        capacity: how many events may wait to be written.
    """

    name = "json"

    def __init__(self, fd: int, on_closed: Callable[[], None], capacity: int = _CAPACITY) -> None:
        self._writer = PatientWriter(fd)
        self._on_closed = on_closed
        self._mailbox = Mailbox(capacity)
        self._released = False
        self.broken = False
        """Whether the reader has gone."""

    def offer(self, event: Event, block: bool) -> bool:
        """Take `event` to be written, or return False if it had to be dropped (any thread)."""
        return self._mailbox.offer(event, block)

    def release(self) -> None:
        """Wait for the reader no longer: not in offers, and after `close` for a second at most."""
        self._released = True
        self._mailbox.release()
        self._hurry()

    def close(self) -> None:
        """Take no more events; `run` ends when those taken are written (any thread, idempotent)."""
        self._mailbox.close()
        self._hurry()

    def run(self) -> None:
        """Write events until closed and drained, or the reader has gone.

        Raises:
            OutputError: a write failed, the disk being full for instance.
        """
        try:
            for event in self._mailbox:
                self._writer.write(event.to_json().encode() + b"\n")
        except BrokenPipeError:
            self.broken = True
            self._mailbox.close()
            self._on_closed()
        except OSError as error:
            raise OutputError(
                f"can't write events to standard output: {error.strerror}. "
                "Free some space there, or send the output elsewhere."
            ) from error
        finally:
            self._mailbox.close()

    def _hurry(self) -> None:
        if self._released and self._mailbox.closed:
            self._writer.hurry()
