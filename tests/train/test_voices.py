"""Synthetic voices."""

import subprocess
import sys

import numpy as np
from kws_train.voices import HELD_OUT_VOICES, training_voices
from kws_train.words import COMMAND_WORDS, DISTRACTOR_WORDS


def test_no_held_out_voice_is_trained_on() -> None:
    """However many voices are drawn, those of the demo and the tests are not among them."""
    for voice in training_voices(500, np.random.default_rng(1)):
        variant = voice.name.partition("+")[2] if voice.engine == "espeak-ng" else voice.name
        assert variant not in HELD_OUT_VOICES[voice.engine]


def test_voices_are_all_different() -> None:
    """No two voices share a speaker name, so none of their clips share a file."""
    speakers = [v.speaker for v in training_voices(90, np.random.default_rng(0))]
    assert len(set(speakers)) == len(speakers)


def test_distractors_hold_no_keyword_and_no_homophone() -> None:
    """A distractor is a word of its own that sounds like no keyword."""
    homophones = {"know", "knows", "write", "rite", "wright", "yess", "noe"}
    assert not set(DISTRACTOR_WORDS) & (set(COMMAND_WORDS) | homophones)
    assert len(set(DISTRACTOR_WORDS)) == len(DISTRACTOR_WORDS) > 100


def test_the_list_of_voices_and_help_need_no_torch() -> None:
    """Scripts that make demo audio import the list, and --help answers, without torch."""
    code = (
        "import sys, kws_train.voices, kws_train.cli\n"
        "from click.testing import CliRunner\n"
        "assert CliRunner().invoke(kws_train.cli.main, ['fit', '--help']).exit_code == 0\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
