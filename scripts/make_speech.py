"""Make the demo recording: synthetic voices say the ten command words and some others, over noise.

    python scripts/make_speech.py

writes kws_live/demo/demo.flac and its label track demo.txt. The same programs make the same audio.
None of the voices here may be trained on: a model that knows them would prove nothing by
recognising them.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import click
import numpy as np

from kws_live.eval.clips import Clip, read_mono
from kws_live.eval.noise import generate_noise
from kws_live.eval.splice import write_stream
from kws_live.eval.stream import plan
from kws_live.stages.activity import active_extent
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

DEMO_FOLDER = Path(__file__).resolve().parent.parent / "kws_live" / "demo"
DEMO_SNR_DB = 24.0
DEMO_GAP_S = (1.0, 1.5)
DEMO_LEVEL_SPREAD_DB = 3.0
DEMO_SEED = 7

ESPEAK_NORMAL_WPM = 175
MARGIN_SAMPLES = SAMPLE_RATE_HZ // 10
INSTALL = "On Debian or Ubuntu: apt-get install espeak-ng flite"


Program = Literal["espeak-ng", "flite"]


class SpeechError(click.ClickException):
    """A speech program or one of its voices is missing, or failed; says what to install."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A way of speaking: a program, its voice, and how slowly it speaks.

    Attributes:
        program: what speaks.
        name: the voice (flite) or voice variant (espeak-ng).
        stretch: duration relative to the program's normal speed; 2.0 is half as fast.
        accent: the English that espeak-ng speaks; flite's voices have their own.
    """

    program: Program
    name: str
    stretch: float = 1.0
    accent: str = "en-us"


#: What the demo says, in order. Each word has the voice and the speed in which it is clearest.
DEMO_WORDS: tuple[tuple[str, Voice], ...] = (
    ("yes", Voice("flite", "slt", 1.1)),
    ("no", Voice("flite", "rms", 1.0)),
    ("happy", Voice("flite", "slt", 1.1)),
    ("up", Voice("espeak-ng", "klatt2", 1.0)),
    ("down", Voice("flite", "rms", 1.1)),
    ("computer", Voice("espeak-ng", "Andrea", 1.0)),
    ("left", Voice("flite", "rms", 1.0)),
    ("right", Voice("espeak-ng", "Andrea", 1.1, "en-029")),
    ("seven", Voice("espeak-ng", "f2", 1.0)),
    ("on", Voice("flite", "rms", 1.0)),
    ("off", Voice("flite", "rms", 0.9)),
    ("kitchen", Voice("flite", "rms", 1.1)),
    ("stop", Voice("flite", "slt", 0.9)),
    ("visual", Voice("espeak-ng", "klatt2", 1.0)),
    ("go", Voice("flite", "rms", 1.0)),
    ("garden", Voice("flite", "slt", 1.1)),
)


def say(word: str, voice: Voice) -> Float32Array:
    """Return `word` spoken by `voice` as float32 [n] at 16 kHz, with 0.1 s around its active part.

    Raises:
        SpeechError: the program or the voice is missing, or the program failed.
    """
    if voice.name not in installed_voices(voice.program):
        raise SpeechError(f"{voice.program} has no voice {voice.name!r} here. {INSTALL}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "word.wav"
        if voice.program == "flite":
            command = ["flite", "-voice", voice.name, "--setf", f"duration_stretch={voice.stretch}"]
            command += ["-t", word, "-o", str(path)]
        else:
            words_per_minute = round(ESPEAK_NORMAL_WPM / voice.stretch)
            command = ["espeak-ng", "-v", f"{voice.accent}+{voice.name}"]
            command += ["-s", str(words_per_minute), "-w", str(path), word]
        _run(command)
        samples = read_mono(path)
    start, end = active_extent(samples)
    if start == end:
        raise SpeechError(
            f"{voice.program} said nothing for {word!r} with the voice {voice.name!r}"
        )
    padded = np.pad(samples, MARGIN_SAMPLES)
    return padded[start : end + 2 * MARGIN_SAMPLES]


@cache
def installed_voices(program: Program) -> frozenset[str]:
    """Return the names of the voices (flite) or voice variants (espeak-ng) that are installed.

    Both programs speak with another voice when asked for one they lack, so their lists must be
    looked at.

    Raises:
        SpeechError: the program is missing or failed.
    """
    if shutil.which(program) is None:
        raise SpeechError(f"{program} is not installed. {INSTALL}")
    if program == "flite":
        return frozenset(_run(["flite", "-lv"]).removeprefix("Voices available:").split())
    listing = _run(["espeak-ng", "--voices=variant"]).splitlines()[1:]
    return frozenset(
        field.removeprefix("!v/")
        for line in listing
        for field in line.split()
        if field.startswith("!v/")
    )


def make_demo(folder: Path) -> Path:
    """Write demo.flac and demo.txt to `folder` and return the path of the recording.

    Raises:
        SpeechError: a program or voice is missing.
        OutputError: a file can't be written.
    """
    clips = [Clip(word, say(word, voice)) for word, voice in DEMO_WORDS]
    background = generate_noise("pink", 60 * SAMPLE_RATE_HZ, DEMO_SEED)
    stream = plan(
        clips,
        background,
        snr_db=DEMO_SNR_DB,
        gap_s=DEMO_GAP_S,
        level_spread_db=DEMO_LEVEL_SPREAD_DB,
        seed=DEMO_SEED,
    )
    path = folder / "demo.flac"
    write_stream(stream, path)
    return path


def _run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise SpeechError(f"{command[0]} failed ({result.returncode}): {result.stderr.strip()}")
    return result.stdout


@click.command()
@click.option(
    "--out",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=DEMO_FOLDER,
    help="Folder to write to.  [default: the package's]",
)
def main(out: Path) -> None:
    """Make the demo recording and its label track."""
    path = make_demo(out)
    click.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
