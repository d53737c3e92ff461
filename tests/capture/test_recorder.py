"""Records on their way into a pipe that nobody, or only a slow reader, reads."""

import os
import threading

from kws_live.capture.recorder import RecordWriter
from kws_live.capture.records import Kind, Record, RecordReader

MOST_WAITING = 10
BLOCK = bytes(8_820)


def audio(sequence: int) -> Record:
    """A block of 50 ms, told apart by its number."""
    return Record(Kind.AUDIO, BLOCK, sequence, sequence, 44_100, 2)


def read_all(fd: int) -> list[Record]:
    """Read to the end of the pipe."""
    reader = RecordReader()
    records = []
    while data := os.read(fd, 5_000):
        records += reader.feed(data)
    os.close(fd)
    return records


def test_a_full_pipe_holds_up_nobody_and_what_does_not_fit_is_dropped() -> None:
    """Whoever reads late gets whole records in order: those the pipe and the memory had room for."""
    read_fd, write_fd = os.pipe()
    writer = RecordWriter(write_fd)
    taken = [sequence for sequence in range(100) if writer.offer(audio(sequence), MOST_WAITING)]
    assert MOST_WAITING < len(taken) < 100
    assert taken == list(range(len(taken)))
    closer = threading.Thread(target=lambda: (writer.write(audio(100)), os.close(write_fd)))
    closer.start()
    records = read_all(read_fd)
    closer.join()
    assert [record.sequence for record in records] == [*taken, 100]
    assert all(record.payload == BLOCK for record in records)


def test_what_waited_goes_out_with_later_records() -> None:
    """A reader that pauses and goes on misses nothing that there was room for."""
    read_fd, write_fd = os.pipe()
    writer, reader = RecordWriter(write_fd), RecordReader()
    for sequence in range(12):
        assert writer.offer(audio(sequence), MOST_WAITING)
    got: list[Record] = []
    for sequence in range(12, 40):
        got += reader.feed(os.read(read_fd, 1 << 16))
        assert writer.offer(audio(sequence), MOST_WAITING)
    os.close(write_fd)
    while data := os.read(read_fd, 1 << 16):
        got += reader.feed(data)
    os.close(read_fd)
    assert [record.sequence for record in got] == list(range(40))
