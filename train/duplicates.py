"""Recordings that are there twice, in whatever format and under whatever name.

A copy of a validation clip among the training clips makes validation worthless for it, and a copy under
another speaker's name gets past the split by speaker.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from .corpus import Recording
from .split import Split

#: Of copies, the one is kept that is used where nothing may leak from training.
_KEPT_FIRST: dict[Split, int] = {"testing": 0, "validation": 1, "training": 2, "held_out": 3}

Copy = tuple[Literal["duplicate", "contradiction"], int]


def find_copies(
    recordings: Sequence[Recording], digests: Sequence[bytes], usable: Sequence[bool]
) -> dict[int, Copy]:
    """Return which recordings are to be left out as copies of others, and of which.

    Of several copies one is kept: a test clip before one of validation, that before one of
    training, else the first. Copies said to be of different words contradict each other, and all
    are left out.

    Args:
        recordings: In the order in which the first of several is kept.
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
        words = {recordings[i].word for i in rows}
        for i in rows:
            if len(words) > 1:
                other = next(j for j in rows if recordings[j].word != recordings[i].word)
                found[i] = "contradiction", other
            elif i != best:
                found[i] = "duplicate", best
    return found
