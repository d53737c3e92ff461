"""What a program and its children use of the processor, and how often they wake up.

Time comes from the scheduler's own count of nanoseconds (`/proc/PID/task/*/schedstat` for a thread;
for a process the same count, read through its CPU clock, which keeps that of threads that have
ended). The figures in `/proc/PID/stat` count ticks of 10 ms, and a program that wakes up for 0.1 ms
at a time is hit by them by chance. Linux only.

A process that ends between two readings counts once its parent has waited for it: then the kernel
adds its time to the parent's sum for children, which is kept in ticks and so exact to 20 ms. What has
ended tells its time alone, not its switches. A process whose parent ended first is missed. The time of
interrupts and of the sound server is nobody's here.

    before = read(pid)
    time.sleep(60)
    used = read(pid) - before
    print(used.percent, used.wake_ups_hz, used.by_thread())
"""

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

_ENDED = "(ended)"
"""What the time of threads that have ended goes by."""
_CPUCLOCK_SCHED = 2
_NS_PER_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Thread:
    """What one thread has used since it began.

    Attributes:
        process: name of its process (`comm`, at most 15 characters).
        name: its own name.
        cpu_ns: time on a processor.
        voluntary: how often it has waited for something: its wake-ups.
        involuntary: how often it was interrupted for another.
    """

    process: str
    name: str
    cpu_ns: int
    voluntary: int
    involuntary: int

    def since(self, earlier: "Thread | None") -> "Thread":
        """Return what it has used since an `earlier` reading, None standing for its beginning."""
        if earlier is None:
            return self
        return Thread(
            self.process,
            self.name,
            self.cpu_ns - earlier.cpu_ns,
            self.voluntary - earlier.voluntary,
            self.involuntary - earlier.involuntary,
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What the threads of a process and of its descendants used between two readings.

    Attributes:
        elapsed_s: time between them.
        threads: each thread's part; threads that ended are one for each process, processes one for all.
    """

    elapsed_s: float
    threads: tuple[Thread, ...]

    @property
    def cpu_s(self) -> float:
        """Time on processors, in seconds."""
        return sum(thread.cpu_ns for thread in self.threads) / 1e9

    @property
    def percent(self) -> float:
        """The same in percent of one core."""
        return 100 * self.cpu_s / self.elapsed_s

    @property
    def wake_ups_hz(self) -> float:
        """Voluntary context switches a second."""
        return sum(thread.voluntary for thread in self.threads) / self.elapsed_s

    @property
    def preemptions_hz(self) -> float:
        """Involuntary context switches a second: many of them mean a busy machine."""
        return sum(thread.involuntary for thread in self.threads) / self.elapsed_s

    def by_thread(self) -> dict[str, "Usage"]:
        """Return the parts by "process/thread" name, threads of one name together, the costliest first."""
        named: dict[str, list[Thread]] = defaultdict(list)
        for thread in self.threads:
            named[f"{thread.process}/{thread.name}"].append(thread)
        parts = {name: Usage(self.elapsed_s, tuple(threads)) for name, threads in named.items()}
        return dict(sorted(parts.items(), key=lambda part: -part[1].cpu_s))


@dataclass(frozen=True, slots=True)
class Reading:
    """What the threads of a process and of its descendants have used since they began.

    Attributes:
        at_s: time of the reading (CLOCK_MONOTONIC).
        threads: by process and thread id; the thread id 0 stands for all that have ended.
        children_ns: what their children had used that ended and were waited for.
    """

    at_s: float
    threads: Mapping[tuple[int, int], Thread]
    children_ns: int = 0

    def __sub__(self, earlier: "Reading") -> Usage:
        """Return what was used since an `earlier` reading."""
        used = [thread.since(earlier.threads.get(key)) for key, thread in self.threads.items()]
        running = {pid for pid, _ in self.threads}
        counted_ns = sum(
            thread.cpu_ns for (pid, _), thread in earlier.threads.items() if pid not in running
        )
        ended_ns = self.children_ns - earlier.children_ns - counted_ns
        if ended_ns > 0:
            used.append(Thread(_ENDED, _ENDED, ended_ns, 0, 0))
        return Usage(self.at_s - earlier.at_s, tuple(used))


def read(pid: int) -> Reading:
    """Return what a process and its descendants have used until now."""
    while True:
        at_s = time.monotonic()
        threads: dict[tuple[int, int], Thread] = {}
        children_ns = 0
        processes = [pid, *descendants(pid)]
        for each in processes:
            with contextlib.suppress(OSError):
                threads.update(_process(each))
                children_ns += _children_ns(each)
        # One that ended meanwhile could be here and in its parent's sum, or in neither.
        if processes == [pid, *descendants(pid)]:
            return Reading(at_s, threads, children_ns)


def descendants(pid: int) -> list[int]:
    """Return the ids of the children of a process, their children, and so on."""
    found = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for child in map(int, children.read_text().split()):
                found += [child, *descendants(child)]
    return found


def _process(pid: int) -> Iterator[tuple[tuple[int, int], Thread]]:
    process = _name(Path(f"/proc/{pid}"))
    # The clock is up to date also for a thread that is running, unlike schedstat: the sum is exact.
    ended_ns = _process_cpu_ns(pid)
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            thread = _thread(process, task)
            ended_ns -= thread.cpu_ns
            yield (pid, int(task.name)), thread
    yield (pid, 0), Thread(process, _ENDED, ended_ns, 0, 0)


def _children_ns(pid: int) -> int:
    """Return the CPU time of a process's children that ended and were waited for, and theirs."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # proc_pid_stat(5): cutime and cstime are the 16th and 17th field, the first here is the 3rd.
    return sum(map(int, fields[13:15])) * _NS_PER_TICK


def _thread(process: str, task: Path) -> Thread:
    status = (task / "status").read_text().splitlines()
    switches = {
        key: int(value)
        for key, _, value in (line.partition(":") for line in status)
        if key.endswith("ctxt_switches")
    }
    return Thread(
        process,
        _name(task),
        int((task / "schedstat").read_text().split()[0]),
        switches["voluntary_ctxt_switches"],
        switches["nonvoluntary_ctxt_switches"],
    )


def _name(task: Path) -> str:
    return (task / "comm").read_text().rstrip("\n")


def _process_cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads that a process has had, in ns.

    The number of the clock is what `clock_getcpuclockid(3)` makes of the process id.
    """
    return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)
