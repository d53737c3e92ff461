"""One audio file, of any rate, width and number of channels, decoded to 16 kHz int16."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from kws_live.errors import InputError
from kws_live.stages.activity import PIECE_SAMPLES
from kws_live.types import SAMPLE_RATE_HZ, Float32Array, Int16Array

from .windows import to_int16

#: Decoded at once: hours of sound must not have to fit into memory.
BLOCK_FRAMES = 2**22


def read_blocks(path: Path) -> Iterator[Int16Array]:
    """Yield a file's samples as int16 at 16 kHz, mixed down to one channel, block by block.

    Every block but the last one holds whole pieces of 10 ms, so that levels may be measured block
    by block. What lies beyond full scale, as it may in files of floats, is clipped.

    Raises:
        InputError: The file cannot be decoded, or holds samples that are no numbers; blocks may
            have come before that is found.
    """
    try:
        # soundfile encodes names strictly, and not every file's name can be.
        with sf.SoundFile(os.fsencode(path)) as file:
            rest = np.zeros(0, np.int16)
            for x in _resampled(_mono(file, path), file.samplerate):
                rest = np.concatenate([rest, to_int16(x)])
                whole = len(rest) // PIECE_SAMPLES * PIECE_SAMPLES
                if whole:
                    yield rest[:whole]
                rest = rest[whole:]
            if len(rest):
                yield rest
    except sf.LibsndfileError as error:
        why = error.error_string.rstrip(".")
        raise InputError(f"{path} cannot be read: {why}. Remove or repair the file") from error


def _mono(file: sf.SoundFile, path: Path) -> Iterator[Float32Array]:
    while len(x := file.read(BLOCK_FRAMES, dtype="float32", always_2d=True)):
        mono: Float32Array = x.mean(axis=1)
        if not np.isfinite(mono).all():
            raise InputError(
                f"{path} cannot be read: it holds samples that are no numbers. Remove or repair the file"
            )
        yield mono


def _resampled(blocks: Iterator[Float32Array], rate_hz: int) -> Iterator[Float32Array]:
    if rate_hz == SAMPLE_RATE_HZ:
        yield from blocks
        return
    resampler = soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32")
    for x in blocks:
        yield resampler.resample_chunk(x)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)
