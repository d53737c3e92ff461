"""Speech for tests: words in synthetic voices that no model here was trained on, and streams.

Tests speak through the script that makes the demo recording.
"""

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from kws_live.eval.clips import Clip
from kws_live.eval.noise import generate_noise
from kws_live.eval.splice import splice
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
import make_speech

__all__ = ["ESPEAK_VOICES", "FLITE_VOICES", "make_speech", "say", "spoken_stream"]

FLITE_VOICES = ("slt", "rms")
ESPEAK_VOICES = ("f2", "m3", "f5", "m7", "klatt2", "Andrea", "steph", "Michael")


@cache
def say(word: str, voice: str = "slt", stretch: float = 1.0) -> Float32Array:
    """Return `word` in one of the voices above as float32 [n] at 16 kHz.

    The array is read-only and made once per session.

    Raises:
        SpeechError: flite, espeak-ng or the voice is not installed; says what to install.
    """
    program: make_speech.Program = "flite" if voice in FLITE_VOICES else "espeak-ng"
    samples = make_speech.say(word, make_speech.Voice(program, voice, stretch))
    samples.setflags(write=False)
    return samples


def spoken_stream(
    words: Sequence[str],
    *,
    voices: Sequence[str] = FLITE_VOICES,
    snr_db: float = 30.0,
    gap_s: tuple[float, float] = (0.8, 1.5),
    stretch: float = 1.0,
    seed: int = 0,
) -> tuple[Float32Array, list[Label]]:
    """Return a stream of `words` over soft pink noise, float32 [n] at 16 kHz, and its labels.

    The voices take turns; each word takes `stretch` times as long as usual.
    """
    clips = [
        Clip(word, say(word, voices[i % len(voices)], stretch)) for i, word in enumerate(words)
    ]
    background = generate_noise("pink", 20 * SAMPLE_RATE_HZ, seed)
    return splice(clips, background, snr_db=snr_db, gap_s=gap_s, seed=seed)
