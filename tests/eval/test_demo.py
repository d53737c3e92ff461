"""The demo recording that comes with the package, and the script that makes it."""

from collections.abc import Iterator
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from kws_train.voices import HELD_OUT_VOICES
from support.speech import ESPEAK_VOICES, FLITE_VOICES, make_speech

from kws_live.eval.clips import read_mono
from kws_live.eval.stream import MARGIN_S
from kws_live.eval.tracks import Label, read_track
from kws_live.stages.activity import active_extent
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

COMMANDS = {"yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go"}


@pytest.fixture(scope="module")
def demo_folder() -> Iterator[Path]:
    with resources.as_file(resources.files("kws_live") / "demo") as folder:
        yield folder


@pytest.fixture(scope="module")
def audio(demo_folder: Path) -> Float32Array:
    return read_mono(demo_folder / "demo.flac")


@pytest.fixture(scope="module")
def labels(demo_folder: Path) -> list[Label]:
    return read_track(demo_folder / "demo.txt")


@pytest.fixture
def no_voices_known() -> Iterator[None]:
    """Forget which voices are installed, before and after."""
    make_speech.installed_voices.cache_clear()
    yield
    make_speech.installed_voices.cache_clear()


def test_the_demo_says_each_command_once_among_other_words(labels: list[Label]) -> None:
    """All ten, and at least five words that must not be detected."""
    said = [label.text for label in labels]
    assert sorted(word for word in said if word in COMMANDS) == sorted(COMMANDS)
    assert len(set(said) - COMMANDS) >= 5


def test_the_demo_is_small_and_about_half_a_minute_long(demo_folder: Path) -> None:
    """16 kHz, one channel, well under a megabyte."""
    info = soundfile.info(demo_folder / "demo.flac")
    assert (info.samplerate, info.channels) == (SAMPLE_RATE_HZ, 1)
    assert 25.0 <= info.duration <= 35.0
    assert (demo_folder / "demo.flac").stat().st_size < 1_000_000


def test_its_words_stand_apart(labels: list[Label]) -> None:
    """With the pauses of a person who says one command after another."""
    pauses_s = [b.start_s - a.end_s for a, b in pairwise(labels)]
    assert min(pauses_s) >= make_speech.DEMO_GAP_S[0] - 1e-3
    assert max(pauses_s) <= make_speech.DEMO_GAP_S[1] + 1e-3


def test_its_labels_are_where_the_words_are(labels: list[Label], audio: Float32Array) -> None:
    """Between labels there is nothing but soft noise, within each there is much more."""
    noise = audio[: round((MARGIN_S - 0.2) * SAMPLE_RATE_HZ)]
    floor = float(np.sqrt(np.mean(np.square(noise))))
    assert 0.0005 < floor < 0.01
    ends = [0.0, *(label.end_s for label in labels)]
    starts = [*(label.start_s for label in labels), len(audio) / SAMPLE_RATE_HZ]
    for end_s, start_s in zip(ends, starts, strict=True):
        pause = audio[
            round((end_s + 0.2) * SAMPLE_RATE_HZ) : round((start_s - 0.2) * SAMPLE_RATE_HZ)
        ]
        assert np.sqrt(np.mean(np.square(pause))) < 1.5 * floor
    for label in labels:
        word = audio[round(label.start_s * SAMPLE_RATE_HZ) : round(label.end_s * SAMPLE_RATE_HZ)]
        assert np.sqrt(np.mean(np.square(word))) > 5.0 * floor


def test_the_script_makes_the_same_demo_every_time(tmp_path: Path) -> None:
    """Byte for byte with the same programs."""
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        make_speech.make_demo(tmp_path / name)
    for name in ("demo.flac", "demo.txt"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_the_demo_is_what_the_script_makes(labels: list[Label], tmp_path: Path) -> None:
    """The same words, each as long up to what another release of a voice may change."""
    make_speech.make_demo(tmp_path)
    made = read_track(tmp_path / "demo.txt")
    assert [label.text for label in made] == [label.text for label in labels]
    for ours, theirs in zip(made, labels, strict=True):
        assert ours.end_s - ours.start_s == pytest.approx(theirs.end_s - theirs.start_s, abs=0.05)


def test_no_voice_of_the_demo_or_of_a_test_may_be_trained_on() -> None:
    """A model that had heard them would prove nothing by recognising them."""
    used = {(voice.program, voice.name) for _, voice in make_speech.DEMO_WORDS}
    used |= {("flite", name) for name in FLITE_VOICES}
    used |= {("espeak-ng", name) for name in ESPEAK_VOICES}
    held_out = {(program, name) for program, names in HELD_OUT_VOICES.items() for name in names}
    assert used <= held_out


def test_a_spoken_word_has_a_tenth_of_a_second_around_it() -> None:
    """At either end, whatever silence the program leaves there."""
    for voice in (make_speech.Voice("flite", "slt"), make_speech.Voice("espeak-ng", "f2")):
        samples = make_speech.say("stop", voice)
        start, end = active_extent(samples)
        assert start == pytest.approx(0.1 * SAMPLE_RATE_HZ, abs=160)
        assert len(samples) - end == pytest.approx(0.1 * SAMPLE_RATE_HZ, abs=160)


def test_a_stretched_word_is_longer() -> None:
    """By about as much as asked."""
    for voice in (make_speech.Voice("flite", "rms"), make_speech.Voice("espeak-ng", "m3")):
        normal = make_speech.say("seven", voice)
        slow = make_speech.say("seven", replace(voice, stretch=1.5))
        assert 1.2 < len(slow) / len(normal) < 1.7


@pytest.mark.parametrize("program", ["flite", "espeak-ng"])
def test_a_voice_that_is_not_installed_is_named(program: make_speech.Program) -> None:
    """Both programs would silently speak with another one."""
    with pytest.raises(make_speech.SpeechError, match=f"{program} has no voice 'nobody'"):
        make_speech.say("yes", make_speech.Voice(program, "nobody"))


@pytest.mark.usefixtures("no_voices_known")
def test_a_program_that_is_not_installed_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The package's name, ready to paste."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(make_speech.SpeechError, match="apt-get install espeak-ng flite"):
        make_speech.say("yes", make_speech.Voice("flite", "slt"))
