"""Hooks beside events on standard output, in a process of its own."""

import json
import subprocess
import sys

PROGRAM = r"""
import os, threading
from kws_live.config import HookSpec
from kws_live.events import DetectionBody, EventBus, JsonLinesSink
from kws_live.hooks import HookRunner

json_sink = JsonLinesSink(1, lambda: None)
bus = EventBus("run", [json_sink])
noisy = HookSpec("*", "echo out; echo err >&2; head -c 100000 /dev/zero", shell=True)
runner = HookRunner([noisy], bus.publish, 2)
bus.attach(runner)
threads = [threading.Thread(target=sink.run) for sink in (json_sink, runner)]
for thread in threads:
    thread.start()
for _ in range(4):
    bus.publish(DetectionBody("stop", 0.9, 0.7, 1.0, 0.5, 0.9, "default", None), 1.0)
runner.close()
threads[1].join()
json_sink.close()
threads[0].join()
"""


def test_what_hooks_print_never_reaches_the_events() -> None:
    """Standard output holds JSON Lines and nothing else; all output of hooks is on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, timeout=60
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["seq"] for event in events] == list(range(12))
    states = [event["state"] for event in events if event["type"] == "hook"]
    assert sorted(states) == ["exited"] * 4 + ["started"] * 4
    assert done.stderr.count(b"out\n") == done.stderr.count(b"err\n") == 4
    assert done.stderr.count(b"\0") == 400_000
