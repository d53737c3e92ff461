"""Which clip belongs to training, validation or test, decided by a hash of the speaker."""

import hashlib
import re
from typing import Literal

from .voices import SYNTHETIC_PREFIX

#: `held_out` is nobody's: a training speaker's clip of a word that is kept from training, and
#: noise of a kind that is left for tests.
Split = Literal["training", "validation", "testing", "held_out"]

#: The constant of the published Speech Commands split.
_MAX_FILES_PER_CLASS = 2**27 - 1
VALIDATION_PERCENT = 10.0
TESTING_PERCENT = 10.0


def speech_commands_split(file_name: str) -> Split:
    """Return the split that the Speech Commands README's `which_set` gives a file.

    Args:
        file_name: The clip's base name, such as `0a7c2a8d_nohash_0.wav`.
    """
    return speaker_split(re.sub(r"_nohash_.*$", "", file_name))


def speaker_split(speaker: str) -> Split:
    """Return the split that a speaker's word clips belong to.

    All clips of a speaker fall into the same split, whatever clips are added later. The method
    is the one published with Speech Commands: SHA-1 of the name, as a percentage. Synthetic voices
    (see `kws_train.voices`) always belong to training.
    """
    if speaker.startswith(SYNTHETIC_PREFIX):
        return "training"
    percent = hash_percent(speaker)
    if percent < VALIDATION_PERCENT:
        return "validation"
    return "testing" if percent < VALIDATION_PERCENT + TESTING_PERCENT else "training"


def two_way_split(name: str) -> Split:
    """Return validation for a tenth of all names and training for the rest.

    For recordings without an official split: noise (by its own name) and long speech (by its
    speaker).
    """
    return "validation" if hash_percent(name) < VALIDATION_PERCENT else "training"


def hash_percent(name: str) -> float:
    """Return a number from 0 to 100 that only the name decides, as Speech Commands draws it."""
    # Bytes of a file's name that are no UTF-8 reach us as surrogates, and go back to what they were.
    digest = hashlib.sha1(name.encode(errors="surrogateescape")).hexdigest()
    return (int(digest, 16) % (_MAX_FILES_PER_CLASS + 1)) * (100.0 / _MAX_FILES_PER_CLASS)
