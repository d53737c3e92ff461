"""Small corpora of tones in place of words and of speech, laid out as people have theirs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from kws_live.types import SAMPLE_RATE_HZ, Float32Array


def burst(
    lead_s: float, active_s: float, tail_s: float, *, amplitude: float = 0.3, hz: float = 500.0
) -> Float32Array:
    """Return silence, a tone and silence again: something said, whose extent is known."""
    lead, active, tail = (round(s * SAMPLE_RATE_HZ) for s in (lead_s, active_s, tail_s))
    tone = amplitude * np.sin(2.0 * np.pi * hz * np.arange(active) / SAMPLE_RATE_HZ)
    return np.concatenate([np.zeros(lead), tone, np.zeros(tail)]).astype(np.float32)


def write_words(folder: Path, words: Sequence[str], speakers: Sequence[str]) -> Path:
    """Write to `folder` a clip of each word by each speaker, named as in Speech Commands, and return it."""
    for number, word in enumerate(words):
        (folder / word).mkdir(parents=True, exist_ok=True)
        for pitch, speaker in enumerate(speakers):
            clip = burst(0.1, 0.2 + 0.05 * number, 0.15, hz=300.0 + 40.0 * pitch)
            soundfile.write(folder / word / f"{speaker}_nohash_0.wav", clip, SAMPLE_RATE_HZ)
    return folder


def write_librispeech(folder: Path, said: Mapping[str, Sequence[str]]) -> Path:
    """Write to `folder` an utterance of 2 s for each text that each speaker says, and return it."""
    for speaker, texts in said.items():
        chapter = folder / speaker / "7"
        chapter.mkdir(parents=True)
        names = [f"{speaker}-7-{number:04}" for number in range(len(texts))]
        lines = [f"{name} {text}\n" for name, text in zip(names, texts, strict=True)]
        (chapter / f"{speaker}-7.trans.txt").write_text("".join(lines))
        for number, name in enumerate(names):
            audio = burst(0.2, 1.5, 0.3, hz=200.0 + 30.0 * number)
            soundfile.write(chapter / f"{name}.flac", audio, SAMPLE_RATE_HZ)
    return folder
