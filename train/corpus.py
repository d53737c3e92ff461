"""Finding the recordings of a run: word clips, longer speech and noise, and their splits."""

import hashlib
import json
import logging
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kws_live.errors import InputError
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

from .clip_list import ListedClip, read_clip_list
from .split import Split, speaker_split, two_way_split

log = logging.getLogger(__name__)

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".mp3"})
BACKGROUND_FOLDER = "_background_noise_"
_NO_HASH = "_nohash_"

Kind = Literal["word", "speech", "noise"]
#: How a speaker is known: by the name before `_nohash_`, a table beside the clips, or a folder;
#: `file`: not at all, so that each file counts as its own speaker, called like the file.
KnownBy = Literal["name", "list", "folder", "file"]


@dataclass(frozen=True, slots=True)
class Recording:
    """One audio file of a corpus.

    Attributes:
        root: The folder given on the command line.
        path: The file, relative to `root`, with forward slashes.
        kind: A clip of one word, longer speech without keywords, or noise.
        word: What is said in a clip of one word, else empty.
        speaker: Who speaks, as far as the layout tells; for noise the recording's name.
        known_by: How the layout tells.
        split: Where it may be used.
    """

    root: str
    path: str
    kind: Kind
    word: str
    speaker: str
    known_by: KnownBy
    split: Split

    @property
    def file(self) -> Path:
        """The file to open."""
        return Path(self.root) / self.path

    @property
    def folder(self) -> str:
        """The name of the folder given, wherever it lies."""
        return Path(self.root).absolute().name


def find_recordings(
    data: Sequence[Path], speech: Sequence[Path] = (), noise: Sequence[Path] = ()
) -> list[Recording]:
    """Return all recordings of the given folders, each with the split of its speaker's hash.

    They are ordered by kind, name of the folder and path, so that the order depends neither on that of the
    folders nor on where a machine keeps them.

    Args:
        data: Folders of words, `WORD/FILE` or `WORD/SPEAKER/FILE`, or with a table of their clips
            (`kws_train.clip_list`); `_background_noise_` in them is noise.
        speech: Folders of longer speech that holds no keyword; searched recursively.
        noise: Folders of noise; searched recursively.

    Raises:
        InputError: A folder is missing or holds nothing of what it should, or its table is wrong.
    """
    found: list[Recording] = []
    for root, finder, wanted in (
        *((r, _words, "WORD/SPEAKER_nohash_N.wav, WORD/SPEAKER/N.wav or WORD/N.wav") for r in data),
        *((r, _long_speech, "audio files (.wav, .flac, .ogg, .mp3)") for r in speech),
        *((r, _noise, "audio files (.wav, .flac, .ogg, .mp3)") for r in noise),
    ):
        if not root.is_dir():
            raise InputError(f"{root}: no such folder; give a folder that holds {wanted}")
        recordings = list(finder(root))
        if not recordings:
            hint = (
                f". Its audio files lie in no folder of a word: give the folder that holds {root}"
                if any(_is_audio(p) for p in root.iterdir())
                else ""
            )
            raise InputError(f"{root}: no recordings found; it should hold {wanted}{hint}")
        found += recordings
    return sorted(found, key=lambda r: (r.kind, r.folder, r.path, r.root))


def label_of(word: str, keywords: Sequence[str]) -> str:
    """Return the label of a word: the word if it is a keyword, else `_unknown_`."""
    return word if word in keywords or word == SILENCE_LABEL else UNKNOWN_LABEL


def files_hash(recordings: Sequence[Recording]) -> str:
    """Return a hash that changes when a file is added, removed, renamed, resized or rewritten."""
    digest = hashlib.sha256()
    for r in recordings:
        row = [r.root, r.path, r.kind, *_size_and_time(r.file)]
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()[:16]


