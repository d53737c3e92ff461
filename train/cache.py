"""All recordings decoded once, into one memory-mapped file of 16 kHz int16 samples."""

import hashlib
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_live.errors import InputError, OutputError
from kws_live.files import atomic
from kws_live.types import Int16Array

from .activity import active_span, clip_fault, is_silent
from .corpus import Recording, files_hash
from .decode import read_clip
from .duplicates import find_copies
from .windows import peak_of, to_float

log = logging.getLogger(__name__)

#: Raise when what is stored, or how it is measured, changes.
CACHE_FORMAT = 3
DIGEST_BYTES = 16

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ClipStore:
    """Decoded recordings: `samples[starts[i] : starts[i + 1]]` is recording i.

    All but `samples` is an index of some hundred bytes a recording. Pickled, a store names the file of samples
    instead of holding them, so that worker processes share the pages of one mapped file.

    Attributes:
        recordings: What the rows are.
        file: Where the samples lie.
        samples: int16 at 16 kHz, the mapped file.
        starts: int64[n + 1], in samples.
        spans: int64[n, 2], the active part of each word clip, relative to its beginning;
            for other kinds the whole recording.
        peaks: int64[n], the highest absolute sample of each recording.
        digests: uint8[n, 16], a hash of the samples of each.
        faults: Why a recording must not be used (`unreadable`, `empty`, `silent`, `cut`, `duplicate`,
            `contradiction`), or an empty string.
        notes: For some of the faulty rows more about it: what the decoder says, or the path of
            the copy.
    """

    recordings: list[Recording]
    file: Path
    samples: Int16Array
    starts: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int64]
    peaks: npt.NDArray[np.int64]
    digests: npt.NDArray[np.uint8]
    faults: list[str]
    notes: dict[int, str]

    def __len__(self) -> int:
        return len(self.recordings)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != "samples"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {"samples": _mapped(state["file"])})

    def clip(self, i: int) -> Int16Array:
        """Return recording i as int16 samples."""
        return self.samples[self.starts[i] : self.starts[i + 1]]

    def length(self, i: int) -> int:
        """Return the number of samples of recording i."""
        return int(self.starts[i + 1] - self.starts[i])

    def fault_counts(self) -> dict[str, int]:
        """Return how many recordings are left out, by reason."""
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
    """Return the decoded recordings, from the cache if their files have not changed since.

    Files that can't be decoded are there with no samples and a fault; a warning counts them.

    Args:
        recordings: What to decode. Their splits decide which of several copies is at fault.
        cache_dir: Where cache files lie; made if missing.
        progress: Called with (recordings decoded, recordings in all).

    Raises:
        OutputError: The cache cannot be written.
    """
    key = f"v{CACHE_FORMAT}-{files_hash(recordings)}"
    audio, index = cache_dir / f"{key}.s16", cache_dir / f"{key}.npz"
    if not (index.is_file() and audio.is_file()):
        try:
            cache_dir.mkdir(parents=True, exist_ok=True)
            _write(recordings, audio, index, progress)
        except OSError as error:
            raise OutputError(
                f"cannot write the cache in {cache_dir}: {error}. Free some space "
                "(2 MB a minute of audio are needed) or name another folder with --cache"
            ) from error
    with np.load(index) as stored:
        found: dict[str, Any] = {name: stored[name] for name in stored.files}
    faults = [sys.intern(str(fault)) for fault in found.pop("faults")]
    notes = {int(i): note for i, note in json.loads(str(found.pop("notes"))).items()}
    digests = [row.tobytes() for row in found["digests"]]
    for i, (reason, of) in find_copies(recordings, digests, [not f for f in faults]).items():
        faults[i], notes[i] = reason, recordings[of].path
    _warn_of_unreadable(faults, notes)
    return ClipStore(
        recordings=list(recordings),
        file=audio,
        samples=_mapped(audio),
        faults=faults,
        notes=notes,
        **found,
    )


def _mapped(audio: Path) -> Int16Array:
    """Return the file as a plain array: slices of a memmap object are slower to make."""
    if audio.stat().st_size == 0:
        return np.zeros(0, np.int16)
    return np.asarray(np.memmap(audio, dtype=np.int16, mode="r"))


def _write(
    recordings: Sequence[Recording], audio: Path, index: Path, progress: Callable[[int, int], None]
) -> None:
    n = len(recordings)
    starts, spans = np.zeros(n + 1, np.int64), np.zeros((n, 2), np.int64)
    peaks, digests = np.zeros(n, np.int64), np.zeros((n, DIGEST_BYTES), np.uint8)
    faults: list[str] = []
    notes: dict[int, str] = {}
    with atomic(audio) as partial, partial.open("wb") as out:
        for i, recording in enumerate(recordings):
            try:
                x = read_clip(recording.file)
            except InputError as error:
                x, notes[i] = np.zeros(0, np.int16), str(error)
            out.write(x.tobytes())
            starts[i + 1] = starts[i] + len(x)
            spans[i], fault = _examined(x, recording)
            faults.append(UNREADABLE if i in notes else fault)
            peaks[i] = peak_of(x)
            digest = hashlib.sha256(x.tobytes()).digest()[:DIGEST_BYTES]
            digests[i] = np.frombuffer(digest, np.uint8)
            progress(i + 1, n)
    with atomic(index) as partial, partial.open("wb") as out:
        np.savez(
            out,
            starts=starts,
            spans=spans,
            peaks=peaks,
            digests=digests,
            faults=np.array(faults, dtype=np.str_),
            notes=np.array(json.dumps(notes)),
        )


def _examined(x: Int16Array, recording: Recording) -> tuple[tuple[int, int], str]:
    """Return the active part of a recording, and why it must not be used or an empty string."""
    whole = (0, len(x))
    if len(x) == 0:
        return whole, "empty"
    as_float = to_float(x)
    if recording.kind == "word":
        return active_span(as_float), clip_fault(as_float) or ""
    return whole, "silent" if recording.kind == "speech" and is_silent(as_float) else ""


def _warn_of_unreadable(faults: Sequence[str], notes: dict[int, str]) -> None:
    unreadable = [i for i, fault in enumerate(faults) if fault == UNREADABLE]
    if unreadable:
        log.warning(
            "left out %d files that cannot be read, such as this: %s",
            *(len(unreadable), notes[unreadable[0]]),
        )
