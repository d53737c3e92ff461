"""Whether an audio file holds all that it promises.

libsndfile trusts the length of the file over the header of a WAV, and the last page there is of an
OGG, so a copy that was broken off looks whole to it.
"""

import struct
from pathlib import Path

_STREAMED_BYTES = 0x7FFF0000
"""Programs that write a WAV to a pipe can't know its length and claim 2 or 4 GiB, less a header."""

_OGG_PAGE_MAX_BYTES = 27 + 255 + 255 * 255
_OGG_END_OF_STREAM = 0x04


def missing(path: Path, frames: int, promised_frames: int, rate_hz: int) -> str:
    """Return what is missing from a file that gave `frames`, for people; "" when nothing is.

    Args:
        path: the file, of any format.
        frames: frames read from it.
        promised_frames: frames that libsndfile expects in it.
        rate_hz: its sample rate.
    """
    there_s = frames / rate_hz
    if frames < promised_frames:
        return f"{there_s:.2f} s of {promised_frames / rate_hz:.2f} s are there"
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == b"RIFF":
        there_bytes, promised_bytes = _wav_data_bytes(path)
        if there_bytes < promised_bytes < _STREAMED_BYTES:
            promised_s = there_s * promised_bytes / max(1, there_bytes)
            return f"{there_s:.2f} s of {promised_s:.2f} s are there"
    if magic == b"OggS" and not _ogg_ends(path):
        return f"the stream breaks off after {there_s:.2f} s, without its end mark"
    return ""


def _wav_data_bytes(path: Path) -> tuple[int, int]:
    """Return the bytes of the data chunk that are there and those that its header promises."""
    size = path.stat().st_size
    with path.open("rb") as file:
        position = 12
        while position + 8 <= size:
            file.seek(position)
            name, chunk_bytes = struct.unpack("<4sI", file.read(8))
            position += 8
            if name == b"data":
                return min(chunk_bytes, size - position), chunk_bytes
            position += chunk_bytes + chunk_bytes % 2
    return 0, 0


def _ogg_ends(path: Path) -> bool:
    """Return whether the last page of an Ogg file is whole and marked as the last one."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _OGG_PAGE_MAX_BYTES))
        tail = file.read()
    start = tail.rfind(b"OggS")
    page = tail[start:] if start >= 0 else b""
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    body_bytes = sum(page[27 : 27 + page[26]])
    return bool(page[5] & _OGG_END_OF_STREAM) and len(page) >= 27 + page[26] + body_bytes
