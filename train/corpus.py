"""Finding the recordings of a run: word clips, longer speech and noise, and their splits."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kws_live.errors import InputError
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

from .split import Split, speech_commands_split, two_way_split

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg"})
BACKGROUND_FOLDER = "_background_noise_"

Kind = Literal["word", "speech", "noise"]


@dataclass(frozen=True, order=True)
class Recording:
    """One audio file of a corpus.

    Attributes:
        root: The folder given on the command line.
        path: The file, relative to `root`, with forward slashes.
        kind: A clip of one word, longer speech without keywords, or noise.
        word: The folder's name for words, else empty.
        speaker: Who speaks, as far as the layout tells; for noise the recording's name.
        split: Where it may be used.
    """

    root: str
    path: str
    kind: Kind
    word: str
    speaker: str
    split: Split

    @property
    def file(self) -> Path:
        """The file to open."""
        return Path(self.root) / self.path


def find_recordings(
    data: Sequence[Path], speech: Sequence[Path] = (), noise: Sequence[Path] = ()
) -> list[Recording]:
    """Return all recordings of the given folders, sorted, each with its split.

    Args:
        data: Folders in the Speech Commands layout, `_background_noise_` included.
        speech: Folders of longer speech that holds no keyword; searched recursively.
        noise: Folders of noise; searched recursively.

    Raises:
        InputError: A folder is missing or holds nothing of what it should.
    """
    found: list[Recording] = []
    for root, finder, wanted in (
        *((r, _words, "WORD/SPEAKER_nohash_N.wav (or .flac, .ogg)") for r in data),
        *((r, _long_speech, "audio files (.wav, .flac, .ogg)") for r in speech),
        *((r, _noise, "audio files (.wav, .flac, .ogg)") for r in noise),
    ):
        if not root.is_dir():
            raise InputError(f"{root}: no such folder; give a folder that holds {wanted}")
        recordings = list(finder(root))
        if not recordings:
            raise InputError(f"{root}: no recordings found; it should hold {wanted}")
        found += recordings
    return sorted(found)


def label_of(word: str, keywords: Sequence[str]) -> str:
    """Return the label of a word folder: the word if it is a keyword, else `_unknown_`."""
    return word if word in keywords or word == SILENCE_LABEL else UNKNOWN_LABEL


def manifest_hash(recordings: Sequence[Recording]) -> str:
    """Return a hash that changes when a file is added, removed, renamed, resized or rewritten."""
    digest = hashlib.sha256()
    for r in recordings:
        stat = r.file.stat()
        row = [r.root, r.path, r.kind, stat.st_size, stat.st_mtime_ns]
        digest.update(json.dumps(row).encode())
    return digest.hexdigest()[:16]


def _audio_files(folder: Path) -> Iterator[Path]:
    yield from sorted(p for p in folder.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)


def _words(root: Path) -> Iterator[Recording]:
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        if folder.name == BACKGROUND_FOLDER:
            yield from _noise(root, folder)
            continue
        for file in _audio_files(folder):
            speaker = re.sub(r"_nohash_.*$", "", file.stem)
            split = speech_commands_split(file.name)
            path = file.relative_to(root).as_posix()
            yield Recording(str(root), path, "word", folder.name, speaker, split)


def _long_speech(root: Path) -> Iterator[Recording]:
    for file in _audio_files(root):
        # In nested folders (LibriSpeech and alike) the parent is the speaker or below it.
        path = file.relative_to(root)
        speaker = path.parts[0] if len(path.parts) > 1 else file.stem
        yield Recording(str(root), path.as_posix(), "speech", "", speaker, two_way_split(speaker))


def _noise(root: Path, folder: Path | None = None) -> Iterator[Recording]:
    for file in _audio_files(folder or root):
        path = file.relative_to(root).as_posix()
        yield Recording(str(root), path, "noise", "", file.stem, two_way_split(file.stem))
