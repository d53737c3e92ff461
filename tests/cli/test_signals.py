"""Signals: which ones end a run, and which ones must not."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from support import daemon

SECOND = np.zeros(16_000, dtype="<i2").tobytes()


@contextmanager
def listening(before: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command on standard input, from a shell script that runs `before` first, until it is ready."""
    process = subprocess.Popen(
        ["bash", "-c", f'{before} exec "$0" --input - --json', daemon.COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=daemon.clean(),
    )
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(SECOND)
        process.stdin.flush()
        assert b'"ready"' in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate(timeout=daemon.PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_run_that_waits_for_input(number: signal.Signals) -> None:
    """It tells its totals and dies by the signal, though the writer keeps standard input open."""
    with listening() as process:
        process.send_signal(number)
        assert process.wait(10) == -number
        assert process.stdout is not None
        last = process.stdout.read().splitlines()[-1]
        assert b'"stats"' in last


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_was_ignored_at_the_start_stays_ignored(number: signal.Signals) -> None:
    """`trap '' INT` in a script, or `&` in one, is the user's wish: the run goes on to its end."""
    with listening(f"trap '' {number.name};") as process:
        process.send_signal(number)
        time.sleep(0.3)
        output, errors = process.communicate(SECOND, timeout=daemon.PATIENCE_S)
        assert process.returncode == 0, errors
        assert daemon.events(output)[-1]["stream_s"] == pytest.approx(2.0)


def test_a_background_job_of_a_script_survives_ctrl_c() -> None:
    """The shell starts `kws-live &` with SIGINT ignored; Ctrl-C at the script leaves it alone."""
    script = """
        kws-live --device demo --json > "$1" & job=$!
        until grep -q ready "$1"; do sleep 0.05; done
        kill -INT $job; sleep 0.5; kill -0 $job && echo alive
        kill -TERM $job; wait $job; exit $?
    """
    with_output = f"/proc/{os.getpid()}/fd/{(memory := os.memfd_create('events'))}"
    try:
        result = daemon.run_in_bash(script, with_output)
    finally:
        os.close(memory)
    assert result.stdout == b"alive\n"
    assert result.returncode == 128 + signal.SIGTERM


def test_a_second_signal_does_no_harm() -> None:
    """An impatient Ctrl-C, Ctrl-C ends as the first one does."""
    with listening() as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=daemon.PATIENCE_S)
        assert process.returncode == -signal.SIGINT
        assert errors == b""


@contextmanager
def starting(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run the command, held where it reads its configuration."""
    config = folder / "config.toml"
    os.mkfifo(config)
    process = subprocess.Popen(
        [daemon.COMMAND, "--config", config], stderr=subprocess.PIPE, env=daemon.clean()
    )
    try:
        with config.open("wb"):  # which waits until it is read
            yield process
    finally:
        process.kill()
        process.communicate(timeout=daemon.PATIENCE_S)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_starting_ends_it_too(number: signal.Signals, tmp_path: Path) -> None:
    """Before there is anything to stop: no word, and a death by the signal."""
    with starting(tmp_path) as process:
        process.send_signal(number)
        _, errors = process.communicate(timeout=daemon.PATIENCE_S)
        assert process.returncode == -number
        assert errors == b""


def test_no_signal_is_lost_in_an_import(tmp_path: Path) -> None:
    """While starting, the system ends the process: an exception could be raised where Python drops it."""
    with starting(tmp_path) as process:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        numbers = [signal.Signals(n) for n in range(1, signal.SIGSYS + 1) if caught >> (n - 1) & 1]
        assert not {signal.SIGINT, signal.SIGTERM} & set(numbers)
