"""The records on the pipe between the capture process and the daemon."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.capture.records import Flags, Kind, Record, RecordReader, message, pack

RECORDS = st.builds(
    Record,
    kind=st.just(Kind.AUDIO),
    payload=st.binary(max_size=400).map(lambda data: data[: len(data) // 4 * 4]),
    sequence=st.integers(0, 2**32 - 1),
    boottime_ns=st.integers(0, 2**62),
    rate_hz=st.integers(1, 384_000),
    channels=st.just(2),
    flags=st.sampled_from([Flags.NONE, Flags.OVERFLOW, Flags.OVERFLOW | Flags.DROPPED]),
)


@given(records=st.lists(RECORDS, max_size=8), cuts=st.lists(st.integers(0, 3_500), max_size=20))
def test_records_survive_the_pipe_however_it_cuts_them(
    records: list[Record], cuts: list[int]
) -> None:
    """What is packed is read again, whatever the sizes of the reads."""
    data = b"".join(map(pack, records))
    edges = sorted({0, len(data), *(min(cut, len(data)) for cut in cuts)})
    reader = RecordReader()
    read = [
        record
        for start, end in itertools.pairwise(edges)
        for record in reader.feed(data[start:end])
    ]
    assert read == records


def test_a_record_counts_its_frames() -> None:
    """Frames are samples per channel."""
    assert Record(Kind.AUDIO, bytes(12), channels=2).frames == 3


def test_a_message_carries_text() -> None:
    """The payload of a message is read by key, and an absent key is empty."""
    (record,) = RecordReader().feed(pack(message(Kind.ERROR, {"message": "kein Gerät"})))
    assert record.kind is Kind.ERROR
    assert record.text("message") == "kein Gerät"
    assert record.text("device") == ""


def test_a_stream_that_is_not_records_is_refused() -> None:
    """Something printed between the records is noticed, not taken for audio."""
    with pytest.raises(ValueError, match="not a capture record"):
        list(RecordReader().feed(b"ALSA lib pcm.c:2721: unable to open slave\n"))
