"""The folder of a guided session: what was said and recorded, kept so that it can be gone on with.

    SESSION/words/stop/003.flac, 003.txt   a take and where in it the word is
    SESSION/background/001.flac            a stretch of background
    SESSION/background/002.s16             one that is being recorded, or was cut short: raw samples

Both folders are what `--clips` and `--background` take.
"""

import os
from pathlib import Path

import numpy as np
import soundfile

from kws_live.errors import InputError, OutputError
from kws_live.eval.tracks import Label, write_track
from kws_live.tune.takes import Take
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

_AUDIO, _RAW, _TRACK = ".flac", ".s16", ".txt"
_BYTES_A_SAMPLE = 2
_BLOCK_SAMPLES = 60 * SAMPLE_RATE_HZ


class Session:
    """A folder that only its owner can read.

    Args:
        path: made if it isn't there; a recording that was cut short in it is mended.

    Raises:
        OutputError: it can't be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.words = path / "words"
        self.background = path / "background"
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.words.mkdir(exist_ok=True)
            self.background.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"can't make the session {path}: {error.strerror}. Name another folder with --session"
            ) from error
        for raw in sorted(self.background.glob(f"*{_RAW}")):
            _compress(raw)

    def takes(self, word: str) -> int:
        """Return how many takes of `word` there are."""
        return len(list((self.words / word).glob(f"*{_AUDIO}")))

    def add(self, word: str, take: Take) -> None:
        """Keep a take.

        Raises:
            OutputError: it can't be written.
        """
        folder = self.words / word
        try:
            folder.mkdir(exist_ok=True)
            path = _next(folder)
            _write(path, take.samples)
        except (OSError, soundfile.SoundFileError, AssertionError) as error:
            raise _failed(folder, error) from error
        write_track(path.with_suffix(_TRACK), [Label(take.start_s, take.end_s, word)])

    def drop(self, word: str) -> bool:
        """Remove the last take of `word`; return whether there was one."""
        found = sorted((self.words / word).glob(f"*{_AUDIO}"))
        if not found:
            return False
        found[-1].unlink()
        found[-1].with_suffix(_TRACK).unlink(missing_ok=True)
        return True

    def background_s(self) -> float:
        """Return how much background there is."""
        paths = self.background.glob(f"*{_AUDIO}")
        try:
            return sum(float(soundfile.info(path).duration) for path in paths)
        except soundfile.SoundFileError as error:
            raise InputError(
                f"a recording of the session can't be read: {error}. Remove it and go on"
            ) from error


class BackgroundRecorder:
    """Records one stretch of background; what was written survives whatever happens to the program.

    Args:
        session: where to.
    """

    def __init__(self, session: Session) -> None:
        self._path = _next(session.background).with_suffix(_RAW)
        try:
            self._file = self._path.open("xb", buffering=0)
        except OSError as error:
            raise _failed(self._path, error) from error

    def write(self, samples: Int16Array) -> None:
        """Append int16 [n] at 16 kHz.

        Raises:
            OutputError: the disk is full, or writing failed otherwise.
        """
        data = memoryview(samples.astype("<i2").tobytes())
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise _failed(self._path, error) from error

    def close(self) -> None:
        """End the stretch and compress it; nothing is left of one without audio.

        Raises:
            OutputError: there is no room for it; the raw samples stay.
        """
        self._file.close()
        _compress(self._path)


def _next(folder: Path) -> Path:
    """Return the path of the next file: numbers go on, gaps are left."""
    numbers = [int(path.stem) for path in folder.iterdir() if path.stem.isdecimal()]
    return folder / f"{max(numbers, default=0) + 1:03d}{_AUDIO}"


def _compress(raw: Path) -> None:
    """Turn raw samples into a FLAC file of the same name, which appears when it is complete."""
    try:
        samples = raw.stat().st_size // _BYTES_A_SAMPLE
        if samples:
            audio = np.memmap(raw, dtype="<i2", mode="r", shape=(samples,))
            _write(raw.with_suffix(_AUDIO), audio)
        raw.unlink()
    except (OSError, soundfile.SoundFileError, AssertionError) as error:
        raise _failed(raw, error) from error


def _write(path: Path, samples: Int16Array) -> None:
    waiting = path.with_name(f".{path.name}.new")
    with soundfile.SoundFile(
        os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        "w",
        SAMPLE_RATE_HZ,
        channels=1,
        format="FLAC",
        subtype="PCM_16",
    ) as file:
        for start in range(0, len(samples), _BLOCK_SAMPLES):
            file.write(samples[start : start + _BLOCK_SAMPLES])
    # libsndfile says nothing when the disk is full as it closes a file.
    assert soundfile.info(waiting).frames == len(samples), "the disk is full"
    waiting.replace(path)


def _failed(path: Path, error: Exception) -> OutputError:
    reason = getattr(error, "strerror", None) or str(error) or "disk full?"
    return OutputError(
        f"can't write {path}: {reason}. What was recorded before is kept; free space, or go on with "
        "--session in another folder"
    )
