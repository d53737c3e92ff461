"""What the user gives to tune on: background recordings, and clips of the keywords, found and checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from kws_live.errors import InputError
from kws_live.eval.clips import find_audio, read_mono
from kws_live.eval.crossfit import halves
from kws_live.eval.mixing import active_rms
from kws_live.eval.recordings import check_whole
from kws_live.eval.tracks import Label, read_track
from kws_live.eval.word_clips import WordClip, find_word_clips
from kws_live.stages.activity import active_extent
from kws_live.tune.words import SpokenWord, write_words
from kws_live.types import SAMPLE_RATE_HZ

SHORTEST_BACKGROUND_S = 10.0
_NAMES_SHOWN = 3

Labelled = tuple[Path, tuple[Label, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """The clips of the keywords, joined to recordings that the daemon could have heard.

    Attributes:
        recordings: none, one, or two with other speakers (other clips, where nobody is named) each.
        counts: clips of each keyword that was looked for.
        speakers: how many are named.
        left_out: silent clips.
        ignored: folders of words that aren't looked for.
    """

    recordings: tuple[Labelled, ...]
    counts: dict[str, int]
    speakers: int
    left_out: tuple[Path, ...]
    ignored: tuple[str, ...]


def find_background(places: Sequence[Path]) -> list[Labelled]:
    """Return the recordings at `places`, files and folders, each with the labels beside it, if any.

    Raises:
        InputError: one is missing, unreadable, cut off or given twice, or they are too short in all.
    """
    found: dict[Path, Labelled] = {}
    duration_s = 0.0
    for path in (path for place in places for path in find_audio(place)):
        if path.resolve() in found:
            raise InputError(
                f"the background {path} is given twice: its false accepts would count twice"
            )
        track = path.with_suffix(".txt")
        found[path.resolve()] = (path, tuple(read_track(track)) if track.exists() else ())
        duration_s += _duration_s(path)
    if duration_s < SHORTEST_BACKGROUND_S:
        raise InputError(
            f"the background is {duration_s:.1f} s long: nothing can be said of an hour by it. Record "
            "your room for as long as you can; an hour bounds false accepts at 3 per hour"
        )
    return list(found.values())


def prepare_words(folder: Path, keywords: Sequence[str], out: Path) -> Words:
    """Read the clips of `keywords` in `folder`, a folder per word, and write them to `out` as recordings.

    Raises:
        InputError: there is no clip of any of them, or one can't be read.
        OutputError: `out` can't be written.
    """
    clips = find_word_clips(folder)
    wanted = [clip for clip in clips if clip.word in keywords]
    ignored = sorted({clip.word for clip in clips} - set(keywords))
    if not wanted:
        raise InputError(
            f"{folder} has no clips of {', '.join(keywords)}, only of {', '.join(ignored)}. The "
            "folder of a word has to be named as the model names it"
        )
    said: list[tuple[str, SpokenWord]] = []
    silent: list[Path] = []
    for clip in wanted:
        word = _read(clip)
        if word is None:
            silent.append(clip.path)
        else:
            said.append((clip.speaker or str(clip.path), word))
    if not said:
        raise InputError(
            f"all {len(silent)} clips in {folder} are silent, {silent[0]} for one. Was the microphone "
            "muted? Record them again"
        )
    weights: dict[str, float] = {}
    for group, _ in said:
        weights[group] = weights.get(group, 0.0) + 1.0
    parts = halves(weights) if len(weights) > 1 else (frozenset(weights),)
    recordings = tuple(
        write_words([word for group, word in said if group in part], out / f"words-{index}.wav")
        for index, part in enumerate(parts, start=1)
    )
    counts = dict.fromkeys(keywords, 0)
    for _, word in said:
        counts[word.text] += 1
    speakers = {clip.speaker for clip in wanted} - {None}
    return Words(recordings, counts, len(speakers), tuple(silent), tuple(ignored))


def notes_on(words: Words) -> list[str]:
    """Return what the user should know of the clips."""
    notes = []
    if words.left_out:
        names = ", ".join(str(path) for path in words.left_out[:_NAMES_SHOWN])
        more = len(words.left_out) - _NAMES_SHOWN
        notes.append(
            f"{len(words.left_out)} silent clips were left out: {names}"
            + (f" and {more} more" if more > 0 else "")
        )
    if words.ignored:
        notes.append(f"clips of other words were not used: {', '.join(words.ignored)}")
    missing = [keyword for keyword, count in words.counts.items() if not count]
    if missing:
        notes.append(f"no clips of {', '.join(missing)}: how often that is missed isn't known")
    return notes


def _duration_s(path: Path) -> float:
    try:
        duration_s = float(soundfile.info(path).duration)
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"can't read the background {path} as audio: {error}") from error
    check_whole(path)
    return duration_s


def _read(clip: WordClip) -> SpokenWord | None:
    """Return the word in a clip: where a track beside it says, else its active part; None if silent."""
    samples = read_mono(clip.path)
    if active_rms(samples) == 0.0:
        return None
    track = clip.path.with_suffix(".txt")
    if track.exists():
        for label in read_track(track):
            if label.word == clip.word and not label.uncertain:
                return SpokenWord(clip.word, samples, label.start_s, label.end_s)
    start, end = active_extent(samples)
    return SpokenWord(clip.word, samples, start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)
