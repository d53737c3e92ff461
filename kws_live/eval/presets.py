"""The protocols by which others publish figures, as defaults of `kws-live eval make`.

A preset sets options that were not given, and says which ones it can't do without.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from kws_live.errors import did_you_mean


@dataclass(frozen=True, slots=True)
class Preset:
    """Defaults for options, and what must be given.

    Attributes:
        summary: one line for the help.
        defaults: values by the option's parameter name.
        required: parameter names, each with what belongs there.
    """

    summary: str
    defaults: Mapping[str, object]
    required: Mapping[str, str]


PRESETS: Mapping[str, Preset] = {
    "wake-word-benchmark": Preset(
        "24 h of noise at 10 dB, read speech in a fifth of it, each keyword clip once",
        {
            "hours": 24.0,
            "snr_db": (10.0,),
            "speech_share": 0.2,
            "negatives": 0,
            "keyword_speech": "drop",
        },
        {
            "clips": "--clips DIR: recordings of the keyword",
            "speech": "--speech DIR: LibriSpeech test-clean",
            "noise": "--noise DIR: one channel of each DEMAND recording",
        },
    ),
    "false-accepts": Preset(
        "speech without the keywords, each utterance once, to count false accepts per hour",
        {"keyword_speech": "drop", "snr_db": (50.0,)},
        {
            "keywords": "--keywords WORD,WORD: those that nobody may say in it",
            "speech": "--speech DIR: transcribed speech, LibriSpeech test-clean say",
        },
    ),
}


def find_preset(name: str) -> Preset:
    """Return the preset called `name`.

    Raises:
        ValueError: there is none; names those that there are.
    """
    if name not in PRESETS:
        raise ValueError(
            f"no preset {name!r}.{did_you_mean(name, PRESETS)} There are {', '.join(PRESETS)}"
        )
    return PRESETS[name]
