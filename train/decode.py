"""One audio file, of any rate, width and number of channels, decoded to 16 kHz int16."""

from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from kws_live.errors import InputError
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

from .windows import to_int16


def read_clip(path: Path) -> Int16Array:
    """Return a file's samples as int16 at 16 kHz, mixed down to one channel.

    What lies beyond full scale, as it may in files of floats, is clipped.

    Raises:
        InputError: The file cannot be decoded, or holds samples that are no numbers.
    """
    try:
        x, rate = sf.read(path, dtype="float32", always_2d=True)
    except (sf.LibsndfileError, OSError) as error:
        raise InputError(f"{path} cannot be read: {error}. Remove or repair the file") from error
    mono = x.mean(axis=1)
    if not np.isfinite(mono).all():
        raise InputError(
            f"{path} cannot be read: it holds samples that are no numbers. Remove or repair the file"
        )
    if rate != SAMPLE_RATE_HZ:
        mono = soxr.resample(mono, rate, SAMPLE_RATE_HZ)
    return to_int16(mono)
