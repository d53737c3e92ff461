"""The JSON Lines sink on real pipes, files and devices."""

import fcntl
import json
import os
import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kws_live.errors import OutputError
from kws_live.events import ErrorBody, EventBus, JsonLinesSink, PatientWriter, VadBody

OPEN = VadBody(open=True)
BIG = ErrorBody("x" * 10_000, 70)


class Writer:
    """A JSON Lines sink with its thread and a bus; keeps how it ended."""

    def __init__(self, fd: int, *, capacity: int = 1_024, lossless: bool = False) -> None:
        self.ended_by: Exception | None = None
        self.closed_calls = 0
        self.sink = JsonLinesSink(fd, self._on_closed, capacity)
        self.bus = EventBus("run", [self.sink], lossless=lossless)
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _on_closed(self) -> None:
        self.closed_calls += 1

    def _run(self) -> None:
        try:
            self.sink.run()
        except OutputError as error:
            self.ended_by = error

    def finish(self) -> None:
        """Close, and wait until the thread has ended."""
        self.sink.close()
        self.join()

    def join(self) -> None:
        """Wait until the thread has ended."""
        self.thread.join(10)
        assert not self.thread.is_alive()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return the two ends of a pipe that holds 4096 bytes."""
    read_fd, write_fd = os.pipe()
    fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, select.PIPE_BUF)
    yield read_fd, write_fd
    for fd in (read_fd, write_fd):
        try:
            os.close(fd)
        except OSError:
            assert fd == read_fd  # a test closed it


def test_each_event_is_one_line(tmp_path: Path) -> None:
    """All that was published before the end stands in the file, in order."""
    with (tmp_path / "events.jsonl").open("wb") as file:
        writer = Writer(file.fileno())
        for seq in range(100):
            writer.bus.publish(OPEN, seq / 10)
        writer.finish()
    lines = (tmp_path / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == list(range(100))


def test_a_line_is_there_at_once(pipe: tuple[int, int]) -> None:
    """Nothing waits in a buffer for the next event."""
    read_fd, write_fd = pipe
    writer = Writer(write_fd)
    writer.bus.publish(OPEN, 0.0)
    assert select.select([read_fd], [], [], 5)[0]
    assert os.read(read_fd, 4096).endswith(b"}\n")
    writer.finish()


def test_lines_longer_than_the_pipe_arrive_whole(pipe: tuple[int, int]) -> None:
    """A reader slower than the writer, through a pipe smaller than a line, misses no byte."""
    read_fd, write_fd = pipe
    writer = Writer(write_fd, capacity=1, lossless=True)
    publisher = threading.Thread(target=lambda: [writer.bus.publish(BIG, 0.0) for _ in range(5)])
    publisher.start()
    text = b""
    while text.count(b"\n") < 5:
        text += os.read(read_fd, 1_000)
    publisher.join(5)
    writer.finish()
    assert [json.loads(line)["seq"] for line in text.splitlines()] == list(range(5))
    assert writer.bus.dropped() == {}


def test_a_descriptor_left_non_blocking_by_others_is_written_whole(pipe: tuple[int, int]) -> None:
    """Terminals are shared: another program may have set the flag."""
    read_fd, write_fd = pipe
    os.set_blocking(write_fd, False)
    writer = Writer(write_fd)
    writer.bus.publish(BIG, 0.0)
    text = b""
    while not text.endswith(b"\n"):
        text += os.read(read_fd, 1_000)
    assert json.loads(text)["message"] == BIG.message
    writer.finish()


def test_a_reader_that_went_away_ends_the_output_quietly(pipe: tuple[int, int]) -> None:
    """`kws-live --json | head -1` is a normal end, told once through `on_closed`."""
    read_fd, write_fd = pipe
    writer = Writer(write_fd)
    os.close(read_fd)
    writer.bus.publish(OPEN, 0.0)
    writer.join()
    assert writer.sink.broken
    assert writer.closed_calls == 1
    assert writer.ended_by is None


def test_a_reader_that_goes_away_frees_waiting_publishers(pipe: tuple[int, int]) -> None:
    """A lossless bus doesn't wait for ever on an output that is gone."""
    read_fd, write_fd = pipe
    writer = Writer(write_fd, capacity=1, lossless=True)
    publisher = threading.Thread(target=lambda: [writer.bus.publish(BIG, 0.0) for _ in range(9)])
    publisher.start()
    time.sleep(0.05)
    assert publisher.is_alive()
    os.close(read_fd)
    publisher.join(5)
    assert not publisher.is_alive()
    writer.join()


