"""Plain lines: detections on standard output, everything else on standard error."""

import fcntl
import os
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import numpy as np
import pytest
from display.states import detection, event, hook, lost_device, near_miss

from kws_live.display.lines import LinePrinter
from kws_live.errors import OutputError
from kws_live.events import (
    DeviceLostBody,
    ErrorBody,
    Event,
    KeywordThreshold,
    NearMissBody,
    ReadyBody,
    VadBody,
)
from kws_live.status import Status

READY = ReadyBody("mic", "default", "float32", (KeywordThreshold("yes", 0.7),), 44_100)


@pytest.fixture
def printed(tmp_path: Path) -> Callable[..., tuple[str, str]]:
    """Give what a printer writes to standard output and standard error for some events."""

    def run(*events: Event, paced: bool, verbose: bool = False) -> tuple[str, str]:
        status = Status(thresholds={}, model="default")
        status.audio(
            stream_s=75.0, latest=np.full(480, 3_277, np.int16), gate_open=True, gate_open_s=1.0
        )
        with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
            printer = LinePrinter(status, paced, out, err, verbose=verbose)
            for item in events:
                if isinstance(item.body, NearMissBody):
                    status.near_miss(item.body.keyword)
                else:
                    status.detection(None)
                assert printer.offer(item, block=False)
            printer.close()
            printer.run()
        return (tmp_path / "out").read_text(), (tmp_path / "err").read_text()

    return run


def test_a_detection_is_one_line_of_time_keyword_score_and_threshold(printed) -> None:
    """For a recording the stream time leads to the place in it."""
    out, _ = printed(detection("yes", 3_754.5), paced=False)
    assert out == "1:02:34.50  yes            0.93 >= 0.70\n"


def test_live_detections_begin_with_the_time_of_day(printed) -> None:
    """A log of last night is of no use without it."""
    out, _ = printed(detection("yes", 10.0), paced=True)
    assert out.startswith("2027-01-15 08:00:10  0:00:10.00  yes ")


def test_standard_output_has_detections_only(printed) -> None:
    """Everything else goes to standard error, so that the output can be piped."""
    out, err = printed(
        event(READY), detection("yes", 1.0, seq=1), hook("failed", 1), lost_device(), paced=True
    )
    assert len(out.splitlines()) == 1
    ready, failed, lost, _ = err.splitlines()
    assert ready == "kws-live: listening to mic for yes (model default). Ctrl-C ends it"
    assert failed.endswith("hook for 'stop', playerctl pause: did not start")
    assert lost.startswith("kws-live: 2027-01-15 09:00:00  device lost: Monitor of Null Output")


def test_the_end_tells_the_totals(printed) -> None:
    """A file without any keyword still gets an answer."""
    _, err = printed(event(VadBody(True)), hook("failed", 1), paced=False)
    assert err.splitlines()[-1] == "kws-live: heard 2 keywords in 1:15 of audio; 1 hook failed"


def test_near_misses_are_in_the_totals_by_word(printed) -> None:
    """The word that needs help most comes first; nothing of them is on standard output."""
    words = ("no", "up", "up")
    out, err = printed(*(near_miss(word, 1.0, seq=i) for i, word in enumerate(words)), paced=False)
    assert out == ""
    assert err == "kws-live: heard 0 keywords in 1:15 of audio; 3 near misses (up 2, no 1)\n"


def test_near_misses_are_told_one_by_one_on_request(printed) -> None:
    """On standard error, in the columns of a detection, with why the word did not fire."""
    out, err = printed(
        near_miss("up", 3_754.5),
        near_miss("no", 3_755.5, seq=1, reason="held_back"),
        paced=False,
        verbose=True,
    )
    assert out == ""
    assert err.splitlines()[:2] == [
        "kws-live: 1:02:34.50  up             0.62 <  0.70 near miss",
        "kws-live: 1:02:35.50  no             0.91 >= 0.70 held back",
    ]


