"""Making the synthetic training corpus: espeak-ng, flite and festival speak words.

The result has the Speech Commands layout (`word/<speaker>_nohash_<n>.flac`), the speaker being
the voice, and is given to `kws-train fit` as one more `--data` folder.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile as sf
import soxr

from kws_live.errors import InputError
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

from .activity import active_span
from .errors import FlagError
from .voices import HELD_OUT_VOICES, Voice, training_voices
from .words import COMMAND_WORDS, DISTRACTOR_WORDS

ESPEAK_NORMAL_WPM = 175
_PROGRAMS = {"espeak-ng": "espeak-ng", "flite": "flite", "festival": "festival"}


def synthesize_corpus(
    out: Path,
    *,
    n_espeak: int = 90,
    voices_per_distractor: int = 24,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Write a corpus of synthetic words to `out` and returns the number of clips.

    Every voice speaks every command word; each distractor word is spoken by a random choice of
    voices. `voices.json` beside the words lists the voices used and those held out.

    Args:
        out: A folder that does not exist or is empty.
        n_espeak: How many espeak-ng voices to draw.
        voices_per_distractor: How many voices speak each distractor word.
        seed: Everything random follows from it.
        progress: Called now and then with (clips done, clips in all).

    Raises:
        FlagError: `out` holds something.
        InputError: A speech program is missing or fails.
    """
    if out.exists() and any(out.iterdir()):
        raise FlagError(f"--out {out} is not empty: name a new folder, or delete this one first")
    missing = [p for p in _PROGRAMS.values() if shutil.which(p) is None]
    if missing:
        raise InputError(
            f"not installed: {', '.join(missing)}. On Debian or Ubuntu: "
            "apt install espeak-ng flite festival festvox-kallpc16k"
        )
    rng = np.random.default_rng(seed)
    voices = training_voices(n_espeak, rng)
    tasks: dict[Voice, list[str]] = {voice: list(COMMAND_WORDS) for voice in voices}
    for word in DISTRACTOR_WORDS:
        chosen = rng.choice(len(voices), min(voices_per_distractor, len(voices)), replace=False)
        for i in chosen:
            tasks[voices[i]].append(word)
    total, done = sum(map(len, tasks.values())), 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for n in pool.map(lambda item: _speak_all(item[0], item[1], out), tasks.items()):
            done += n
            progress(done, total)
    listing = {
        "voices": [vars(v) | {"speaker": v.speaker} for v in voices],
        "held_out": {engine: sorted(names) for engine, names in HELD_OUT_VOICES.items()},
    }
    (out / "voices.json").write_text(json.dumps(listing, indent=1) + "\n")
    return done


def _speak_all(voice: Voice, words: Sequence[str], out: Path) -> int:
    """Write one clip a word spoken by `voice` and returns how many there are."""
    written = 0
    with tempfile.TemporaryDirectory() as scratch:
        for word, wav in _render(voice, words, Path(scratch)):
            path = out / word / f"{voice.speaker}_nohash_0.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            sf.write(path, _tidy(wav), SAMPLE_RATE_HZ, subtype="PCM_16")
            written += 1
    return written


def _render(voice: Voice, words: Sequence[str], scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield (word, WAV file as the engine wrote it)."""
    if voice.engine == "festival":
        # One process for all words: festival takes a second to start.
        script = [f"(voice_{voice.name})", f"(Parameter.set 'Duration_Stretch {voice.stretch})"]
        script += [
            f'(utt.save.wave (utt.synth (Utterance Text "{word}")) "{scratch}/{word}.wav" \'riff)'
            for word in words
        ]
        (scratch / "words.scm").write_text("\n".join(script))
        _run(["festival", "-b", str(scratch / "words.scm")])
    for word in words:
        wav = scratch / f"{word}.wav"
        if voice.engine == "espeak-ng":
            wpm = round(ESPEAK_NORMAL_WPM / voice.stretch)
            pitch = ["-p", str(voice.pitch), "-s", str(wpm)]
            _run(["espeak-ng", "-v", voice.name, *pitch, "-w", str(wav), word])
        elif voice.engine == "flite":
            settings = [f"duration_stretch={voice.stretch}", f"int_f0_target_mean={voice.pitch}"]
            options = [part for s in settings for part in ("--setf", s)]
            _run(["flite", "-voice", voice.name, *options, "-t", word, "-o", str(wav)])
        yield word, wav


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise InputError(f"{' '.join(argv)} failed ({done.returncode}): {done.stderr.strip()}")


def _tidy(wav: Path) -> Float32Array:
    """Return the word as float32 at 16 kHz, trimmed to 100 ms around it, peak at 0.5."""
    x, rate = sf.read(wav, dtype="float32", always_2d=True)
    y = soxr.resample(x.mean(axis=1), rate, SAMPLE_RATE_HZ)
    start, end = active_span(y)
    margin = SAMPLE_RATE_HZ // 10
    y = y[max(0, start - margin) : end + margin]
    word: Float32Array = (0.5 * y / max(float(np.abs(y).max()), 1e-6)).astype(np.float32)
    return word
