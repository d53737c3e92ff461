"""The progress bar of input that is read as fast as it goes, on a terminal of its own."""

import re

import pytest
from display.desk import Desk

PROGRAM = r"""
import os, subprocess, threading, time
import numpy as np
from kws_live.display.lines import LinePrinter
from kws_live.events import DetectionBody, EventBus
from kws_live.status import Status

status = Status(thresholds={"yes": 0.7}, model="default", duration_s=DURATION)
printer = LinePrinter(status, paced=False)
bus = EventBus("run", [printer], lossless=True)
thread = threading.Thread(target=printer.run)
thread.start()
while os.isatty(2):  # until the bar is there
    time.sleep(0.01)
for second in range(1, 11):
    status.audio(stream_s=6.0 * second, latest=np.full(480, 3_277, np.int16), gate_open=True, gate_open_s=0.0)
    time.sleep(0.1)
    if second == 5:
        status.detection(None)
        bus.publish(DetectionBody("yes", 0.9, 0.7, 30.0, 29.5, 29.9, "default", None), 30.0)
        subprocess.run(["sh", "-c", r"printf 'a child\aspeaks\n' >&2"])
printer.close()
thread.join()
"""


@pytest.fixture(params=["60.0", "None"])
def seen(request: pytest.FixtureRequest) -> tuple[str, str]:
    """What was on the terminal for an input whose length is known, and one for which it is not."""
    desk = Desk(PROGRAM.replace("DURATION", request.param))
    try:
        assert desk.wait() == 0
        assert desk.as_before()
        return request.param, re.sub(r"\x1b\[[0-9;]*m", "", desk.seen)
    finally:
        desk.close()


def test_it_tells_how_far_how_fast_and_how_long_yet(seen: tuple[str, str]) -> None:
    """Without a length there is no percentage and no end to foresee, but still the time and the speed."""
    duration, output = seen
    assert re.search(r"\d+x real time", output)
    assert bool(re.search(r"\d+ %, 0:\d\d / 1:00", output)) == (duration == "60.0")
    assert bool(re.search(r"\d:\d\d left", output)) == (duration == "60.0")


def test_lines_stand_above_the_bar_and_stay(seen: tuple[str, str]) -> None:
    """Each detection and each line on standard error, made printable, begins a line; the bar is gone at the end."""
    _, output = seen
    starts = r"(?:^|\n|\x1b\[2K)"
    assert re.search(starts + r"0:00:30\.00  yes            0\.90 >= 0\.70\r\n", output)
    assert re.search(starts + r"a child speaks\r\n", output)
    assert output.count("\x1b[1A") == 1, "the bar never takes a second line"
    after = output.rpartition("reading")[2]
    assert "\x1b[?25h" in after
    assert "kws-live: heard 1 keyword in 1:00 of audio" in after
