"""Recordings that are there twice: the same samples, whatever the file's name and lossless format.

A copy of a validation clip among the training clips makes validation worthless for it, and a copy under
another speaker's name gets past the split by speaker.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from .corpus import Recording
from .split import Split

#: Of copies, the one is kept that training may know least of: nothing of what is held out may get
#: into training, or into validation, under another name.
_KEPT_FIRST: dict[Split, int] = {"testing": 0, "held_out": 1, "validation": 2, "training": 3}

Copy = tuple[Literal["duplicate", "contradiction"], int]


def find_copies(
    recordings: Sequence[Recording],
    labels: Sequence[str],
    digests: Sequence[bytes],
    usable: Sequence[bool],
) -> dict[int, Copy]:
    """Return which recordings are to be left out as copies of others, and of which.

    Of several copies one is kept: a test clip before what is held out, that before a clip of
    validation, that before one of training, else the first. Copies with different labels
    contradict each other, and all are left out.

    Args:
        recordings: In the order in which the first of several is kept.
        labels: For each, what it is said to hold.
        digests: For each, a hash of its samples.
        usable: For each, whether it is looked at.

    Returns:
        For each row to be left out the reason, and a row that it is a copy of.
    """
    groups: dict[tuple[str, bytes], list[int]] = defaultdict(list)
    for i, (recording, digest, use) in enumerate(zip(recordings, digests, usable, strict=True)):
        if use:
            groups[recording.kind, digest].append(i)
    found: dict[int, Copy] = {}
    for rows in groups.values():
        if len(rows) == 1:
            continue
        best = min(rows, key=lambda i: _KEPT_FIRST[recordings[i].split])
        contradict = len({labels[i] for i in rows}) > 1
        for i in rows:
            if contradict:
                other = next(j for j in rows if labels[j] != labels[i])
                found[i] = "contradiction", other
            elif i != best:
                found[i] = "duplicate", best
    return found
