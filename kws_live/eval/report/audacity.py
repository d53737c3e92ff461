"""Label tracks of what was detected, missed and false: open them in Audacity beside the recording, and listen."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from kws_live.errors import OutputError
from kws_live.eval.outcomes import Outcome
from kws_live.eval.tracks import Label, write_track
from kws_live.files import replacing

_SUFFIX = ".outcome.txt"


def track_labels(outcomes: Iterable[Outcome]) -> list[Label]:
    """Return a label for each outcome: "hit stop 0.93", "miss go 0.41 (heard no)", "false on 0.97 (said upon)"."""
    return [Label(one.start_s, one.end_s, _text(one)) for one in outcomes]


def _text(one: Outcome) -> str:
    score = "gate closed" if one.score is None else f"{one.score:.2f}"
    other = ""
    if one.other is not None:
        other = f" (heard {one.other})" if one.kind == "miss" else f" (said {one.other})"
    return f"{one.kind} {one.keyword} {score}{other}"


def track_paths(folder: Path, recordings: Sequence[Path]) -> list[Path]:
    """Return where each recording's track goes: its own name in `folder`, numbered where two are alike."""
    seen: dict[str, int] = {}
    paths = []
    for path in recordings:
        number = seen[path.stem] = seen.get(path.stem, 0) + 1
        paths.append(folder / f"{path.stem}{f'-{number}' if number > 1 else ''}{_SUFFIX}")
    return paths


def make_folder(folder: Path) -> None:
    """Make the folder of the tracks, if it is missing: before the work whose result it is to hold.

    Raises:
        OutputError: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't make the folder {folder}: {error.strerror}") from error


def write_tracks(paths: Sequence[Path], outcomes: Sequence[Sequence[Outcome]]) -> None:
    """Write each recording's track to its path.

    Raises:
        OutputError: writing fails.
    """
    for path, found in zip(paths, outcomes, strict=True):
        with replacing(path) as waiting:
            write_track(waiting, track_labels(found))
