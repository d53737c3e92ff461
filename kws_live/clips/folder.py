"""The folder of clips: how files are named, written so that nobody else reads them, and found."""

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import soundfile

from kws_live.clips.sidecar import ClipInfo
from kws_live.errors import OutputError
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

AUDIO, SIDECAR = ".flac", ".json"
PARTIAL = ".partial"
"""The ending of a file that is being written; it is renamed when it is whole."""

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_NAME = re.compile(r"(?P<date>\d{8}T\d{9}Z)-[0-9a-f]{12}-\d{6,}-[\w-]+")
_DATE_FORMAT = "%Y%m%dT%H%M%S%f"
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A clip's two files: their name without ending, when it was taken, and how much room they take."""

    name: str
    taken_s: float
    size_bytes: int


def clip_name(info: ClipInfo) -> str:
    """Return the name of a clip's files: date, run, number of the event, word; sorted, the oldest is first."""
    date = re.sub(r"[-:.]", "", info.ts)
    word = re.sub(r"[^\w-]", "_", info.keyword)[:_LONGEST_WORD]
    return f"{date}-{info.run}-{info.seq:06d}-{word}"


def taken_s(name: str) -> float | None:
    """Return the time in a clip's name, in seconds since the Unix epoch; None if it is no clip's."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        date = datetime.strptime(match["date"].removesuffix("Z"), _DATE_FORMAT)
    except ValueError:
        return None
    return date.replace(tzinfo=UTC).timestamp()


def prepare(folder: Path) -> None:
    """Make the folder if there is none, for its owner alone, and see that files can be written in it.

    Raises:
        OutputError: it can't be made or written to.
    """
    try:
        make_private_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(
            f"clips can't be kept in {folder} ({error.strerror}). "
            "Name a folder of your own with --save-clips, or leave it out."
        ) from error


def make_private_folder(folder: Path) -> None:
    """Make `folder`, and those above it, for the owner alone where they are missing.

    Raises:
        OSError: it can't be made.
    """
    for missing in [*reversed(folder.parents), folder]:
        if not missing.is_dir():
            missing.mkdir(_FOLDER_MODE, exist_ok=True)


def save(folder: Path, info: ClipInfo, samples: Int16Array) -> StoredClip:
    """Write a clip; a folder that was deleted is made anew, those above it are not.

    The sidecar comes first, so that there is never audio that nobody finds to delete.

    Args:
        folder: where to.
        info: its sidecar.
        samples: int16 [n] at 16 kHz.

    Raises:
        OSError: it could not be written; nothing of it is left.
    """
    if not folder.is_dir():
        folder.mkdir(_FOLDER_MODE)
    name = clip_name(info)
    sidecar, audio = info.to_json().encode(), encode_flac(samples)
    write_private(folder / f"{name}{SIDECAR}", sidecar)
    try:
        write_private(folder / f"{name}{AUDIO}", audio)
    except OSError:
        with contextlib.suppress(OSError):
            (folder / f"{name}{SIDECAR}").unlink()
        raise
    stamp_s = taken_s(name)
    assert stamp_s is not None, "a name of ours"
    return StoredClip(name, stamp_s, len(sidecar) + len(audio))


def encode_flac(samples: Int16Array) -> bytes:
    """Return int16 [n] at 16 kHz as a FLAC file.

    In memory, because libsndfile says nothing of a disk that is full as it closes a file.
    """
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def write_private(path: Path, data: bytes) -> None:
    """Put a file at `path`, readable by its owner alone, whole or not at all; one that is there is replaced.

    Raises:
        OSError: it could not be written; what was there is as before.
    """
    partial = path.with_name(f".{path.name}{PARTIAL}")
    # What is there was left behind, or put there by somebody: neither its mode nor its end is ours.
    partial.unlink(missing_ok=True)
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def stored_clips(folder: Path) -> list[StoredClip]:
    """Return the clips that have a sidecar, oldest first; none where there is no folder.

    A sidecar without audio is what a run that was killed leaves. Nothing else in the folder is a
    clip, whatever it holds.

    Raises:
        OSError: the folder can't be read.
    """
    try:
        sizes = dict(regular_files(folder))
    except FileNotFoundError:
        return []
    clips = []
    for file, size_bytes in sizes.items():
        name = file.removesuffix(SIDECAR)
        stamp_s = taken_s(name) if file.endswith(SIDECAR) else None
        if stamp_s is not None:
            clips.append(StoredClip(name, stamp_s, size_bytes + sizes.get(f"{name}{AUDIO}", 0)))
    return sorted(clips, key=lambda clip: clip.name)


def left_behind(folder: Path, before_s: float) -> list[Path]:
    """Return the clips' files that were last written to before `before_s` (Unix time) and never finished."""
    found = []
    for path in folder.glob(f".*{PARTIAL}"):
        with contextlib.suppress(FileNotFoundError):  # whole by now
            is_ours = taken_s(Path(path.name[1:].removesuffix(PARTIAL)).stem) is not None
            if is_ours and path.lstat().st_mtime < before_s:
                found.append(path)
    return found


def delete(folder: Path, name: str) -> None:
    """Delete a clip, its audio first; what is gone already is no error.

    Raises:
        OSError: it can't be deleted.
    """
    for ending in (AUDIO, SIDECAR):
        (folder / f"{name}{ending}").unlink(missing_ok=True)


def regular_files(folder: Path) -> Iterator[tuple[str, int]]:
    """Yield name and size in bytes of each file in a folder; links, pipes and folders are none.

    Raises:
        OSError: the folder can't be read.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    yield entry.name, entry.stat(follow_symlinks=False).st_size
