"""What a process tree uses of the processor, as the kernel counts it."""

import os
import resource
import subprocess
import sys
import threading
import time

import pytest

from benchmarks.usage import Reading, Thread, read

BURN = """
import sys, threading, time
def burn():
    until = time.thread_time() + 0.15
    while time.thread_time() < until: pass
sys.stdin.readline()
thread = threading.Thread(target=burn)
thread.start(); thread.join(); burn()
print(flush=True)
sys.stdin.readline()
"""


def test_children_and_threads_that_have_ended_count() -> None:
    """Two threads of a child burn 0.15 s each; one of them is gone when it is read."""
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        before = read(os.getpid())
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        used = read(os.getpid()) - before
    parts = used.by_thread()
    assert sum(part.cpu_s for part in parts.values()) == pytest.approx(used.cpu_s)
    assert 0.3 <= used.cpu_s < 1.0
    assert 0.15 <= next(p.cpu_s for name, p in parts.items() if name.endswith("/(ended)")) < 0.5


BURN_AND_LEAVE = "sum(i * i for i in range(4_000_000))"


def test_processes_that_have_ended_count() -> None:
    """One that was there before counts from then on, one that nobody saw in whole; to some ticks."""
    early = subprocess.Popen([sys.executable, "-c", f"input(); {BURN_AND_LEAVE}"], stdin=-1)
    before = read(os.getpid())
    assert any(pid == early.pid for pid, _ in before.threads)
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    early.communicate(b"\n")
    subprocess.run([sys.executable, "-c", BURN_AND_LEAVE], check=True)
    used = read(os.getpid()) - before
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    theirs_s = now.ru_utime + now.ru_stime - spent.ru_utime - spent.ru_stime
    already_s = sum(each.cpu_ns for (pid, _), each in before.threads.items() if pid == early.pid)
    assert theirs_s > 0.3
    assert used.by_thread()["(ended)/(ended)"].cpu_s == pytest.approx(
        theirs_s - already_s / 1e9, abs=0.03
    )


def test_each_wait_is_a_wake_up() -> None:
    """A thread that sleeps 40 times in a second is seen to, and its name is the kernel's."""
    stop = threading.Event()

    def doze() -> None:
        with open("/proc/thread-self/comm", "w", encoding="ascii") as comm:
            comm.write("dozing")
        while not stop.wait(0.025):
            pass

    thread = threading.Thread(target=doze)
    thread.start()
    time.sleep(0.1)
    before = read(os.getpid())
    time.sleep(1.0)
    used = read(os.getpid()) - before
    stop.set()
    thread.join()
    (dozing,) = (part for name, part in used.by_thread().items() if name.endswith("/dozing"))
    assert 10 < dozing.wake_ups_hz <= 41
    assert dozing.percent < 10


def test_what_a_thread_used_before_does_not_count() -> None:
    """Usage is the difference of two readings; a thread that is new counts whole."""
    before = Reading(10.0, {(1, 1): Thread("p", "a", 5_000_000, 10, 1)})
    after = Reading(
        12.0,
        {(1, 1): Thread("p", "a", 25_000_000, 30, 2), (1, 2): Thread("p", "b", 20_000_000, 4, 0)},
    )
    used = after - before
    assert used.cpu_s == pytest.approx(0.04)
    assert used.percent == pytest.approx(2.0)
    assert used.wake_ups_hz == pytest.approx(12.0)
    assert used.preemptions_hz == pytest.approx(0.5)
    assert list(used.by_thread()) == ["p/a", "p/b"]
