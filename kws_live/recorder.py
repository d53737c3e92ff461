"""`--record FILE`: what the ring was fed, kept as a sound file."""

import threading
from collections import deque
from pathlib import Path

import numpy as np
import soundfile

from kws_live.errors import OutputError
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

_FORMATS = {".wav": "WAV", ".flac": "FLAC"}
_WAITING_SAMPLES = 30 * SAMPLE_RATE_HZ
"""A disk that stalls for longer than this half minute loses the recording, and says so."""
_ZEROS = np.zeros(SAMPLE_RATE_HZ, dtype=np.int16)


class Recorder:
    """Writes mono 16-bit audio at 16 kHz; replaying it with `--input` gives the live detections.

    A gap is kept as zeros, so that times in the recording are times of the stream.

    Args:
        path: a .wav or .flac file; overwritten once there is audio to write, so that a device that
            can't be opened costs no recording.
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
        self._waiting: deque[Int16Array | int] = deque()
        self._waiting_samples = 0
        self._samples = 0
        self._closed = False
        self._changed = threading.Condition()
        self._kind = kind
        existed = path.exists()
        try:
            with path.open("ab"):
                pass
            if not existed:
                path.unlink()
        except OSError as error:
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
        """End `run` after what was handed over; never waits. Any thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def run(self) -> None:
        """Write until closed. On a thread of its own.

        Raises:
            OutputError: the disk is full, or writing failed otherwise.
        """
        try:
            item = self._take()
            if item is None:
                return
            with self._open() as file:
                while item is not None:
                    if isinstance(item, int):
                        for start in range(0, item, len(_ZEROS)):
                            file.write(_ZEROS[: item - start])
                        self._samples += item
                    else:
                        file.write(item)
                        self._samples += len(item)
                    item = self._take()
            self._check_last_sample()
        except (soundfile.LibsndfileError, OSError, AssertionError) as error:
            # soundfile asserts that all was written, and that is how a full disk shows.
            raise OutputError(
                f"--record {self._path}: writing failed ({str(error) or 'disk full?'}). "
                "Free space on that disk or choose another file."
            ) from error
        finally:
            self.close()

    def _open(self) -> soundfile.SoundFile:
        return soundfile.SoundFile(
            self._path, "w", SAMPLE_RATE_HZ, channels=1, format=self._kind, subtype="PCM_16"
        )

    def _check_last_sample(self) -> None:
        """Read back the end: libsndfile says nothing when the disk is full as it closes a file."""
        if self._path.is_file() and self._samples:
            with soundfile.SoundFile(self._path) as file:
                file.seek(self._samples - 1)
                assert len(file.read(1)) == 1, "the end is missing"

    def _take(self) -> Int16Array | int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            self._waiting_samples -= 0 if isinstance(item, int) else len(item)
            self._changed.notify_all()
            return item

    def _put(self, item: Int16Array | int) -> None:
        with self._changed:
            if not self._paced:
                self._changed.wait_for(lambda: self._has_room() or self._closed)
            if self._closed:
                return
            if not self._has_room():
                raise OutputError(
                    f"--record {self._path}: the disk is too slow, the recording would have a "
                    "hole. Choose another disk."
                )
            self._waiting.append(item)
            # A gap is one number, however long.
            self._waiting_samples += 0 if isinstance(item, int) else len(item)
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._waiting_samples < _WAITING_SAMPLES
