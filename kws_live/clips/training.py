"""Reviewed clips in the layout of Speech Commands, which `kws-train --data` takes."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kws_live.clips.collection import Clip, ClipError, Fault, read_clip
from kws_live.clips.folder import AUDIO, encode_flac, make_private_folder, taken_s, write_private
from kws_live.errors import OutputError


@dataclass(frozen=True, slots=True)
class Exported:
    """How many clips are in the folder now, and which could not be read."""

    clips: int
    faults: tuple[Fault, ...]


def export(folder: Path, clips: Iterable[Clip], out: Path) -> Exported:
    """Bring `out` to hold the deciding window of each clip that was judged true or false.

    A true one goes to its keyword's folder; a false one to a folder that is no keyword, so that
    training takes it for another word, of those that resemble this one. A file whose verdict has
    changed since is moved.

    Args:
        folder: where the clips are.
        clips: all of them.
        out: made if there is none; files and folders are for their owner alone.

    Raises:
        OutputError: `out` can't be written.
    """
    count = 0
    faults = []
    for clip in clips:
        try:
            count += _export(folder, clip, out)
        except ClipError as error:
            faults.append(Fault(clip.name, str(error)))
        except OSError as error:
            raise OutputError(
                f"{out}: can't be written ({error.strerror}). The verdicts are kept; name another "
                "folder with --out, or free some space, and give the same command again."
            ) from error
    return Exported(count, tuple(faults))


def _export(folder: Path, clip: Clip, out: Path) -> bool:
    """Write the clip where it belongs, and delete it where it belonged; return whether there is a file."""
    info = clip.info
    if info.verdict is None or info.speaker is None:
        return False
    wanted = {"true": info.keyword, "false": other_word(info.keyword)}.get(info.verdict)
    for word in (info.keyword, other_word(info.keyword)):
        path = out / word / file_name(clip)
        if word != wanted:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        elif not path.exists():
            window = read_clip(folder, clip)[info.window_start_samples :]
            make_private_folder(path.parent)
            write_private(path, encode_flac(window))
    return wanted is not None


def other_word(keyword: str) -> str:
    """Return the folder of what was taken for a keyword and isn't it; no word is written so."""
    return f"_not_{keyword}_"


def file_name(clip: Clip) -> str:
    """Return SPEAKER_nohash_NUMBER.flac; the number is the clip's alone (its time in ms, then its event's)."""
    taken = taken_s(clip.name)
    assert taken is not None, "a name of ours"
    number = f"{round(taken * 1000)}{clip.info.seq % 1000:03d}"
    return f"{clip.info.speaker}_nohash_{number}{AUDIO}"
