"""Reading a folder of clips for its review, and writing what a person says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from kws_live.clips.folder import AUDIO, SIDECAR, regular_files, taken_s, write_private
from kws_live.clips.sidecar import ClipInfo, Verdict, parse
from kws_live.errors import InputError, OutputError
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

_LONGEST_S = 60
"""The ring that clips are taken from holds no more."""
_LARGEST_SIDECAR_BYTES = 65_536
_LONGEST_KEYWORD_BYTES = 200


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip that can be reviewed: the name of its files without ending, and its sidecar."""

    name: str
    info: ClipInfo


@dataclass(frozen=True, slots=True)
class Fault:
    """A clip that can't be used, and why."""

    name: str
    reason: str


class ClipError(Exception):
    """A clip can't be used; the message says why."""


def load_clips(folder: Path) -> tuple[list[Clip], list[Fault]]:
    """Return the clips of a folder, oldest first, and those whose sidecar can't be used.

    Raises:
        InputError: there is no such folder, or it can't be read.
    """
    try:
        files = dict(regular_files(folder))
    except OSError as error:
        raise InputError(
            f"{folder}: {error.strerror}. Give the folder that --save-clips was given."
        ) from error
    clips, faults = [], []
    stems = {file.removesuffix(ending) for file in files for ending in (AUDIO, SIDECAR)}
    for name in sorted(stem for stem in stems if taken_s(stem) is not None):
        try:
            clips.append(Clip(name, _read_sidecar(folder, name, files)))
        except ClipError as error:
            faults.append(Fault(name, str(error)))
    return clips, faults


def _read_sidecar(folder: Path, name: str, files: Mapping[str, int]) -> ClipInfo:
    for ending in (AUDIO, SIDECAR):
        if f"{name}{ending}" not in files:
            raise ClipError(f"its {ending} is missing")
    if files[f"{name}{SIDECAR}"] > _LARGEST_SIDECAR_BYTES:
        raise ClipError("the sidecar is none of kws-live")
    try:
        info = parse((folder / f"{name}{SIDECAR}").read_text(encoding="utf-8"))
    except OSError as error:
        raise ClipError(f"the sidecar can't be read ({error.strerror})") from error
    except ValueError as error:  # a UnicodeDecodeError is one
        raise ClipError(str(error)) from error
    if not _names_a_folder(info.keyword):
        raise ClipError(f"the keyword {info.keyword!r} can't be the name of a folder")
    return info


def _names_a_folder(keyword: str) -> bool:
    return (
        keyword.isprintable()
        and "/" not in keyword
        and keyword not in {"", ".", ".."}
        and len(keyword.encode()) <= _LONGEST_KEYWORD_BYTES
    )


def read_clip(folder: Path, clip: Clip) -> Int16Array:
    """Return the audio of a clip, int16 [n] at 16 kHz; the deciding window lies within it.

    Raises:
        ClipError: it is missing, damaged or not the audio of its sidecar.
    """
    info = clip.info
    expected = info.window_start_samples + info.window_samples
    try:
        with soundfile.SoundFile(folder / f"{clip.name}{AUDIO}") as file:
            told = (file.samplerate, file.channels, file.frames)
            is_its_own = told == (SAMPLE_RATE_HZ, 1, expected) and info.window_samples > 0
            # Looked at before it is read: a file may claim to be of any length.
            if is_its_own and expected <= _LONGEST_S * SAMPLE_RATE_HZ:
                samples: Int16Array = file.read(dtype="int16")
                if len(samples) == expected:
                    return samples
    except (OSError, soundfile.SoundFileError) as error:
        raise ClipError(f"its audio can't be read ({error})") from error
    raise ClipError("its audio is not that of its sidecar")


def judge(folder: Path, clip: Clip, verdict: Verdict | None, speaker: str) -> Clip:
    """Write a verdict, or take it back, into the sidecar at once; return the clip as it is now.

    Raises:
        ClipError: the clip is gone.
        OutputError: the sidecar can't be written.
    """
    judged = Clip(
        clip.name, replace(clip.info, verdict=verdict, speaker=speaker if verdict else None)
    )
    path = folder / f"{clip.name}{SIDECAR}"
    if not path.exists():
        raise ClipError("it was deleted meanwhile")
    try:
        write_private(path, judged.info.to_json().encode())
    except OSError as error:
        raise OutputError(
            f"{path}: the verdict can't be written ({error.strerror}). "
            "All verdicts before it are kept; free some space and go on with the same command."
        ) from error
    return judged
