"""The live display in a process and on a terminal of its own."""

import os
import pty
import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from display.desk import Desk
from display.states import detection, history, snapshot

from kws_live.display.live import LiveDisplay
from kws_live.display.paint import save_svg
from kws_live.display.render import render
from kws_live.display.terminal import can_show
from kws_live.errors import OutputError
from kws_live.status import Status

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"

PROGRAM = r"""
import logging, os, signal, subprocess, sys, threading, time
import numpy as np
from kws_live.display.live import LiveDisplay
from kws_live.events import DetectionBody, EventBus, DeviceLostBody
from kws_live.status import Status

status = Status(thresholds={"yes": 0.7, "no": 0.7}, model="default")
status.device = "test microphone"
display = LiveDisplay(status, refresh_hz=30)
bus = EventBus("run", [display])
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
thread = threading.Thread(target=display.run, daemon=True)
logging.basicConfig(format="%(message)s")
thread.start()
while os.isatty(2):  # until the display has taken standard error over
    time.sleep(0.01)
status.audio(stream_s=1.0, latest=np.full(480, 3_277, np.int16), gate_open=True, gate_open_s=1.0)
status.hop({"yes": 0.9, "no": 0.1})
status.detection(None)
bus.publish(DetectionBody("yes", 0.9, 0.7, 1.0, 0.5, 0.9, "default", None), 1.0)
logging.warning("a line of the log")
subprocess.run(["sh", "-c", "echo a child speaks >&2"])
END
"""

ENDS = {
    "SIGTERM": "stop.wait(); display.close(); thread.join()",
    "sys.exit": "time.sleep(0.5); sys.exit(3)",
    "exception": "time.sleep(0.5); raise RuntimeError('boom')",
}


@pytest.mark.parametrize("end", ENDS)
def test_the_terminal_is_restored_however_the_program_ends(end: str) -> None:
    """Stopped, ended or crashed: the screen, the cursor and the echo come back, and what is said is seen."""
    desk = Desk(PROGRAM.replace("END", ENDS[end]))
    try:
        desk.read_until("a child speaks")
        if end == "SIGTERM":
            desk.process.send_signal(signal.SIGTERM)
        code = desk.wait()
        assert code == {"SIGTERM": 0, "sys.exit": 3, "exception": 1}[end]
        display, _, after = desk.seen.rpartition(LEAVE)
        assert display.count(ENTER) == 1
        assert display.endswith("\x1b[?7h\x1b[?25h")
        assert desk.as_before()
        assert ("RuntimeError: boom" in after) == (end == "exception")
    finally:
        desk.close()


def test_what_others_write_to_standard_error_does_not_tear_the_display() -> None:
    """Lines of the log and of child processes appear among the messages: each is written at a place of its own."""
    desk = Desk(PROGRAM.replace("END", ENDS["SIGTERM"]))
    try:
        desk.read_until("a child speaks")
        desk.process.send_signal(signal.SIGTERM)
        desk.wait()
        display = desk.seen[desk.seen.index(ENTER) : desk.seen.index(LEAVE)]
        assert "a line of the log" in display
        assert "\n" not in display
    finally:
        desk.close()


HOOKS = r"""
import sys, threading, time
from kws_live.config import HookSpec
from kws_live.display.lines import LinePrinter
from kws_live.display.live import LiveDisplay
from kws_live.events import DetectionBody, EventBus
from kws_live.hooks import HookRunner
from kws_live.status import Status

status = Status(thresholds={"yes": 0.7}, model="default", duration_s=60.0)
screen = SCREEN
bus = EventBus("run", [screen])
spec = HookSpec("yes", "head -c 20000000 /dev/zero; (sleep 2; echo on; touch MARK) &", shell=True)
runner = HookRunner([spec], bus.publish, None if screen.takes_stderr else sys.stderr.fileno())
bus.attach(runner)
threads = [threading.Thread(target=sink.run) for sink in (screen, runner)]
for thread in threads:
    thread.start()
time.sleep(0.5)
bus.publish(DetectionBody("yes", 0.9, 0.7, 1.0, 0.5, 0.9, "default", None), 1.0)
while not runner.counts().started or runner.counts().running:
    time.sleep(0.01)
runner.close()
screen.close()
for thread in threads:
    thread.join()
print(runner.counts())
"""


@pytest.mark.parametrize(
    "screen", ["LiveDisplay(status, refresh_hz=10)", "LinePrinter(status, paced=False)"]
)
def test_what_hooks_print_has_no_place_on_a_terminal_that_is_drawn_on(
    screen: str, tmp_path: Path
) -> None:
    """It waits for no frame to be drawn, and what the hook left in the background outlives the display."""
    mark = tmp_path / "mark"
    desk = Desk(HOOKS.replace("SCREEN", screen).replace("MARK", str(mark)))
    try:
        began_s = time.monotonic()
        assert desk.wait() == 0
        assert "HookCounts(started=1, exited=1" in desk.seen
        assert time.monotonic() - began_s < 10, "20 MB at 64 KiB a frame take 30 s"
        assert "\0" not in desk.seen
        while not mark.exists():
            assert time.monotonic() - began_s < 20, "the background process was killed"
            time.sleep(0.01)
    finally:
        desk.close()


