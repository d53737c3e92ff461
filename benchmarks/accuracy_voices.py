"""The ten words in synthetic voices that no model here is trained on, made anew by each run.

They are spoken by the script that makes the demo recording (`scripts/make_speech.py`), by all voices
that `kws_train.voices` holds out and that Debian's espeak-ng and flite bring along. festival's
held-out voice is flite's slt again, so that it would add a voice in name only.
"""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from kws_train.voices import HELD_OUT_VOICES  # type: ignore[import-untyped]

from benchmarks.accuracy_windows import Windows, to_int16
from benchmarks.common import ROOT
from kws_live.eval.clip_runs import centred_window

sys.path.append(str(ROOT / "scripts"))
from make_speech import Voice, say

ACCENTS = ("en-us", "en-gb")
"""Those that espeak-ng's voices speak with, each voice with both."""
STRETCHES = (1.0, 1.2)
"""How slowly each word is said: at the normal speed, and a fifth slower."""


def voices() -> list[Voice]:
    """Return who speaks."""
    espeak = [
        Voice("espeak-ng", name, stretch, accent)
        for name in sorted(HELD_OUT_VOICES["espeak-ng"])
        for accent in ACCENTS
        for stretch in STRETCHES
    ]
    flite = [
        Voice("flite", name, stretch)
        for name in sorted(HELD_OUT_VOICES["flite"])
        for stretch in STRETCHES
    ]
    return espeak + flite


def spoken_windows(
    keywords: Sequence[str],
    labels: Sequence[str],
    window_samples: int,
    progress: Callable[[], None] = lambda: None,
) -> Windows:
    """Return each keyword as every voice says it, between zeros; voices are clusters and groups.

    Args:
        keywords: what is said.
        labels: the model's.
        window_samples: the model's.
        progress: called after each voice.

    Raises:
        SpeechError: a program or voice is missing; says what to install.
    """
    windows, targets, names = [], [], []
    for voice in voices():
        for keyword in keywords:
            windows.append(centred_window(to_int16(say(keyword, voice)), window_samples))
            targets.append(labels.index(keyword))
            names.append(f"{voice.program} {voice.name}")
        progress()
    return Windows(
        np.stack(windows), np.array(targets, dtype=np.int64), {"voice": names}, groups=names
    )
