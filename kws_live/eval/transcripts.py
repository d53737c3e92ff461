"""Transcribed speech as background: where a transcript may hold a keyword, and where it can't.

Two layouts are read: LibriSpeech's (`*.trans.txt` beside the audio, a line an utterance: its name,
then its words) and a table (tab-separated, with a header that names the columns `file`, `text` and
perhaps `speaker`; files relative to the table, or to the folder beside it that has its name).

A transcript says which words an utterance holds, not when. So a keyword in it, or a word that
sounds the same, makes the whole utterance uncertain for that keyword and for no other; a longer
word that contains a keyword (`known`, `upon`) is not the keyword.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kws_live.errors import InputError
from kws_live.eval.clips import AUDIO_SUFFIXES

HOMOPHONES: tuple[frozenset[str], ...] = tuple(
    frozenset(group.split())
    for group in (
        "ate eight",
        "aye eye i",
        "blew blue",
        "buy by bye",
        "dew due",
        "for fore four",
        "heal heel",
        "hear here",
        "hey hay",
        "hi high",
        "knew new",
        "know no",
        "mail male",
        "one won",
        "paws pause",
        "peace piece",
        "plain plane",
        "read red",
        "right rite write wright",
        "road rode",
        "sea see",
        "to too two",
        "wait weight",
        "weak week",
        "whoa woe",
    )
)
"""Words that sound alike in most accents of English. `of` is not `off`, which has another consonant."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_TRANSCRIPTS = "*.trans.txt"


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording of one or a few sentences.

    Attributes:
        path: the audio.
        text: what is said, without its times.
        speaker: who says it; None if that is not known.
    """

    path: Path
    text: str
    speaker: str | None


def sounds_like(word: str) -> frozenset[str]:
    """Return the words, in small letters, that can't be told from `word` by ear, itself among them."""
    word = word.lower()
    return frozenset({word}).union(*(group for group in HOMOPHONES if word in group))


def keywords_in(text: str, keywords: Iterable[str]) -> list[str]:
    """Return those of `keywords` that `text` holds or seems to hold by ear, in their order.

    Case doesn't matter, and an underscore in a keyword stands for the space in a phrase.
    """
    spoken = " " + " ".join(_WORD.findall(text.lower().replace("’", "'"))) + " "
    return [
        keyword
        for keyword in keywords
        if any(f" {alike} " in spoken for alike in sounds_like(keyword.replace("_", " ")))
    ]


def read_transcripts(path: Path) -> list[Utterance]:
    """Return the utterances of a table (a file) or of a LibriSpeech folder, ordered by audio path.

    Raises:
        InputError: nothing there, a file or column is missing, or a line can't be understood.
    """
    utterances = _read_librispeech(path) if path.is_dir() else _read_table(path)
    if not utterances:
        raise InputError(f"{path} names no utterance")
    return sorted(utterances, key=lambda utterance: utterance.path)


def _read_table(path: Path) -> list[Utterance]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"can't read the table of transcripts {path}: {error}") from error
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = {"file", "text"} - set(reader.fieldnames or ())
    if missing:
        raise InputError(
            f"{path} has no column {' and no column '.join(sorted(missing))}: its first line must "
            "name the columns, separated by tabs: file, text and, if known, speaker"
        )
    utterances = []
    for row in reader:
        name, text = row["file"], row["text"]
        if not name or text is None:
            raise InputError(f"{path}, line {reader.line_num}: the file or the text is missing")
        audio = path.parent / name
        if not audio.is_file():
            audio = path.parent / path.stem / name
        if not audio.is_file():
            raise InputError(
                f"{path}, line {reader.line_num}: no file {name} in {path.parent} or in "
                f"{path.parent / path.stem}"
            )
        utterances.append(Utterance(audio, text, row.get("speaker") or None))
    return utterances


def _read_librispeech(folder: Path) -> list[Utterance]:
    utterances = []
    for transcript in sorted(folder.rglob(_TRANSCRIPTS)):
        try:
            lines = transcript.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"can't read {transcript}: {error}") from error
        for line in lines:
            name, _, text = line.strip().partition(" ")
            if name:
                utterances.append(Utterance(_audio(transcript, name), text, name.split("-")[0]))
    if not utterances:
        raise InputError(
            f"no {_TRANSCRIPTS} in {folder}: give a folder of LibriSpeech or a table of transcripts"
        )
    return utterances


def _audio(transcript: Path, name: str) -> Path:
    for suffix in sorted(AUDIO_SUFFIXES):
        path = transcript.with_name(name + suffix)
        if path.is_file():
            return path
    raise InputError(f"{transcript} names {name}, but there is no audio of that name beside it")
