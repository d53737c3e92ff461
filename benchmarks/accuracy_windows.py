"""Labelled windows of one second: a folder of test clips, as the model is given them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kws_live.eval.clip_runs import centred_window, clip_samples, find_all_clips
from kws_live.eval.word_clips import WordClip
from kws_live.types import UNKNOWN_LABEL, Float32Array, Int16Array

Integers = npt.NDArray[np.int64]

_NO_HASH = "_nohash_"


@dataclass(frozen=True)
class Windows:
    """What a model is judged on in one condition.

    Attributes:
        samples: int16 [n, window].
        targets: int64 [n], the label of each, as an index of the model's labels.
        clusters: what windows share, by kind (speaker, room, …): for each window the name of its own.
            Windows that share something are right and wrong together, so intervals are drawn over these.
        groups: for each window the part of the condition that has figures of its own; empty where
            there are no parts.
    """

    samples: Int16Array
    targets: Integers
    clusters: Mapping[str, Sequence[str]]
    groups: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.targets)


def find_test_clips(folder: Path) -> list[WordClip]:
    """Return the clips of a test folder: `CLASS/clip`, `_unknown_` and `_silence_` among the classes.

    Raises:
        InputError: there are none.
    """
    return sorted(find_all_clips(folder), key=lambda clip: clip.path)


def read_windows(clips: Sequence[WordClip], labels: Sequence[str], window_samples: int) -> Windows:
    """Return each clip as a window: its middle, or all of it between zeros.

    Args:
        clips: a folder's name that is no label stands for `_unknown_`.
        labels: the model's.
        window_samples: the model's.

    Raises:
        InputError: a clip can't be read.
    """
    named = [clip.word if clip.word in labels else UNKNOWN_LABEL for clip in clips]
    return Windows(
        np.stack([centred_window(clip_samples(clip.path), window_samples) for clip in clips]),
        np.array([labels.index(name) for name in named], dtype=np.int64),
        {"speaker": [speaker_of(clip) for clip in clips]},
    )


def speaker_of(clip: WordClip) -> str:
    """Return who speaks, by the file's name; where it doesn't tell, nobody else does.

    Speech Commands names a clip SPEAKER_nohash_N, and WORD_SPEAKER_nohash_N in the folder of
    unknown words of its test set.
    """
    named, mark, _ = clip.path.name.partition(_NO_HASH)
    if mark and clip.word == UNKNOWN_LABEL:
        named = named.rpartition("_")[2]
    return named if mark else f"{clip.path.parent.name}/{clip.path.name}"


def known_speakers(windows: Windows) -> int:
    """Return how many speakers the names of the clips tell."""
    return len({name for name in windows.clusters["speaker"] if "/" not in name})


def sha256_of(folder: Path, clips: Sequence[WordClip]) -> str:
    """Return a hash of the clips' names and contents, hex: the same clips give the same figures."""
    digest = hashlib.sha256()
    for clip in clips:
        digest.update(clip.path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(clip.path.read_bytes()).digest())
    return digest.hexdigest()


def to_float(samples: Int16Array) -> Float32Array:
    """Return int16 of any shape as float32 in [-1, 1)."""
    return samples.astype(np.float32) / np.float32(32_768)


def to_int16(samples: Float32Array) -> Int16Array:
    """Return float32 of any shape as int16, rounded, clipped at full scale as a converter does."""
    scaled = np.rint(samples * np.float32(32_768))
    rounded: Int16Array = np.clip(scaled, -32_768, 32_767).astype(np.int16)
    return rounded