def test_a_hook_ended_because_of_a_stop_is_no_failure(printed) -> None:
    """Neither told as a problem nor counted in the totals: it is what Ctrl-C does."""
    _, err = printed(event(VadBody(True)), hook("stopped", 1, exit_code=-15), paced=True)
    assert err == "kws-live: heard 2 keywords in 1:15 of audio\n"


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b31m", "\r", "\n", "\a", "\x7f", "\u202e"])
def test_names_from_outside_cannot_drive_the_terminal(printed, evil: str) -> None:
    """Devices, models and keywords are called whatever somebody likes: no control character comes through."""
    name = f"mic{evil}!"
    ready = ReadyBody(name, name, "float32", (KeywordThreshold(name, 0.7),), 44_100)
    out, err = printed(
        event(ready),
        detection(name, 1.0, seq=1),
        hook("failed", 1, reason=name),
        event(DeviceLostBody(name, name)),
        paced=True,
    )
    assert out.count("\n") == 1
    assert err.count("\n") == 4
    assert (out + err).replace("\n", "").isprintable()
    assert "mic" in out


def test_an_error_is_left_to_the_program_to_say(printed) -> None:
    """It ends with that message: neither twice, nor with totals after it."""
    assert printed(event(ErrorBody("no disk", 74)), paced=False) == ("", "")


def test_nobody_reading_is_a_broken_pipe() -> None:
    """`kws-live | head -1` ends by itself, and nothing is left to be flushed at exit."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as out:
        with pytest.raises(BrokenPipeError):
            run_one(out)
        out.flush()


def test_a_full_disk_is_an_output_error() -> None:
    """The message says what to do, and the exit code is that of a failed write."""
    with open("/dev/full", "w") as out, pytest.raises(OutputError, match="Free some space") as full:
        run_one(out)
    assert full.value.exit_code == 74


def test_a_full_queue_refuses_or_waits() -> None:
    """Live, an event that finds no room is dropped; from a file, the publisher waits until there is."""
    with open(os.devnull, "w") as null:
        printer = LinePrinter(Status(thresholds={}, model=""), True, null, null)
        while printer.offer(detection("yes", 1.0), block=False):
            pass
        waiting = threading.Thread(target=printer.offer, args=(detection("no", 2.0), True))
        waiting.start()
        waiting.join(0.05)
        assert waiting.is_alive()
        draining = threading.Thread(target=printer.run)
        draining.start()
        waiting.join(10)
        assert not waiting.is_alive()
        printer.close()
        draining.join(10)


@pytest.mark.parametrize("stuck", ["stdout", "stderr"])
def test_a_reader_that_stopped_reading_cannot_hold_up_a_program_told_to_stop(stuck: str) -> None:
    """`kws-live | less`, left at the first page: a stop gives it a second and then gives up."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    with os.fdopen(writing, "w") as full, open(os.devnull, "w") as null:
        streams = {"stdout": null, "stderr": null} | {stuck: full}
        printer = LinePrinter(Status(thresholds={}, model=""), True, **streams)
        thread = threading.Thread(target=printer.run, daemon=True)
        thread.start()
        for seq in range(200):
            printer.offer(detection("yes", 1.0, seq=seq), block=False)
            printer.offer(lost_device(), block=False)
        time.sleep(0.3)
        printer.close()
        thread.join(0.5)
        assert thread.is_alive(), "an orderly end waits for the reader"
        printer.release()
        thread.join(3)
        ended = not thread.is_alive()
        os.close(reading)  # frees the thread if it is stuck
        thread.join(5)
    assert ended


def test_a_standard_error_that_is_no_terminal_is_for_all_to_write_to() -> None:
    """Where no progress bar is drawn, hooks may print."""
    with open(os.devnull, "w") as null:
        for paced in (True, False):
            assert not LinePrinter(Status(thresholds={}, model=""), paced, null, null).takes_stderr


def run_one(out: TextIO) -> None:
    with open(os.devnull, "w") as null:
        printer = LinePrinter(Status(thresholds={}, model=""), False, out, null)
        printer.offer(detection("yes", 1.0), block=False)
        printer.close()
        printer.run()