def _size_and_time(file: Path) -> tuple[int, int] | tuple[None, None]:
    """Return bytes and time in ns; of a link to nothing, as git-annex leaves it, neither."""
    try:
        stat = file.stat()
    except OSError:
        return None, None
    return stat.st_size, stat.st_mtime_ns


def _is_audio(path: Path) -> bool:
    # What macOS leaves beside files on foreign disks is called ._NAME.wav.
    return path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")


def _audio_files(folder: Path) -> Iterator[Path]:
    yield from sorted(p for p in folder.rglob("*") if _is_audio(p))


def _words(root: Path) -> Iterator[Recording]:
    listed = read_clip_list(root)
    yield from _word_folders(root) if listed is None else _listed(root, listed)
    if (root / BACKGROUND_FOLDER).is_dir():
        yield from _noise(root, root / BACKGROUND_FOLDER)


def _word_folders(root: Path) -> Iterator[Recording]:
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        word = sys.intern(folder.name)
        if word == BACKGROUND_FOLDER or word.startswith("."):
            continue
        files = list(_audio_files(folder))
        if not files:
            log.warning("%s holds no audio files", folder)
        for file in files:
            path = file.relative_to(root)
            yield _clip(root, path, word, *_speaker(path))


def _listed(root: Path, clips: Sequence[ListedClip]) -> Iterator[Recording]:
    unlisted = {p.relative_to(root) for p in _audio_files(root)} - {c.path for c in clips}
    unlisted = {p for p in unlisted if p.parts[0] != BACKGROUND_FOLDER}
    if unlisted:
        log.warning(
            "%s: %d audio files are not in its table of clips and not used, such as %s",
            *(root, len(unlisted), min(unlisted)),
        )
    for clip in clips:
        speaker: tuple[str, KnownBy] = (clip.speaker, "list")
        if not clip.speaker:
            in_word_folder = clip.path.parts[0] == clip.word
            speaker = _speaker(clip.path if in_word_folder else Path(clip.path.name))
        yield _clip(root, clip.path, sys.intern(clip.word), *speaker)


def _speaker(path: Path) -> tuple[str, KnownBy]:
    """Return who speaks in `WORD/SPEAKER_nohash_N.wav` or `WORD/SPEAKER/N.wav`, and how that is known."""
    name, mark, _ = path.stem.partition(_NO_HASH)
    if mark and name:
        return name, "name"
    return (path.parts[1], "folder") if len(path.parts) > 2 else (path.stem, "file")


def _clip(root: Path, path: Path, word: str, speaker: str, known_by: KnownBy) -> Recording:
    split = speaker_split(speaker)
    where = sys.intern(str(root))
    return Recording(where, path.as_posix(), "word", word, sys.intern(speaker), known_by, split)


def _long_speech(root: Path) -> Iterator[Recording]:
    for file in _audio_files(root):
        path = file.relative_to(root)
        speaker, known_by = _talker(path)
        where, split = sys.intern(str(root)), two_way_split(speaker)
        yield Recording(where, path.as_posix(), "speech", "", sys.intern(speaker), known_by, split)


def _talker(path: Path) -> tuple[str, KnownBy]:
    """Return who speaks in a file of longer speech, and how that is known.

    Files in LibriSpeech's layout (SUBSET/84/121123/84-121123-0000), in that of VCTK and others are
    called after the speaker's folder, whatever lies above and below it. In other folders the
    topmost one is taken for the speaker.
    """
    name, mark, _ = path.stem.partition(_NO_HASH)
    if mark and name:
        return name, "name"
    folders = path.parts[:-1]
    if not folders:
        return path.stem, "file"
    namesakes = (f for f in folders if path.stem.startswith((f"{f}-", f"{f}_")))
    return next(namesakes, folders[0]), "folder"


def _noise(root: Path, folder: Path | None = None) -> Iterator[Recording]:
    for file in _audio_files(folder or root):
        path, where = file.relative_to(root).as_posix(), sys.intern(str(root))
        yield Recording(where, path, "noise", "", file.stem, "file", two_way_split(file.stem))
