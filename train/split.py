"""Which clip belongs to training, validation or test, decided by a hash of the speaker."""

import hashlib
import re
from typing import Literal

from .voices import SYNTHETIC_PREFIX

Split = Literal["training", "validation", "testing"]

#: The constant of the published Speech Commands split.
_MAX_FILES_PER_CLASS = 2**27 - 1
VALIDATION_PERCENT = 10.0
TESTING_PERCENT = 10.0


def speech_commands_split(file_name: str) -> Split:
    """Return the split that the Speech Commands README's `which_set` gives a file.

    All clips of a speaker fall into the same split, whatever clips are added later. The method
    is the published one: SHA-1 of the name before `_nohash_`, as a percentage. Synthetic voices
    (see `kws_train.voices`) always belong to training.

    Args:
        file_name: The clip's base name, such as `0a7c2a8d_nohash_0.wav`.
    """
    speaker = re.sub(r"_nohash_.*$", "", file_name)
    if speaker.startswith(SYNTHETIC_PREFIX):
        return "training"
    percent = _percent(speaker)
    if percent < VALIDATION_PERCENT:
        return "validation"
    return "testing" if percent < VALIDATION_PERCENT + TESTING_PERCENT else "training"


def two_way_split(name: str) -> Split:
    """Return validation for a tenth of all names and training for the rest.

    For recordings without an official split: noise (by its own name) and long speech (by its
    speaker's folder).
    """
    return "validation" if _percent(name) < VALIDATION_PERCENT else "training"


def _percent(name: str) -> float:
    digest = hashlib.sha1(name.encode()).hexdigest()
    return (int(digest, 16) % (_MAX_FILES_PER_CLASS + 1)) * (100.0 / _MAX_FILES_PER_CLASS)
