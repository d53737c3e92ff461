"""The worst errors as audio to listen to, small enough to be part of a page."""

import base64
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import soundfile
import soxr

from kws_live.errors import InputError
from kws_live.eval.outcomes import Outcome
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

BEFORE_S, AFTER_S, LONGEST_S = 0.7, 0.5, 4.0
A_LIST = 12
"""How many errors of a kind are shown at most."""
BUDGET_BYTES = 6_000_000
"""What all of a page's audio may take; past it errors are listed without a player."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An error to listen to.

    Attributes:
        path: the recording that it is in.
        outcome: the error.
        flac: the audio around it as base64; None where the page holds too much audio already.
    """

    path: Path
    outcome: Outcome
    flac: str | None


@dataclass(frozen=True, slots=True)
class Listening:
    """The worst errors of each kind, the worst first.

    Attributes:
        clearly_missed: misses with the lowest scores.
        nearly_heard: misses with the highest scores, none of which is in `clearly_missed`.
        false_accepts: those with the highest scores.
        left_out: how many have no player, for lack of room.
    """

    clearly_missed: Sequence[Heard]
    nearly_heard: Sequence[Heard]
    false_accepts: Sequence[Heard]
    left_out: int


Found = tuple[Path, Outcome]


def worst_errors(found: Iterable[Found], *, budget_bytes: int = BUDGET_BYTES) -> Listening:
    """Return the worst of the outcomes, each with the audio around it.

    Args:
        found: recordings' paths, each with one outcome.
        budget_bytes: what the audio may take in all.

    Raises:
        InputError: a recording can't be read any more.
    """
    found = list(found)
    misses = sorted((one for one in found if one[1].kind == "miss"), key=_score)
    lowest = misses[:A_LIST]
    highest = misses[len(lowest) :][::-1][:A_LIST]
    false = sorted((one for one in found if one[1].kind == "false"), key=_score)[::-1][:A_LIST]
    left_bytes, left_out = budget_bytes, 0
    cut: list[list[Heard]] = []
    for group in (lowest, highest, false):
        heard = []
        for path, outcome in group:
            flac = base64.b64encode(_flac(path, outcome)).decode("ascii")
            fits = len(flac) <= left_bytes
            left_bytes -= len(flac) if fits else 0
            left_out += not fits
            heard.append(Heard(path, outcome, flac if fits else None))
        cut.append(heard)
    return Listening(cut[0], cut[1], cut[2], left_out)


def _score(found: Found) -> float:
    score = found[1].score
    return -1.0 if score is None else score


def _flac(path: Path, outcome: Outcome) -> bytes:
    """Return the audio around an outcome, as FLAC at 16 kHz."""
    start_s = max(0.0, outcome.start_s - BEFORE_S)
    samples = _read(path, start_s, min(outcome.end_s + AFTER_S - start_s, LONGEST_S))
    file = io.BytesIO()
    soundfile.write(file, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _read(path: Path, start_s: float, length_s: float) -> Float32Array:
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            rate_hz = file.samplerate
            file.seek(round(start_s * rate_hz))
            samples = file.read(round(length_s * rate_hz), dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"can't read {path} any more: {error}") from error
    mono: Float32Array = samples.mean(axis=1)
    return mono if rate_hz == SAMPLE_RATE_HZ else soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ)
