"""A made corpus of any size: tones in place of words, for benchmarks of training that need no recordings."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from kws_train.fit import Corpora  # type: ignore[import-untyped]

from kws_live.types import SAMPLE_RATE_HZ, Float32Array

OTHER_WORDS = 4
CLIPS_OF_A_SPEAKER = 4
SPEECH, NOISE, LONG_S = 20, 12, 10


def write_corpus(root: Path, keywords: Sequence[str], clips: int) -> Corpora:
    """Write word clips of a second, ten seconds of longer speech or noise in each of some files, and return them.

    No two files are alike. Each speaker says four words; their names are as in Speech Commands.
    """
    rng = np.random.default_rng(clips)
    words = [*keywords, *(f"other{i}" for i in range(OTHER_WORDS))]
    for word in words:
        (root / "words" / word).mkdir(parents=True)
    for n in range(clips):
        speaker, word = n // CLIPS_OF_A_SPEAKER, words[n % len(words)]
        path = root / "words" / word / f"{speaker:08x}_nohash_{n}.wav"
        soundfile.write(path, _tone(1.0, 300.0 + 150.0 * (n % len(words)), rng), SAMPLE_RATE_HZ)
    for n in range(SPEECH):
        (root / "speech" / f"s{n}").mkdir(parents=True)
        talk = np.concatenate([_tone(1.0, rng.uniform(200, 2000), rng) for _ in range(LONG_S)])
        soundfile.write(root / "speech" / f"s{n}" / "1.wav", talk, SAMPLE_RATE_HZ)
    (root / "noise").mkdir()
    for n in range(NOISE):
        hiss = 0.05 * rng.standard_normal(LONG_S * SAMPLE_RATE_HZ)
        soundfile.write(root / "noise" / f"{n}.wav", hiss, SAMPLE_RATE_HZ)
    return Corpora([root / "words"], [root / "speech"], [root / "noise"])


def _tone(length_s: float, hz: float, rng: np.random.Generator) -> Float32Array:
    """Half a second of a tone in the middle of soft noise."""
    n = round(length_s * SAMPLE_RATE_HZ)
    x = 1e-3 * rng.standard_normal(n)
    at = np.arange(n // 4, 3 * n // 4)
    x[at] += 0.2 * np.sin(2 * np.pi * hz * at / SAMPLE_RATE_HZ)
    return x.astype(np.float32)
