"""Long recordings and the label tracks that belong to them: what an evaluation is given, found and checked.

A recording's track is the file of the same name that ends in `.txt`, beside it or in a folder of tracks.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile

from kws_live.errors import InputError
from kws_live.eval.clips import AUDIO_SUFFIXES
from kws_live.eval.tracks import Label, read_track
from kws_live.sources.completeness import missing
from kws_live.sources.files import UNKNOWN_FRAMES, FileSource

TRACK_SUFFIX = ".txt"


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording to evaluate on.

    Attributes:
        path: the audio.
        track: its label track.
        labels: what the track says.
        duration_s: its length; None where its header doesn't tell.
    """

    path: Path
    track: Path
    labels: tuple[Label, ...]
    duration_s: float | None


def find_recordings(
    audio: Sequence[Path], tracks: Sequence[Path], keywords: Iterable[str]
) -> list[Recording]:
    """Return the recordings named by `audio`, each with its labels, after opening every file once.

    Labels that differ from a keyword only in capital letters are taken for that keyword.

    Args:
        audio: files, and folders that stand for every audio file in them (not in their sub-folders).
        tracks: none, for the one beside each recording; a single folder that holds them all; or as
            many as `audio`, in the same order, where a folder of recordings takes a folder of tracks.
        keywords: the model's.

    Raises:
        InputError: a file is missing, can't be read or is there twice; a recording is cut
            off, or has no track, or one that goes on after its end.
    """
    pairs = [
        (path, track)
        for place, given in zip(audio, _tracks_for(audio, tracks), strict=True)
        for path, track in _pairs(place, given)
    ]
    seen: dict[Path, Path] = {}
    for path, _ in pairs:
        if (known := seen.setdefault(path.resolve(), path)) is not path:
            raise InputError(f"{known} is given twice and would be counted twice: name it once")
    return [_read(path, track, list(keywords)) for path, track in pairs]


def check_whole(path: Path) -> None:
    """Find out now, not after hours of work, that a recording is cut off, as its header and its last sample tell.

    A damaged spot before its end shows only when all of it is decoded. Of MP3 files nothing is told: theirs is
    no exact length.

    Args:
        path: an audio file that was opened before.

    Raises:
        InputError: it is cut off, or can't be read.
    """
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            frames, rate_hz = file.frames, file.samplerate
            if frames >= UNKNOWN_FRAMES or file.format == "MP3":
                return
            try:
                file.seek(frames - 1)
                ends = len(file.read(1)) == 1
            except soundfile.LibsndfileError:
                ends = False
        reason = missing(path, frames, frames, rate_hz)
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"can't read {path}: {error}") from error
    if not ends:
        reason = f"its header promises {frames / rate_hz:.2f} s, whose end can't be read"
    if reason:
        raise InputError(
            f"{path}: the file is cut off: {reason}. Fetch or record it again, or cut what is good out of it"
        )


def _tracks_for(audio: Sequence[Path], tracks: Sequence[Path]) -> Sequence[Path | None]:
    if not tracks:
        return [None] * len(audio)
    if len(tracks) == 1 and tracks[0].is_dir():
        return [tracks[0]] * len(audio)
    if len(tracks) != len(audio):
        raise InputError(
            f"{len(audio)} recordings and {len(tracks)} label tracks are given: name a track for "
            "each recording, in the same order, or one folder that holds them all"
        )
    return tracks


def _pairs(place: Path, given: Path | None) -> list[tuple[Path, Path]]:
    """Return (recording, track) for a file or a folder; `given` is None, a track or a folder of tracks."""
    if not place.is_dir():
        if given is None:
            return [(place, place.with_suffix(TRACK_SUFFIX))]
        return [(place, given / f"{place.stem}{TRACK_SUFFIX}" if given.is_dir() else given)]
    try:
        found = sorted(path for path in place.iterdir() if path.suffix.lower() in AUDIO_SUFFIXES)
    except OSError as error:
        raise InputError(f"can't read the folder {place}: {error.strerror}") from error
    if not found:
        raise InputError(
            f"no recording in {place}: it has to hold {', '.join(sorted(AUDIO_SUFFIXES))} files"
        )
    if given is not None and not given.is_dir():
        raise InputError(
            f"{place} is a folder of recordings and {given} a single label track: give a folder of "
            "tracks"
        )
    folder = place if given is None else given
    return [(path, folder / f"{path.stem}{TRACK_SUFFIX}") for path in found]


def _read(path: Path, track: Path, keywords: Sequence[str]) -> Recording:
    if not path.exists():
        raise InputError(f"there is no {path}: name recordings (WAV, FLAC, OGG) or folders of them")
    duration_s = FileSource(path, block_frames=1).duration_s
    check_whole(path)
    if not track.exists():
        raise InputError(
            f"{path} has no label track: there is no {track}. Label its words in Audacity and export "
            "the labels there; if none of the words is said in it, make an empty file of that name"
        )
    spelling = {keyword.casefold(): keyword for keyword in keywords}
    labels = tuple(_spelled(label, spelling) for label in read_track(track))
    if duration_s is not None:
        late = next((label for label in labels if label.start_s >= duration_s), None)
        if late is not None:
            raise InputError(
                f"{track} has a label {late.text!r} at {late.start_s:.1f} s, and {path} ends at "
                f"{duration_s:.1f} s: is it the track of another recording?"
            )
    return Recording(path, track, labels, duration_s)


def _spelled(label: Label, spelling: dict[str, str]) -> Label:
    keyword = spelling.get(label.word.casefold(), label.word)
    if keyword == label.word:
        return label
    return Label(label.start_s, label.end_s, label.text.replace(label.word, keyword, 1))
