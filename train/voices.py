"""Which synthetic voices may be trained on, and which are kept for the demo and the tests.

This module imports nothing heavy, so that scripts which make demo or test audio can read
`HELD_OUT_VOICES` without torch.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

#: Voices that speak in the demo recording and in test audio. A model that had heard them in
#: training would be shown its own training data, and the demo would prove nothing.
HELD_OUT_VOICES: dict[str, frozenset[str]] = {
    "espeak-ng": frozenset({"f2", "m3", "f5", "m7", "klatt2", "Andrea", "steph", "Michael"}),
    "flite": frozenset({"slt", "rms"}),
    "festival": frozenset({"us_slt_hts", "cmu_us_slt_arctic_hts"}),
}

#: Prefix of the speaker name of every synthetic clip. Such clips never enter validation or test.
SYNTHETIC_PREFIX = "synthetic-"

ESPEAK_ACCENTS = (
    "en-us",
    "en-us",  # twice: the accent most keyword corpora are recorded in
    "en-gb",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-gb-x-rp",
    "en-gb-x-gbcwmd",
    "en-029",
    "en-us-nyc",
)
#: Variants that sound like people; the whispering, robotic and monstrous ones are left out.
ESPEAK_VARIANTS = (
    *("", "Alex", "Alicia", "Andy", "Annie", "Denis", "Diogo", "Gene", "Gene2", "Henrique"),
    *("Hugo", "Jacky", "Lee", "Marco", "Mario", "Mike", "Storm", "adam", "anika", "announcer"),
    *("antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward"),
    *("edward2", "f1", "f3", "f4", "grandma", "grandpa", "gustave", "iven", "iven2", "iven3"),
    *("iven4", "john", "kaukovalta", "klatt", "klatt3", "klatt4", "linda", "m1", "m2", "m4"),
    *("m5", "m6", "m8", "marcelo", "max", "michel", "miguel", "norbert", "pablo", "paul"),
    *("pedro", "quincy", "rob", "robert", "sandro", "shelby", "travis", "victor", "zac"),
)
FLITE_VOICES = ("kal", "kal16", "awb")
FESTIVAL_VOICES = ("kal_diphone",)


@dataclass(frozen=True)
class Voice:
    """One way of speaking: an engine, its voice, and how fast and high it speaks.

    Attributes:
        engine: The program that speaks.
        name: The voice in that program (espeak-ng: `accent` or `accent+variant`).
        stretch: Duration relative to the engine's normal speed (2.0 is half as fast).
        pitch: espeak-ng: 0..99; flite: mean fundamental frequency in Hz; festival: unused (0).
    """

    engine: Literal["espeak-ng", "flite", "festival"]
    name: str
    stretch: float
    pitch: int

    @property
    def speaker(self) -> str:
        """The speaker name of this voice's clips; unique per voice."""
        engine = self.engine.split("-")[0]
        name = self.name.replace("+", "-").replace("_", "-")
        return f"{SYNTHETIC_PREFIX}{engine}-{name}-p{self.pitch}-d{round(self.stretch * 100)}"


def training_voices(n_espeak: int, rng: np.random.Generator) -> list[Voice]:
    """Return the voices of a synthetic training corpus, none of them held out.

    Args:
        n_espeak: How many espeak-ng voices; every variant is used before one is repeated.
        rng: Draws accents, pitches and speeds.
    """
    order = [v for _ in range(n_espeak) for v in rng.permutation(ESPEAK_VARIANTS)][:n_espeak]
    voices = []
    for variant in order:
        accent = str(rng.choice(ESPEAK_ACCENTS))
        stretch = round(float(rng.uniform(0.85, 1.5)), 2)
        name = f"{accent}+{variant}" if variant else accent
        voices.append(Voice("espeak-ng", name, stretch, int(rng.integers(25, 80))))
    for flite_voice in FLITE_VOICES:
        voices += [
            Voice("flite", flite_voice, stretch, f0)
            for stretch, f0 in ((0.85, 95), (1.0, 115), (1.15, 140), (1.3, 105), (1.5, 170))
        ]
    for festival_voice in FESTIVAL_VOICES:
        voices += [Voice("festival", festival_voice, stretch, 0) for stretch in (0.9, 1.1, 1.35)]
    return voices
