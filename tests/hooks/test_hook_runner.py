"""Hooks as real processes: what they are given, how they end, and what is left of them."""

import json
import os
import shlex
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kws_live.config import HookSpec
from kws_live.events import (
    Body,
    DetectionBody,
    Event,
    EventBus,
    HookBody,
    HookCounts,
    Latency,
    VadBody,
)
from kws_live.hooks import HookRunner

DETECTION = DetectionBody(
    "stop",
    0.93125,
    0.7,
    12.3,
    11.6,
    12.05,
    "default",
    Latency(gate=0.5, queue=1.75, inference=1.75, total=4),
)
IGNORES_SIGTERM = "import signal, time; signal.signal(15, signal.SIG_IGN); "


class Hooks:
    """A hook runner with its thread, bus and an output file; keeps every event it publishes."""

    def __init__(self, folder: Path, specs: tuple[HookSpec, ...]) -> None:
        self.output = folder / "output"
        self.bodies: list[HookBody] = []
        self.ended_by: Exception | None = None
        self._fd = os.open(self.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._came = threading.Condition()
        self.runner = HookRunner(specs, self._publish, self._fd)
        self.bus = EventBus("run", [self.runner])
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _publish(self, body: Body, stream_s: float) -> None:
        assert isinstance(body, HookBody)
        assert stream_s == 12.3
        with self._came:
            self.bodies.append(body)
            self._came.notify_all()
        self.bus.publish(body, stream_s)

    def _run(self) -> None:
        try:
            self.runner.run()
        except Exception as error:
            self.ended_by = error

    def say(self, keyword: str = "stop", latency: Latency | None = DETECTION.latency_ms) -> Event:
        """Publish a detection."""
        body = DetectionBody(keyword, 0.93125, 0.7, 12.3, 11.6, 12.05, "default", latency)
        return self.bus.publish(body, 12.3)

    def wait(self, *states: str, timeout_s: float = 15) -> list[HookBody]:
        """Return the hook events, after as many as `states`, which they must be in that order."""
        with self._came:
            self._came.wait_for(lambda: len(self.bodies) >= len(states), timeout_s)
            assert tuple(body.state for body in self.bodies) == states
            return list(self.bodies)

    def close(self) -> None:
        """End, and wait until the thread has ended."""
        self.runner.close()
        self.thread.join(10)
        assert not self.thread.is_alive()
        os.close(self._fd)


Start = Callable[..., Hooks]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a runner for some hooks; all are closed at the end."""
    running: list[Hooks] = []

    def start_hooks(*specs: HookSpec) -> Hooks:
        running.append(Hooks(tmp_path, specs))
        return running[-1]

    yield start_hooks
    for hooks in running:
        if hooks.thread.is_alive():
            hooks.bus.release()
            hooks.close()


def shell(script: str, keyword: str = "stop", **settings: object) -> HookSpec:
    """Return a hook that a shell runs."""
    return HookSpec(keyword, script, shell=True, **settings)  # type: ignore[arg-type]


def python(script: str, **settings: object) -> HookSpec:
    """Return a hook that runs a few lines of Python."""
    command = (sys.executable, "-S", "-c", script)
    return HookSpec("stop", command, **settings)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped doesn't."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in {"Z", "X"}


def eventually(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it never was"
        time.sleep(0.005)


def pids_in(path: Path, count: int) -> list[int]:
    """Wait until a hook has written `count` process ids into a file, and return them."""
    eventually(lambda: path.exists() and len(path.read_text().split()) == count)
    return [int(word) for word in path.read_text().split()]


def wake_ups(thread: threading.Thread) -> int:
    """Return how often the kernel has switched the thread out, whether or not it wanted to."""
    status = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if "ctxt_switches" in line)


class TestWhatAHookIsGiven:
    """Arguments, environment and standard input."""

    def test_the_values_are_in_the_environment(self, start: Start) -> None:
        """`KWS_…` holds the detection, beside the environment of the program itself."""
        hooks = start(shell('echo "$KWS_KEYWORD $KWS_SCORE $KWS_START_S $KWS_END_S"; echo "$PATH"'))
        hooks.say()
        hooks.wait("started", "exited")
        assert hooks.output.read_text() == f"stop 0.9313 11.600 12.050\n{os.environ['PATH']}\n"

    def test_the_timestamp_is_that_of_the_event(self, start: Start) -> None:
        """The hook can be matched with its line in the event log."""
        hooks = start(shell('echo "$KWS_TIMESTAMP"'))
        event = hooks.say()
        hooks.wait("started", "exited")
        assert hooks.output.read_text().strip() == event.ts

    def test_the_event_is_on_standard_input(self, start: Start) -> None:
        """One line of JSON, the very one that `--json` shows, then the end of file."""
        hooks = start(HookSpec("stop", ("cat",)))
        event = hooks.say()
        hooks.wait("started", "exited")
        text = hooks.output.read_text()
        assert text == event.to_json() + "\n"
        assert json.loads(text)["latency_ms"]["total"] == 4

    def test_arguments_arrive_as_they_are_configured(self, start: Start) -> None:
        """No shell comes near them: no word splitting, no globbing, no substitution."""
        words = ("a b", "*", "$HOME", "$(id)", "`id`", ";", "'", '"', "\\", "", "ü\n")
        hooks = start(HookSpec("stop", ("printf", "%s\\0", *words)))
        hooks.say()
        hooks.wait("started", "exited")
        assert tuple(hooks.output.read_text().split("\0")[:-1]) == words

    @pytest.mark.parametrize("name", ["$(touch pwned)", "; touch pwned #", "`touch pwned`", "a\nb"])
    def test_a_keyword_never_becomes_part_of_a_command_line(
        self, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        """A keyword is data whatever it is called, even for a hook that a shell runs."""
        monkeypatch.chdir(tmp_path)
        hooks = start(shell('tr "\\0" "|" < /proc/$$/cmdline; printf %s "$KWS_KEYWORD"', "*"))
        hooks.say(name)
        hooks.wait("started", "exited")
        command_line, _, value = hooks.output.read_text().rpartition("|")
        assert value == name
        assert name not in command_line
        assert not (tmp_path / "pwned").exists()

    def test_it_has_a_session_of_its_own(self, start: Start) -> None:
        """Ctrl-C in the terminal reaches kws-live and not its hooks; signals to the group are ours."""
        hooks = start(python("import os; print(os.getpid(), os.getsid(0), os.getpgid(0))"))
        hooks.say()
        pid = hooks.wait("started", "exited")[0].pid
        assert hooks.output.read_text().split() == [str(pid)] * 3

    def test_it_inherits_no_other_files(self, start: Start) -> None:
        """Neither the model nor the microphone's pipe is kept open by a hook that stays."""
        hooks = start(python("import os; print(sorted(os.listdir('/proc/self/fd'))[:3])"))
        with open("/dev/zero", "rb") as kept:
            os.set_inheritable(kept.fileno(), True)
            hooks.say()
            hooks.wait("started", "exited")
        assert hooks.output.read_text() == "['0', '1', '2']\n"


class TestWhichHooksRun:
    """Matching, order and the cap."""

    def test_those_of_the_keyword_and_of_any_in_the_order_configured(self, start: Start) -> None:
        """`*` matches every keyword; others only their own."""
        hooks = start(
            shell("true any", "*"), shell("true go", "go"), shell("true stop"), shell("true 2", "*")
        )
        hooks.say()
        eventually(lambda: hooks.runner.counts().exited == 3)
        started = [body.command for body in hooks.bodies if body.state == "started"]
        assert started == ["true any", "true stop", "true 2"]

    def test_nothing_but_a_detection_runs_a_hook(self, start: Start) -> None:
        """Other events pass by, the runner's own among them."""
        hooks = start(shell("true", "*"))
        for _ in range(1_000):
            assert hooks.runner.offer(hooks.bus.publish(VadBody(open=True), 12.3), block=True)
        hooks.close()
        assert hooks.bodies == []

    def test_beyond_max_running_a_run_is_dropped_counted_and_told(self, start: Start) -> None:
        """A hook that hangs can't fill the machine with processes, nor stop another hook."""
        hooks = start(shell("sleep 60", max_running=2), shell("true"))
        for _ in range(3):
            hooks.say()
        eventually(lambda: hooks.runner.counts().exited == 3)
        slow = [body for body in hooks.bodies if body.command == "sleep 60"]
        assert [body.state for body in slow] == ["started", "started", "dropped"]
        assert slow[-1].reason == "2 of it are running (max_running)"
        assert slow[-1].pid is None
        assert hooks.runner.counts() == HookCounts(started=5, exited=3, dropped=1, running=2)

    def test_a_place_is_free_again_when_a_run_has_ended(self, start: Start) -> None:
        """Only what is running counts."""
        hooks = start(shell("true", max_running=1))
        hooks.say()
        hooks.wait("started", "exited")
        hooks.say()
        hooks.wait("started", "exited", "started", "exited")


class TestHowAHookEnds:
    """Exit codes, failures and timeouts."""

    def test_its_exit_code_and_duration_are_reported(self, start: Start) -> None:
        """Whatever the code: what it means is the hook's business."""
        hooks = start(shell("sleep 0.2; exit 3"))
        detection = hooks.say()
        started, exited = hooks.wait("started", "exited")
        assert (started.exit_code, started.duration_ms) == (None, None)
        assert (exited.exit_code, exited.reason) == (3, None)
        assert exited.duration_ms is not None
        assert exited.duration_ms >= 200
        assert started.pid == exited.pid
        assert started.detection_seq == exited.detection_seq == detection.seq

    def test_a_death_by_signal_is_a_negative_exit_code(self, start: Start) -> None:
        """As `subprocess` has it."""
        hooks = start(shell("kill -SEGV $$"))
        hooks.say()
        assert hooks.wait("started", "exited")[-1].exit_code == -signal.SIGSEGV

    def test_one_that_hangs_is_asked_to_end(self, start: Start) -> None:
        """SIGTERM after `timeout_s`; a hook that heeds it may clean up."""
        hooks = start(shell('trap "echo cleaned; exit 9" TERM; sleep 60 & wait', timeout_s=0.3))
        hooks.say()
        body = hooks.wait("started", "timed_out")[-1]
        assert body.exit_code == 9
        assert body.reason == "still running after 0.3 s (timeout_s)"
        assert body.duration_ms is not None
        assert 300 <= body.duration_ms < 1_200
        assert hooks.output.read_text() == "cleaned\n"
        assert hooks.runner.counts() == HookCounts(started=1, timed_out=1)

    def test_one_that_ignores_sigterm_is_killed_a_second_later(self, start: Start) -> None:
        """Nothing can hold its place for ever."""
        hooks = start(python(IGNORES_SIGTERM + "time.sleep(60)", timeout_s=0.5))
        hooks.say()
        body = hooks.wait("started", "timed_out")[-1]
        assert body.exit_code == -signal.SIGKILL
        assert body.duration_ms is not None
        assert 1_500 <= body.duration_ms < 3_000

    def test_a_timeout_ends_the_whole_group(self, start: Start, tmp_path: Path) -> None:
        """Children and grandchildren that ignore SIGTERM and hold the outputs go with the hook."""
        child = shlex.join((sys.executable, "-S", "-c", IGNORES_SIGTERM + "time.sleep(60)"))
        script = f"{child} & echo $! >> pids; ( {child} & echo $! >> pids; wait ) & wait"
        hooks = start(shell(f"cd {tmp_path}; {script}", timeout_s=0.7))
        hooks.say()
        children = pids_in(tmp_path / "pids", 2)
        assert all(alive(pid) for pid in children)
        hooks.wait("started", "timed_out")
        eventually(lambda: not any(alive(pid) for pid in children), 1)

    def test_what_a_finished_hook_left_in_the_background_is_let_be(
        self, start: Start, tmp_path: Path
    ) -> None:
        """A grandchild that holds the outputs open neither delays the report nor is killed."""
        hooks = start(shell(f"sleep 60 & echo $! > {tmp_path}/pids", timeout_s=0.5))
        hooks.say()
        body = hooks.wait("started", "exited")[-1]
        (player,) = pids_in(tmp_path / "pids", 1)
        try:
            assert body.exit_code == 0
            hooks.close()
            time.sleep(0.6)
            assert alive(player)
        finally:
            os.kill(player, signal.SIGKILL)

    def test_one_that_never_reads_its_input_is_no_trouble(self, start: Start) -> None:
        """Programs that close their input at once, forty in a row."""
        hooks = start(HookSpec("*", ("true",), max_running=64))
        for _ in range(40):
            hooks.say("k" * 100_000)
        eventually(lambda: hooks.runner.counts().exited == 40)
        assert {body.exit_code for body in hooks.bodies if body.state == "exited"} == {0}

    def test_one_that_floods_its_output_burdens_nobody(self, start: Start) -> None:
        """Its output doesn't pass through this process: the runner's thread does nothing."""
        hooks = start(shell("head -c 200000000 /dev/zero; echo end >&2"))
        hooks.say()
        hooks.wait("started", "exited")
        assert hooks.output.stat().st_size == 200_000_004

    def test_output_for_which_there_is_no_place_goes_nowhere(self, tmp_path: Path) -> None:
        """Without a descriptor, both outputs are `/dev/null`: no reader to wait for or to outlive."""
        spec = shell(f"exec 3>&1; readlink /proc/$$/fd/3 /proc/$$/fd/2 > {tmp_path}/outputs")
        runner = HookRunner([spec], lambda *_: None, None)
        EventBus("run", [runner]).publish(DETECTION, 12.3)
        runner.close()
        runner.run()
        assert (tmp_path / "outputs").read_text() == "/dev/null\n/dev/null\n"

    def test_a_program_that_vanished_is_a_failed_run(self, start: Start, tmp_path: Path) -> None:
        """Uninstalled while we run: told at each detection, and nothing else stops."""
        program = tmp_path / "lamp"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        hooks = start(HookSpec("stop", (str(program), "on")))
        hooks.say()
        hooks.wait("started", "exited")
        program.unlink()
        hooks.say()
        body = hooks.wait("started", "exited", "failed")[-1]
        assert body.reason == f"can't start '{program}': No such file or directory"
        assert body.pid is None
        assert hooks.runner.counts() == HookCounts(started=1, exited=1, failed=1)

    def test_a_file_that_is_no_program_is_a_failed_run(self, start: Start, tmp_path: Path) -> None:
        """A script without `#!` can't be run without a shell."""
        script = tmp_path / "script"
        script.write_text("echo hello\n")
        script.chmod(0o755)
        hooks = start(HookSpec("stop", (str(script),)))
        hooks.say()
        assert "Exec format error" in str(hooks.wait("failed")[0].reason)

    @pytest.mark.parametrize(
        ("keyword", "cause"),
        [("k" * 200_000, "Argument list too long"), ("a\0b", "null byte")],
        ids=["too long", "with a NUL"],
    )
    def test_a_keyword_no_environment_can_hold_is_a_failed_run(
        self, start: Start, keyword: str, cause: str
    ) -> None:
        """The system's limits end a run, never the program."""
        hooks = start(HookSpec("*", ("true",)))
        hooks.say(keyword)
        assert cause in str(hooks.wait("failed")[0].reason)
        hooks.say()
        hooks.wait("failed", "started", "exited")

    def test_no_file_is_left_open_by_a_run_that_ended(self, start: Start) -> None:
        """Started or failed, a run gives back all that it opened."""
        hooks = start(shell("true", "*"), HookSpec("*", ("/nowhere/lamp",)))
        hooks.say()
        hooks.wait("started", "failed", "exited")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(20):
            hooks.say()
            time.sleep(0.01)
        eventually(lambda: hooks.runner.counts().exited + hooks.runner.counts().dropped == 21)
        assert len(os.listdir("/proc/self/fd")) == before


class TestTheEnd:
    """Closing the runner."""

    def test_detections_taken_before_it_are_still_run(self, start: Start) -> None:
        """The last word of a recording has its hook too."""
        hooks = start(shell("sleep 0.2; echo ran"))
        hooks.say()
        hooks.close()
        hooks.wait("started", "exited")
        assert hooks.output.read_text() == "ran\n"

    def test_those_taken_after_it_are_not(self, start: Start) -> None:
        """A closed runner starts nothing."""
        hooks = start(shell("true"))
        hooks.close()
        hooks.say()
        assert hooks.bodies == []
        assert hooks.bus.dropped() == {"hooks": 1}

    def test_at_the_end_of_a_recording_hooks_have_their_own_time(self, start: Start) -> None:
        """Nobody asked for a stop: a run ends by itself, or at its timeout as ever."""
        hooks = start(shell("sleep 2.5; echo ran"), shell("sleep 60", timeout_s=2.8))
        hooks.say()
        began_s = time.monotonic()
        hooks.close()
        assert 2.8 <= time.monotonic() - began_s < 3.6
        ends = hooks.wait("started", "started", "exited", "timed_out")[-2:]
        assert [body.exit_code for body in ends] == [0, -signal.SIGTERM]
        assert hooks.output.read_text() == "ran\n"

    def test_a_stop_while_waiting_for_hooks_shortens_the_wait(self, start: Start) -> None:
        """Ctrl-C after the end of a recording, with a hook that would run for another minute."""
        hooks = start(shell("sleep 60", timeout_s=60))
        hooks.say()
        hooks.wait("started")
        hooks.runner.close()
        time.sleep(0.5)
        assert hooks.thread.is_alive()
        began_s = time.monotonic()
        hooks.bus.release()
        hooks.close()
        assert 1.9 < time.monotonic() - began_s < 3
        hooks.wait("started", "stopped")
        assert hooks.runner.counts() == HookCounts(started=1, stopped=1)

    def test_a_stop_alone_ends_no_hook(self, start: Start) -> None:
        """What was heard before it is still on its way until the runner is closed."""
        hooks = start(shell("sleep 2.5"))
        hooks.say()
        hooks.bus.release()
        time.sleep(2.3)
        hooks.say()
        hooks.wait("started", "started", "exited")

    def test_once_a_stop_is_asked_for_hooks_have_two_seconds_and_then_their_groups_are_ended(
        self, start: Start, tmp_path: Path
    ) -> None:
        """The program stops within 4 s whatever its hooks do, and leaves none behind."""
        child = shlex.join((sys.executable, "-S", "-c", IGNORES_SIGTERM + "time.sleep(60)"))
        hooks = start(
            shell(f"{child} & echo $! >> {tmp_path}/pids; echo $$ >> {tmp_path}/pids; wait"),
            python(IGNORES_SIGTERM + "print('up', flush=True); time.sleep(60)"),
            shell("sleep 1"),
        )
        hooks.say()
        pids = pids_in(tmp_path / "pids", 2)
        eventually(lambda: "up" in hooks.output.read_text())
        began_s = time.monotonic()
        hooks.bus.release()
        hooks.close()
        assert 2.9 < time.monotonic() - began_s < 4.0
        ends = [body for body in hooks.bodies if body.state != "started"]
        assert [(body.state, body.exit_code) for body in ends] == [
            ("exited", 0),
            ("stopped", -signal.SIGTERM),
            ("stopped", -signal.SIGKILL),
        ]
        assert [body.reason for body in ends] == [None] + ["ended because kws-live stopped"] * 2
        left = [pid for pid in pids + [int(body.pid or 0) for body in ends] if alive(pid)]
        assert left == []

    def test_a_failure_of_the_runner_itself_leaves_no_hook_behind(self, tmp_path: Path) -> None:
        """If events can't be published the thread ends with the error, and its hooks with it."""
        pids: list[int] = []

        def broken(body: Body, stream_s: float) -> None:
            assert isinstance(body, HookBody)
            pids.append(int(body.pid or 0))
            raise OSError("no bus")

        runner = HookRunner([shell("sleep 60")], broken, 2)
        EventBus("run", [runner]).publish(DETECTION, 12.3)
        with pytest.raises(OSError, match="no bus"):
            runner.run()
        eventually(lambda: not alive(pids[0]), 2)

    def test_closing_while_idle_ends_at_once(self, start: Start) -> None:
        """No hook running: nothing to wait for."""
        hooks = start(shell("true"))
        began_s = time.monotonic()
        hooks.close()
        assert time.monotonic() - began_s < 0.5


class TestCost:
    """The detection path is never held up, and idling is free."""

    def test_an_offer_never_waits_even_when_told_to(self, tmp_path: Path) -> None:
        """With the runner stuck, detections are refused and counted by the bus, not waited for."""
        stuck, go_on = threading.Event(), threading.Event()

        def publish(body: Body, stream_s: float) -> None:
            stuck.set()
            go_on.wait(10)

        runner = HookRunner([shell("true")], publish, 2)
        thread = threading.Thread(target=runner.run, daemon=True)
        thread.start()
        bus = EventBus("run", [runner], lossless=True)
        bus.publish(DETECTION, 12.3)
        assert stuck.wait(5)
        began_s = time.monotonic()
        for _ in range(1_000):
            bus.publish(DETECTION, 12.3)
        assert time.monotonic() - began_s < 1
        assert bus.dropped()["hooks"] > 500
        go_on.set()
        runner.close()
        thread.join(10)
        assert not thread.is_alive()

    def test_a_hook_runs_within_milliseconds_of_its_detection(self, start: Start) -> None:
        """`latency_ms` is the detection's own plus publish → program running; median of 100."""
        hooks = start(HookSpec("stop", ("true",)))
        for done in range(100):
            hooks.say()
            eventually(lambda done=done: hooks.runner.counts().exited == done + 1)  # type: ignore[misc]
        total_ms = [body.latency_ms for body in hooks.bodies if body.state == "started"]
        started_ms = [ms - 4 for ms in total_ms if ms is not None]
        assert len(started_ms) == 100
        assert min(started_ms) > 0
        assert statistics.median(started_ms) < 50

    def test_there_is_no_latency_without_real_time(self, start: Start) -> None:
        """A file read as fast as it goes has no moment of arrival."""
        hooks = start(shell("true"))
        hooks.say(latency=None)
        assert hooks.wait("started", "exited")[0].latency_ms is None

    def test_waiting_costs_nothing(self, start: Start) -> None:
        """Neither an idle runner nor one with a hook running is ever woken."""
        hooks = start(shell("sleep 60"))
        time.sleep(0.2)
        idle = wake_ups(hooks.thread)
        time.sleep(1.0)
        assert wake_ups(hooks.thread) == idle
        hooks.say()
        hooks.wait("started")
        time.sleep(0.2)
        busy = wake_ups(hooks.thread)
        time.sleep(1.0)
        assert wake_ups(hooks.thread) == busy
