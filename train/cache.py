"""All recordings decoded once, into one memory-mapped file of 16 kHz int16 samples."""

import hashlib
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from kws_live.errors import InputError, OutputError
from kws_live.files import atomic
from kws_live.types import Int16Array

from .activity import active_span, clip_fault, is_silent
from .corpus import Recording, files_hash, label_of
from .decode import read_blocks
from .duplicates import find_copies
from .names import names_of
from .windows import WINDOW_SAMPLES, peak_of, to_float

log = logging.getLogger(__name__)

#: Raise when what is stored, or how it is measured, changes.
CACHE_FORMAT = 4
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
        faults: Why a recording must not be used (`unreadable`, `empty`, `silent`, `cut`, `short`,
            `duplicate`, `contradiction`), or an empty string.
        notes: For some of the faulty rows more about it: what the decoder says, or where the copy
            lies: its path, after the name of its folder if that is another one.
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
    keywords: Sequence[str] | None = None,
) -> ClipStore:
    """Return the decoded recordings, from the cache if their files have not changed since.

    Files that can't be decoded are there with no samples and a fault; a warning counts them.

    Args:
        recordings: What to decode. Their splits decide which of several copies is at fault.
        cache_dir: Where cache files lie; made if missing.
        progress: Called with (recordings decoded, recordings in all).
        keywords: The words that are told apart: copies said to be of two others do not contradict
            each other. None tells all words apart.

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
    labels = [r.word if keywords is None else label_of(r.word, keywords) for r in recordings]
    names = names_of(recordings)
    for i, (reason, of) in find_copies(
        recordings, labels, digests, [not f for f in faults]
    ).items():
        faults[i], notes[i] = reason, names[of]
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


@dataclass(frozen=True)
class _Examined:
    """What is stored of a recording beside its samples; see `ClipStore`."""

    length: int
    span: tuple[int, int]
    peak: int
    digest: bytes
    fault: str


def _write(
    recordings: Sequence[Recording], audio: Path, index: Path, progress: Callable[[int, int], None]
) -> None:
    examined: list[_Examined] = []
    notes: dict[int, str] = {}
    with atomic(audio) as partial, partial.open("wb") as out:
        for i, recording in enumerate(recordings):
            start = out.tell()
            try:
                found = _copied(recording, read_blocks(recording.file), out)
            except InputError as error:
                out.seek(start)
                out.truncate()
                found = replace(_copied(recording, (), out), fault=UNREADABLE)
                notes[i] = str(error)
            examined.append(found)
            progress(i + 1, len(recordings))
    with atomic(index) as partial, partial.open("wb") as out:
        np.savez(
            out,
            starts=np.cumsum([0, *(e.length for e in examined)], dtype=np.int64),
            spans=np.array([e.span for e in examined], np.int64),
            peaks=np.array([e.peak for e in examined], np.int64),
            digests=np.array([list(e.digest) for e in examined], np.uint8),
            faults=np.array([e.fault for e in examined], np.str_),
            notes=np.array(json.dumps(notes)),
        )


def _copied(recording: Recording, blocks: Iterable[Int16Array], out: BinaryIO) -> _Examined:
    """Append a recording's samples to a file, and return what was found on the way.

    Longer speech and noise may last for hours and are never in memory as a whole; word clips are.
    """
    length, peak, silent, digest = 0, 0, True, hashlib.sha256()
    clip = [np.zeros(0, np.int16)]
    for x in blocks:
        out.write(x.tobytes())
        digest.update(x.tobytes())
        length, peak = length + len(x), max(peak, peak_of(x))
        if recording.kind == "word":
            clip.append(x)
        else:
            silent = silent and is_silent(to_float(x))
    span, fault = (0, length), ""
    if length == 0:
        fault = "empty"
    elif recording.kind == "word":
        whole = to_float(np.concatenate(clip))
        span, fault = active_span(whole), clip_fault(whole) or ""
    elif recording.kind == "speech" and silent:
        fault = "silent"
    elif recording.kind == "speech" and length < WINDOW_SAMPLES:
        fault = "short"
    return _Examined(length, span, peak, digest.digest()[:DIGEST_BYTES], fault)


def _warn_of_unreadable(faults: Sequence[str], notes: dict[int, str]) -> None:
    unreadable = [i for i, fault in enumerate(faults) if fault == UNREADABLE]
    if unreadable:
        log.warning(
            "left out %d files that cannot be read, such as this: %s",
            *(len(unreadable), notes[unreadable[0]]),
        )