def test_a_full_disk_is_an_error_with_exit_code_74() -> None:
    """Events that can't be written don't vanish silently."""
    with open("/dev/full", "wb") as full:
        writer = Writer(full.fileno())
        writer.bus.publish(OPEN, 0.0)
        writer.join()
    assert isinstance(writer.ended_by, OutputError)
    assert writer.ended_by.exit_code == 74
    assert "No space left on device" in str(writer.ended_by)
    assert not writer.sink.broken
    assert writer.closed_calls == 0


def test_a_reader_that_stopped_reading_costs_only_its_own_lines(pipe: tuple[int, int]) -> None:
    """Publishing goes on; what was missed is told when the reader reads again."""
    read_fd, write_fd = pipe
    writer = Writer(write_fd, capacity=4)
    for _ in range(50):
        writer.bus.publish(BIG, 0.0)
    missed = writer.bus.dropped()["json"]
    assert 45 <= missed <= 46
    text = b""
    while text.count(b"\n") < 50 - missed:
        text += os.read(read_fd, 65_536)
    writer.bus.publish(OPEN, 0.0)
    while b'"dropped"' not in text or not text.endswith(b"\n"):
        text += os.read(read_fd, 65_536)
    report = json.loads(text.splitlines()[-1])
    assert (report["sink"], report["count"], report["total"]) == ("json", missed, missed)
    writer.finish()


@pytest.mark.parametrize("release_first", [True, False])
def test_a_reader_that_stopped_reading_cannot_hold_up_a_program_told_to_stop(
    pipe: tuple[int, int], release_first: bool
) -> None:
    """`release` and `close`, in any order, give it a second to read on and then give up."""
    _, write_fd = pipe
    writer = Writer(write_fd)
    for _ in range(10):
        writer.bus.publish(BIG, 0.0)
    began = time.monotonic()
    if release_first:
        writer.bus.release()
        time.sleep(0.1)
        writer.sink.close()
    else:
        writer.sink.close()
        time.sleep(0.1)
        writer.bus.release()
    writer.join()
    assert 0.9 < time.monotonic() - began < 3


def test_a_reader_that_reads_on_too_late_finds_nothing_after_the_cut(pipe: tuple[int, int]) -> None:
    """A line that was given up on halfway is the last: no later one is glued to it."""
    read_fd, write_fd = pipe
    writer = PatientWriter(write_fd)
    writer.hurry()
    writer.write(b"a" * 10_000)
    assert os.read(read_fd, 65_536) == b"a" * select.PIPE_BUF
    writer.write(b"b\n")
    assert not select.select([read_fd], [], [], 0)[0]


def test_an_orderly_end_waits_for_a_slow_reader(pipe: tuple[int, int]) -> None:
    """The last events of a file, its final `stats` among them, are not cut off by `| less`."""
    read_fd, write_fd = pipe
    writer = Writer(write_fd)
    for _ in range(10):
        writer.bus.publish(BIG, 0.0)
    writer.sink.close()
    time.sleep(1.5)
    text = b""
    while text.count(b"\n") < 10:
        text += os.read(read_fd, 65_536)
    writer.join()
    assert [json.loads(line)["seq"] for line in text.splitlines()] == list(range(10))


def test_closing_twice_is_closing_once(pipe: tuple[int, int]) -> None:
    """Everybody who stops the program may close."""
    writer = Writer(pipe[1])
    writer.sink.close()
    writer.finish()
