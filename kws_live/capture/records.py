"""The records that the capture process writes to its pipe.

A record is a fixed header and a payload. Audio payloads are interleaved int16 in native byte order
(both ends run on the same machine); the payloads of the other kinds are JSON.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

_HEADER = struct.Struct("=4sBBHIIqI")
_MAGIC = b"kws1"
_BYTES_PER_SAMPLE = 2
_MAX_PAYLOAD_BYTES = 1 << 24


class Kind(IntEnum):
    """What a record says."""

    OPENED = 1
    """The device is open; the payload is {"device": name for people}."""
    AUDIO = 2
    """A block of audio."""
    ERROR = 3
    """The capture process gives up; the payload is {"message": text for people}."""


class Flags(IntFlag):
    """Hints about an audio record; losses are judged by the clock, not by these."""

    NONE = 0
    OVERFLOW = 1
    """PortAudio says that it lost input before this block."""
    DROPPED = 2
    """Blocks before this one were dropped here, because nobody read the pipe."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        kind: what it says.
        payload: interleaved int16 samples, or JSON.
        sequence: number of the block since the device was opened, from 0; dropped blocks count.
        boottime_ns: CLOCK_BOOTTIME at which the last frame of the block was there, in ns.
        rate_hz: sample rate of the block.
        channels: channels of the block.
        flags: hints.
    """

    kind: Kind
    payload: bytes
    sequence: int = 0
    boottime_ns: int = 0
    rate_hz: int = 0
    channels: int = 0
    flags: Flags = Flags.NONE

    @property
    def frame_bytes(self) -> int:
        """Bytes of a frame of an audio record."""
        return _BYTES_PER_SAMPLE * self.channels

    @property
    def frames(self) -> int:
        """Frames in an audio record."""
        return len(self.payload) // self.frame_bytes

    def continues(self, other: "Record") -> bool:
        """Return whether this block follows another without a hint of a loss between them."""
        return (
            self.kind is other.kind is Kind.AUDIO
            and self.flags == Flags.NONE
            and self.sequence == other.sequence + 1
            and (self.rate_hz, self.channels) == (other.rate_hz, other.channels)
        )

    def text(self, key: str) -> str:
        """Return one value of a JSON payload, "" where there is none."""
        return str(json.loads(self.payload).get(key, ""))


def pack(record: Record) -> bytes:
    """Return the bytes of a record."""
    header = _HEADER.pack(
        _MAGIC,
        record.kind,
        record.flags,
        record.channels,
        record.sequence & 0xFFFFFFFF,
        record.rate_hz,
        record.boottime_ns,
        len(record.payload),
    )
    return header + record.payload


def message(kind: Kind, values: Mapping[str, object]) -> Record:
    """Return a record with a JSON payload."""
    return Record(kind, json.dumps(values).encode())


class RecordReader:
    """Cuts a byte stream into records, however the bytes arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Record]:
        """Return the records completed by `data`.

        Raises:
            ValueError: the bytes aren't a record.
        """
        data = self._rest + data
        records = []
        start = 0
        while len(data) - start >= _HEADER.size:
            magic, kind, flags, channels, sequence, rate_hz, boottime_ns, size = (
                _HEADER.unpack_from(data, start)
            )
            if magic != _MAGIC or size > _MAX_PAYLOAD_BYTES:
                raise ValueError(f"not a capture record: {data[start : start + _HEADER.size]!r}")
            payload_start = start + _HEADER.size
            end = payload_start + size
            if len(data) < end:
                break
            payload = data[payload_start:end]
            records.append(
                Record(Kind(kind), payload, sequence, boottime_ns, rate_hz, channels, Flags(flags))
            )
            start = end
        self._rest = data[start:]
        return records