def test_a_terminal_that_is_gone_is_a_failed_write() -> None:
    """The window was closed, and SIGHUP ignored (nohup): exit code 74, and no traceback for nobody."""
    desk, side = pty.openpty()
    with os.fdopen(side, "w", encoding="utf-8") as stream:
        display = LiveDisplay(
            Status(thresholds={}, model=""), 30, stream, {"TERM": "xterm-256color"}
        )
        ended_by: list[Exception] = []

        def run() -> None:
            try:
                display.run()
            except OutputError as error:
                ended_by.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        os.read(desk, 65_536)
        os.close(desk)
        thread.join(10)  # at the latest when everything is drawn again
        assert not thread.is_alive()
    (error,) = ended_by
    assert isinstance(error, OutputError)
    assert error.exit_code == 74
    assert "can't draw on the terminal: Input/output error" in str(error)


def test_a_terminal_that_was_gone_before_is_a_failed_write_too() -> None:
    """Nothing but expected errors comes from taking it over."""
    desk, side = pty.openpty()
    with os.fdopen(side, "w", encoding="utf-8") as stream:
        os.close(desk)
        display = LiveDisplay(Status(thresholds={}, model=""), 30, stream, {"TERM": "xterm"})
        with pytest.raises(OutputError, match="can't draw on the terminal"):
            display.run()


def test_what_was_heard_stays_on_the_terminal() -> None:
    """The display is gone at the end, but not the detections, the messages and the totals."""
    desk = Desk(PROGRAM.replace("END", ENDS["SIGTERM"]))
    try:
        desk.read_until("a child speaks")
        desk.process.send_signal(signal.SIGTERM)
        desk.wait()
        after = re.sub(r"\x1b\[[0-9;]*m", "", desk.seen.rpartition(LEAVE)[2])
        assert "yes            0.90 ≥ 0.70" in after
        assert "a child speaks" in after
        assert "kws-live: heard 1 keyword in 0:01 of audio" in after
    finally:
        desk.close()


def test_a_terminal_without_unicode_gets_ascii() -> None:
    """Bars, marker and signs included; and without colours where none are wanted."""
    desk = Desk(
        PROGRAM.replace("END", ENDS["SIGTERM"]), PYTHONIOENCODING="iso-8859-1", NO_COLOR="1"
    )
    try:
        desk.read_until("a child speaks")
        desk.process.send_signal(signal.SIGTERM)
        desk.wait()
        display = desk.seen[desk.seen.index(ENTER) : desk.seen.index(LEAVE)]
        assert display.isascii()
        assert "0.90 >" in display
        assert "38;5" not in display
    finally:
        desk.close()


def test_a_terminal_that_another_program_has_is_not_drawn_on() -> None:
    """Drawing over somebody's editor would be the end of the friendship."""
    desk, side = pty.openpty()
    with os.fdopen(side, "w") as stream:
        assert not can_show(stream, {"TERM": "xterm"})
    os.close(desk)


def test_a_file_is_not_drawn_on(tmp_path: Path) -> None:
    """Control sequences in a log are of no use to anybody."""
    with (tmp_path / "log").open("w") as stream:
        assert not can_show(stream, {"TERM": "xterm"})


def test_a_terminal_of_its_own_is_drawn_on() -> None:
    """In the foreground of its terminal, `can_show` says yes; with a dumb terminal it says no."""
    program = (
        "import os, sys; from kws_live.display.terminal import can_show; "
        "print([can_show(sys.stdout, {'TERM': t}) for t in ('xterm', 'dumb')])"
    )
    pid, desk = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    said = b""
    try:
        while b"]" not in said:
            said += os.read(desk, 1_024)
    finally:
        os.waitpid(pid, 0)
        os.close(desk)
    assert b"[True, False]" in said


@pytest.mark.parametrize(
    ("environ", "codes"),
    [
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "38;2;0;158;115"),
        ({"TERM": "xterm-256color"}, "38;5;"),
        ({"TERM": "xterm"}, "1;32m"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, None),
    ],
)
def test_colours_follow_the_terminal(environ: dict[str, str], codes: str | None) -> None:
    """True colour, 256, 16 or none, as the terminal and NO_COLOR say."""
    program = """
import os, sys
from kws_live.display.frame import LineBuilder
from kws_live.display.paint import painter
from kws_live.display.theme import HIT, UNICODE
print(painter(sys.stdout, os.environ)(LineBuilder(40, UNICODE).text("heard", HIT).done()))
"""
    desk = Desk(program, **({"COLORTERM": ""} | environ))
    try:
        assert desk.wait() == 0
        assert "heard" in desk.seen
        if codes is None:
            assert "38;" not in desk.seen
        else:
            assert codes in desk.seen
    finally:
        desk.close()


def test_a_frame_can_be_saved_as_a_picture(tmp_path: Path) -> None:
    """An SVG with the text in it, for the documentation."""
    frame = render(snapshot(), history(detection("stop", 1.0)), 80, 24)
    save_svg(frame, 80, 24, tmp_path / "display.svg", "kws-live")
    picture = (tmp_path / "display.svg").read_text()
    assert picture.startswith("<svg")
    assert all(f">{word}<" in picture.replace("&#160;", "") for word in ("stop", "Keywords"))
