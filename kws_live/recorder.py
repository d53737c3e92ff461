"""`--record FILE`: what the ring was fed, kept as a sound file."""

import queue
from pathlib import Path

import numpy as np
import soundfile

from kws_live.errors import OutputError
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

_FORMATS = {".wav": "WAV", ".flac": "FLAC"}
_WAITING_PIECES = 2_000
"""Half a minute of 15 ms pieces: a disk that stalls longer than that loses the recording, and says so."""
_ZEROS = np.zeros(SAMPLE_RATE_HZ, dtype=np.int16)


class Recorder:
    """Writes mono 16-bit audio at 16 kHz; replaying it with `--input` gives the live detections.

    A gap is kept as zeros, so that times in the recording are times of the stream.

    Args:
        path: a .wav or .flac file; overwritten.
        paced: whether the caller may not wait.

    Raises:
        OutputError: the file can't be made, or its ending is neither .wav nor .flac.
    """

    def __init__(self, path: Path, *, paced: bool) -> None:
        kind = _FORMATS.get(path.suffix.lower())
        if kind is None:
            raise OutputError(
                f"--record {path}: unknown ending {path.suffix!r}. Use .wav or .flac."
            )
        self._path = path
        self._paced = paced
        self._queue: queue.Queue[Int16Array | int | None] = queue.Queue(_WAITING_PIECES)
        self._failed = False
        try:
            self._file = soundfile.SoundFile(
                path, "w", SAMPLE_RATE_HZ, channels=1, format=kind, subtype="PCM_16"
            )
        except (soundfile.LibsndfileError, OSError) as error:
            raise OutputError(
                f"--record {path}: can't be written ({error}). Choose another file."
            ) from error

    def write(self, samples: Int16Array) -> None:
        """Hand over int16 [n]. On kws-capture; waits only when the source isn't paced.

        Raises:
            OutputError: the disk is more than half a minute behind a paced source.
        """
        self._put(samples)

    def gap(self, samples: int) -> None:
        """Hand over a gap of `samples`; otherwise as `write`."""
        self._put(samples)

    def close(self) -> None:
        """End `run` after what was handed over. Any thread."""
        self._queue.put(None)

    def run(self) -> None:
        """Write until closed. On a thread of its own.

        Raises:
            OutputError: the disk is full, or writing failed otherwise.
        """
        try:
            with self._file:
                while (item := self._queue.get()) is not None:
                    if isinstance(item, int):
                        for start in range(0, item, len(_ZEROS)):
                            self._file.write(_ZEROS[: item - start])
                    else:
                        self._file.write(item)
        except (soundfile.LibsndfileError, OSError) as error:
            self._failed = True
            self._drain()
            raise OutputError(
                f"--record {self._path}: writing failed ({error}). Free space on that disk or choose another file."
            ) from error

    def _put(self, item: Int16Array | int) -> None:
        if self._failed:
            return
        try:
            self._queue.put(item, block=not self._paced)
        except queue.Full:
            self._failed = True
            raise OutputError(
                f"--record {self._path}: the disk is too slow, the recording would have holes. Choose another disk."
            ) from None

    def _drain(self) -> None:
        """Release a writer that waits for room."""
        while not self._queue.empty():
            self._queue.get_nowait()
