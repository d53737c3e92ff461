"""Reading what streams are spliced from: folders of word clips, and background recordings."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from kws_live.errors import InputError
from kws_live.stages.activity import piece_rms
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

AUDIO_SUFFIXES = frozenset({".wav", ".flac", ".ogg"})
_JOIN_SAMPLES = SAMPLE_RATE_HZ // 50
_LONGEST_BACKGROUND_SAMPLES = 3 * 3600 * SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording of one word: `samples` float32 [n] at 16 kHz."""

    word: str
    samples: Float32Array


def read_mono(path: Path) -> Float32Array:
    """Return the audio file at `path` mixed down to one channel, as float32 [n] at 16 kHz.

    Raises:
        InputError: the file can't be read or holds no audio.
    """
    try:
        samples, rate_hz = soundfile.read(os.fsencode(path), dtype="float32", always_2d=True)
    except (OSError, soundfile.SoundFileError) as error:
        raise InputError(f"can't read {path} as audio: {error}") from error
    if not len(samples):
        raise InputError(f"{path} holds no audio")
    mono: Float32Array = samples.mean(axis=1)
    if rate_hz != SAMPLE_RATE_HZ:
        mono = soxr.resample(mono, rate_hz, SAMPLE_RATE_HZ)
    return mono


def find_clips(folder: Path) -> list[Path]:
    """Return the audio files `folder/word/*`, sorted, without those of sub-folders named `_…`.

    Raises:
        InputError: there are none.
    """
    found = [
        path
        for path in sorted(folder.glob("*/*"))
        if path.suffix.lower() in AUDIO_SUFFIXES and not path.parent.name.startswith("_")
    ]
    if not found:
        raise InputError(
            f"no clips in {folder}: put .wav, .flac or .ogg files in a folder per word"
        )
    return found


def read_clip(path: Path) -> Clip:
    """Return the clip at `path`; its folder's name is the word.

    Raises:
        InputError: the file can't be read or holds no audio.
    """
    return Clip(path.parent.name, read_mono(path))


def read_background(path: Path) -> Float32Array:
    """Return the recording at `path`, or all those anywhere in a folder, joined into one loop.

    Raises:
        InputError: a file can't be read, the folder holds no audio, or it is more than 3 h.
    """
    pieces: list[Float32Array] = []
    samples = 0
    for found in find_audio(path):
        pieces.append(read_mono(found))
        samples += len(pieces[-1])
        if samples > _LONGEST_BACKGROUND_SAMPLES:
            raise InputError(
                f"{path} holds more than {_LONGEST_BACKGROUND_SAMPLES // SAMPLE_RATE_HZ // 3600} h "
                "of background, which is kept in memory: give fewer recordings, or one channel of each"
            )
    return join_backgrounds(pieces)


def find_audio(path: Path) -> list[Path]:
    """Return `path` itself if it is no folder, else all audio files anywhere in it, sorted.

    Raises:
        InputError: the folder holds no audio.
    """
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not found:
        raise InputError(f"no background in {path}: put .wav, .flac or .ogg files there")
    return found


def background_rms(background: Float32Array) -> float:
    """Return the RMS over the 10 ms pieces that are not digital silence; 0.0 if all are."""
    pieces = piece_rms(background)
    pieces = pieces[pieces > 0.0]
    return float(np.sqrt(np.mean(np.square(pieces)))) if len(pieces) else 0.0


def join_backgrounds(pieces: Sequence[Float32Array]) -> Float32Array:
    """Return `pieces` (float32 [n] each) joined in order as a loop float32 [m], each at RMS 0.1.

    Neighbours, the last and the first among them, cross-fade over 20 ms at equal power: a hard edge
    would sound like an event. Pieces shorter than two cross-fades are left out; digital silence
    stays silent.
    """
    pieces = [piece for piece in pieces if len(piece) >= 2 * _JOIN_SAMPLES]
    fade = np.sin(np.linspace(0.0, np.pi / 2.0, _JOIN_SAMPLES, dtype=np.float32))
    loop = np.zeros(sum(len(piece) - _JOIN_SAMPLES for piece in pieces), dtype=np.float32)
    position = 0
    for piece in pieces:
        rms = background_rms(piece)
        faded = piece * np.float32(0.1 / rms if rms else 1.0)
        faded[:_JOIN_SAMPLES] *= fade
        faded[-_JOIN_SAMPLES:] *= fade[::-1]
        body = faded[:-_JOIN_SAMPLES]
        loop[position : position + len(body)] += body
        position = (position + len(body)) % len(loop)
        loop[position : position + _JOIN_SAMPLES] += faded[-_JOIN_SAMPLES:]
    return loop
