"""Single clips, joined to a recording such as the daemon hears: with time before and after each word."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from kws_live.errors import OutputError
from kws_live.eval.noise import generate_noise
from kws_live.eval.tracks import Label
from kws_live.stages.activity import piece_rms
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

PAUSE_S = 1.5
"""Between two clips: longer than a window, and than the time that a word holds another one back."""
_QUIET_SHARE = 0.1
_QUIETEST_DBFS, _LOUDEST_DBFS = -80.0, -45.0


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A word and the audio around it.

    Attributes:
        text: the word.
        samples: float32 [n] at 16 kHz.
        start_s: where it begins in them.
        end_s: where it ends.
    """

    text: str
    samples: Float32Array
    start_s: float
    end_s: float


def write_words(words: Sequence[SpokenWord], path: Path) -> tuple[Path, tuple[Label, ...]]:
    """Write `words` to the sound file `path`, always in the same mixed order; return it with its labels.

    The pauses are of noise as soft as the quietest tenth of the clip that follows, so that the gate
    hears neither an edge nor digital silence.

    Raises:
        OutputError: the file can't be written.
    """
    order = np.random.default_rng(0).permutation(len(words))
    labels = []
    position_s = 0.0
    try:
        with soundfile.SoundFile(path, "w", SAMPLE_RATE_HZ, 1, subtype="PCM_16") as file:
            for number, word in enumerate((words[index] for index in order), start=1):
                pause = _pause(word.samples, number)
                file.write(pause)
                position_s += len(pause) / SAMPLE_RATE_HZ
                labels.append(Label(position_s + word.start_s, position_s + word.end_s, word.text))
                file.write(np.clip(word.samples, -1.0, 1.0))
                position_s += len(word.samples) / SAMPLE_RATE_HZ
            if words:
                file.write(_pause(words[order[-1]].samples, 0))
    except (OSError, soundfile.SoundFileError, AssertionError) as error:
        # soundfile asserts that all was written, and that is how a full disk shows.
        raise OutputError(
            f"can't write {path} ({str(error) or 'disk full?'}). Free space there, or set TMPDIR to "
            "another folder"
        ) from error
    return path, tuple(labels)


def _pause(samples: Float32Array, seed: int) -> Float32Array:
    rms = piece_rms(samples)
    heard = np.sort(rms[rms > 0.0])
    quiet = heard[: max(1, round(_QUIET_SHARE * len(heard)))]
    level_dbfs = 20.0 * float(np.log10(np.sqrt(np.mean(np.square(quiet))))) if len(quiet) else -99.0
    return generate_noise(
        "pink",
        round(PAUSE_S * SAMPLE_RATE_HZ),
        seed,
        min(max(level_dbfs, _QUIETEST_DBFS), _LOUDEST_DBFS),
    )
