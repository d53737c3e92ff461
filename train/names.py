"""What a recording is called where people read of it: in the manifest, in lists of mistakes, in a report."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from .corpus import Recording


def names_of(recordings: Sequence[Recording]) -> list[str]:
    """Return for each recording of a corpus a name that says in which of its folders it lies.

    The path in the folder is enough where one folder holds all of its kind. Else as much of the
    folder's own path stands before it as tells the folders of that kind apart: mostly its name.
    """
    ends = {
        kind: _distinct_ends({r.root for r in recordings if r.kind == kind})
        for kind in {r.kind for r in recordings}
    }
    return [f"{ends[r.kind][r.root]}{r.path}" for r in recordings]


def _distinct_ends(roots: Iterable[str]) -> dict[str, str]:
    """Return for each folder the shortest end of its path that no other ends with, `/` behind it."""
    parts = {root: Path(root).absolute().parts for root in roots}
    folders = set(parts.values())
    length = 0
    while len({_last(p, length) for p in folders}) < len(folders):
        length += 1
    return {root: "".join(f"{part}/" for part in _last(p, length)) for root, p in parts.items()}


def _last(parts: tuple[str, ...], length: int) -> tuple[str, ...]:
    return parts[-length:] if length else ()
