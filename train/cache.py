"""All recordings decoded once, into one memory-mapped file of 16 kHz int16 samples."""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile as sf
import soxr

from kws_live.errors import InputError, OutputError
from kws_live.files import atomic
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

from .activity import active_span, clip_fault
from .corpus import Recording, manifest_hash
from .files import write_text
from .windows import to_float, to_int16

#: Raise when what is stored, or how it is measured, changes.
CACHE_FORMAT = 2


@dataclass(frozen=True)
class ClipStore:
    """Decoded recordings: `samples[starts[i] : starts[i + 1]]` is recording i.

    Pickled, it names the file of samples instead of holding them, so that worker processes share
    the pages of one mapped file.

    Attributes:
        recordings: What the rows are.
        samples: int16 at 16 kHz, memory-mapped.
        starts: int64[n + 1], in samples.
        spans: int64[n, 2], the active part of each word clip, relative to its beginning;
            for other kinds the whole recording.
        faults: Why a word clip must not be used (`silent`, `cut`), or an empty string.
    """

    recordings: list[Recording]
    samples: "np.memmap[Any, np.dtype[np.int16]]"
    starts: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int64]
    faults: list[str]

    def __len__(self) -> int:
        return len(self.recordings)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"samples": self.samples.filename}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"samples": _mapped(state["samples"])})

    def clip(self, i: int) -> Int16Array:
        """Return recording i as int16 samples."""
        return self.samples[self.starts[i] : self.starts[i + 1]]

    def length(self, i: int) -> int:
        """Return the number of samples of recording i."""
        return int(self.starts[i + 1] - self.starts[i])

    def fault_counts(self) -> dict[str, int]:
        """Return how many clips are left out, by reason."""
        return dict(Counter(f for f in self.faults if f))


def default_cache_dir() -> Path:
    """Return the user's cache folder for decoded audio (XDG)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kws-live" / "train"


def open_store(
    recordings: Sequence[Recording],
    cache_dir: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> ClipStore:
    """Return the decoded recordings, from the cache if they have not changed since.

    Args:
        recordings: What to decode; the cache is keyed by their manifest's hash.
        cache_dir: Where cache files lie; made if missing.
        progress: Called with (recordings decoded, recordings in all).

    Raises:
        InputError: A file cannot be decoded.
        OutputError: The cache cannot be written.
    """
    key = f"v{CACHE_FORMAT}-{manifest_hash(recordings)}"
    audio, index = cache_dir / f"{key}.s16", cache_dir / f"{key}.json"
    if not (index.is_file() and audio.is_file()):
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)
            _write(recordings, audio, index, progress)
        except OSError as error:
            raise OutputError(
                f"cannot write the cache in {cache_dir}: {error}. Free some space "
                "(2 MB a minute of audio are needed) or name another folder with --cache"
            ) from error
    stored = json.loads(index.read_text())
    return ClipStore(
        recordings=list(recordings),
        samples=_mapped(audio),
        starts=np.asarray(stored["starts"], dtype=np.int64),
        spans=np.asarray(stored["spans"], dtype=np.int64).reshape(-1, 2),
        faults=stored["faults"],
    )


def read_clip(path: Path) -> Int16Array:
    """Return a file's samples as int16 at 16 kHz, mixed down to one channel.

    Raises:
        InputError: The file cannot be decoded.
    """
    try:
        x, rate = sf.read(path, dtype="float32", always_2d=True)
    except (sf.LibsndfileError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}. Remove or repair the file") from error
    mono = x.mean(axis=1)
    if rate != SAMPLE_RATE_HZ:
        mono = soxr.resample(mono, rate, SAMPLE_RATE_HZ)
    return to_int16(mono)


def _mapped(audio: str | Path) -> "np.memmap[Any, np.dtype[np.int16]]":
    return np.memmap(audio, dtype=np.int16, mode="r")


def _write(
    recordings: Sequence[Recording], audio: Path, index: Path, progress: Callable[[int, int], None]
) -> None:
    starts, spans, faults = [0], [], []
    with atomic(audio) as partial, partial.open("wb") as out:
        for i, recording in enumerate(recordings):
            x = read_clip(recording.file)
            out.write(x.tobytes())
            starts.append(starts[-1] + len(x))
            span, fault = (0, len(x)), ""
            if recording.kind == "word":
                as_float = to_float(x)
                span, fault = active_span(as_float), clip_fault(as_float) or ""
            spans.append(span)
            faults.append(fault)
            progress(i + 1, len(recordings))
    write_text(index, json.dumps({"starts": starts, "spans": spans, "faults": faults}))
