"""A start leaves the process as a daemon should be: few threads, nothing changed for hooks, no stray child."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCH = """
import gc, json, os, threading
from kws_live.config import load
from kws_live.launch import launch
from kws_live.options import Options

before = dict(os.environ)
app = launch(load(None, {}, {"audio.device": "demo"}), [], Options(json=True))
changed = {name for name in before.keys() | os.environ if before.get(name) != os.environ.get(name)}
print(json.dumps({
    "threads": len(os.listdir("/proc/self/task")),
    "changed": sorted(changed),
    "collects": gc.isenabled(),
}))
"""

LAUNCH_WITHOUT_MODEL = """
import os
from kws_live.config import load
from kws_live.errors import ModelError
from kws_live.launch import launch
from kws_live.options import Options

try:
    launch(load(None, {}, {"model": "/nowhere"}), [], Options())
except ModelError as error:
    try:
        print("left:", os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        print("no child:", error)
"""


@pytest.mark.parametrize("threads", [None, "2"])
def test_a_start_leaves_no_idle_threads_and_the_environment_as_it_was(
    threads: str | None, tmp_path: Path
) -> None:
    """No thread of numpy's own starts unless the user asks for it, and hooks inherit no trace of that."""
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if threads is not None:
        env["OPENBLAS_NUM_THREADS"] = threads
    answer = subprocess.run(
        [sys.executable, "-c", LAUNCH],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    cores = len(os.sched_getaffinity(0))
    assert json.loads(answer.stdout) == {
        "threads": 1 if threads is None else min(int(threads), cores),
        "changed": [],
        "collects": True,
    }


def test_a_start_that_fails_ends_the_microphone_that_it_began_to_open(tmp_path: Path) -> None:
    """The capture process is there before the model is looked at, and gone when the model's fault is told."""
    answer = subprocess.run(
        [sys.executable, "-c", LAUNCH_WITHOUT_MODEL],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.startswith("no child: ")
    assert "/nowhere" in answer.stdout
