"""Choosing the clips that a stream is spliced from: which words, which speakers, which list.

A folder holds a folder per word, and that holds clips or a folder per speaker.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kws_live.errors import InputError, did_you_mean
from kws_live.eval.clips import AUDIO_SUFFIXES

_NO_HASH = "_nohash_"


@dataclass(frozen=True, slots=True)
class WordClip:
    """A file in which one word is said.

    Attributes:
        path: the audio.
        word: what is said.
        speaker: who says it, by the file's name if it is one of Speech Commands
            (`SPEAKER_nohash_N`), else by the folder between word and file; None if neither tells.
    """

    path: Path
    word: str
    speaker: str | None


def find_word_clips(folder: Path) -> list[WordClip]:
    """Return the clips `folder/WORD/*` and `folder/WORD/SPEAKER/*`, ordered by path.

    Folders of words that begin with `_` (background noise, say) are left out.

    Raises:
        InputError: there are none.
    """
    found = [
        _word_clip(path, path.relative_to(folder).parts)
        for path in sorted([*folder.glob("*/*"), *folder.glob("*/*/*")])
        if path.suffix.lower() in AUDIO_SUFFIXES
    ]
    clips = [clip for clip in found if not clip.word.startswith("_")]
    if not clips:
        raise InputError(
            f"no clips in {folder}: put .wav, .flac or .ogg files in a folder per word"
        )
    return clips


def only_listed(clips: Sequence[WordClip], folder: Path, list_path: Path) -> list[WordClip]:
    """Return those of `clips` that the file at `list_path` names, in their order.

    It names one clip a line, relative to `folder`, as `validation_list.txt` of Speech Commands
    does. Endings don't count, so that a converted corpus is found.

    Raises:
        InputError: the list can't be read, or names none of the clips.
    """
    try:
        lines = list_path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the list of clips {list_path}: {error}") from error
    listed = {Path(line.strip()).with_suffix("") for line in lines if line.strip()}
    kept = [clip for clip in clips if clip.path.relative_to(folder).with_suffix("") in listed]
    if not kept:
        raise InputError(
            f"{list_path} names no clip of {folder}: a line is WORD/FILE, relative to that folder"
        )
    return kept


def parted(
    clips: Sequence[WordClip], keywords: Sequence[str]
) -> tuple[list[WordClip], list[WordClip]]:
    """Return the clips of `keywords` and the others, each in their order.

    Raises:
        InputError: a keyword has no clip.
    """
    words = {clip.word for clip in clips}
    for keyword in keywords:
        if keyword not in words:
            raise InputError(
                f"no clip of {keyword!r}.{did_you_mean(keyword, words)} There are clips of "
                f"{', '.join(sorted(words))}"
            )
    return (
        [clip for clip in clips if clip.word in keywords],
        [clip for clip in clips if clip.word not in keywords],
    )


def _word_clip(path: Path, parts: tuple[str, ...]) -> WordClip:
    speaker, mark, _ = path.name.partition(_NO_HASH)
    if mark and speaker:
        return WordClip(path, parts[0], speaker)
    return WordClip(path, parts[0], parts[1] if len(parts) == 3 else None)
