"""An audio file as a source."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from kws_live.errors import InputError
from kws_live.sources.completeness import missing
from kws_live.sources.pacing import Pacer
from kws_live.types import Block, Float32Array, Int16Array, SourceItem

_READ_FRAMES = 65_536
"""Frames read at a time: more than a block, as each read has its price."""
_UNREAD = {"int16": -32_768, "float32": np.nan}
"""What stays in a buffer where nothing was read."""
_LOWEST_RATE_HZ = 4_000
UNKNOWN_FRAMES = 1 << 62
"""What libsndfile gives for a FLAC that was written to a pipe."""


class FileSource:
    """A WAV, FLAC, OGG or other file that libsndfile reads."""

    unhurried = False

    def __init__(self, path: Path, block_frames: int, realtime: bool = False) -> None:
        """Open the file.

        Args:
            path: the file.
            block_frames: frames in a block, at the file's rate; the last block may be shorter.
            realtime: whether to deliver each block when its last frame would have been there, live.

        Raises:
            InputError: the file is missing, unreadable, not audio, or holds none.
        """
        self.paced = realtime
        self._path = path
        self._block_frames = block_frames
        self._file = _open(path)
        rate_hz, channels = self._file.samplerate, self._file.channels
        self.name = f"{path.name}, {rate_hz} Hz, {channels} ch"
        self._promised_frames = self._file.frames if self._file.frames < UNKNOWN_FRAMES else 0
        self.duration_s: float | None = self._promised_frames / rate_hz or None
        self._pacer = Pacer(rate_hz)
        self._stopped = False

    def stop(self) -> None:
        """End `items`; any thread, any number of times."""
        self._stopped = True
        self._pacer.stop()

    def items(self) -> Iterator[SourceItem]:
        """Yield the file's blocks.

        Raises:
            InputError: after the last whole frame, where the file is cut off or damaged.
        """
        rate_hz = self._file.samplerate
        total_frames = 0
        with self._file:
            for samples in self._blocks():
                due_ns = self._pacer.wait(len(samples)) if self.paced else None
                if self._stopped:
                    return
                total_frames += len(samples)
                yield Block(samples, rate_hz, due_ns)
        if reason := missing(self._path, total_frames, self._promised_frames, rate_hz):
            raise InputError(
                f"{self._path}: the file is cut off or damaged: {reason}. Fetch or record it again,"
                " or cut what is good out of it."
            )

    def _blocks(self) -> Iterator[Float32Array | Int16Array]:
        read_frames = self._block_frames * max(1, _READ_FRAMES // self._block_frames)
        whole = True
        while whole:
            samples, whole = self._read(read_frames)
            for start in range(0, len(samples), self._block_frames):
                yield samples[start : start + self._block_frames]

    def _read(self, frames: int) -> tuple[Float32Array | Int16Array, bool]:
        """Return the next `frames`, or what is left of them and False."""
        # 16 bits stay what they are, which costs least.
        dtype = "int16" if self._file.subtype == "PCM_16" else "float32"
        # libsndfile delivers what it can decode before a damaged spot but doesn't say how much.
        unread = _UNREAD[dtype]
        buffer = np.full((frames, self._file.channels), unread, dtype)
        try:
            samples: Float32Array | Int16Array = self._file.read(out=buffer)
        except soundfile.LibsndfileError:
            read = np.flatnonzero(~((buffer == unread) | np.isnan(buffer)).all(axis=1))
            return buffer[: int(read[-1]) + 1 if len(read) else 0], False
        if not np.isfinite(samples).all():
            raise InputError(
                f"{self._path}: some samples are not finite numbers. Export it as 16-bit PCM."
            )
        return samples, len(samples) == frames


def _open(path: Path) -> soundfile.SoundFile:
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}. Give an audio file (WAV, FLAC, OGG), or `-` for standard"
            " input."
        ) from error
    if empty:
        raise InputError(f"{path}: the file is empty. Give an audio file (WAV, FLAC, OGG).")
    try:
        # As bytes: a name may be no UTF-8.
        file = soundfile.SoundFile(os.fsencode(path))
    except soundfile.LibsndfileError as error:
        raise InputError(
            f"{path}: not an audio file that can be read ({error.error_string.rstrip('.')}). Give a"
            " WAV, FLAC or OGG file; ffmpeg converts others."
        ) from error
    except TypeError as error:  # what soundfile makes of a name in .raw
        raise InputError(
            f"{path}: raw samples don't say what they are. Send signed 16-bit, mono, 16 kHz to"
            " standard input: `--input -`."
        ) from error
    if file.samplerate < _LOWEST_RATE_HZ:
        file.close()
        raise InputError(
            f"{path}: its sample rate is {file.samplerate} Hz, and words can't be told apart below "
            f"{_LOWEST_RATE_HZ} Hz. Was it exported with the wrong rate?"
        )
    if file.frames == 0:
        file.close()
        raise InputError(f"{path}: the file holds no audio (0 frames).")
    return file
