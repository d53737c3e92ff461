"""The run folder: what is written where, so that a run can be resumed, exported and repeated."""

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

from kws_live.errors import OutputError
from kws_live.files import atomic

from .cache import ClipStore
from .errors import FlagError
from .examples import ExampleMaker
from .files import write_text
from .plan import Pools
from .recipe import SCHEMA, Recipe, load_recipe
from .validation import LabelledWindows
from .windows import centred_window, to_int16

CALIBRATION_WINDOWS = 480


def prepare(run: Path, recipe: Recipe, resume: bool) -> None:
    """Make the run folder, or make sure that it holds a run that can be continued.

    Raises:
        FlagError: There is a run already and `resume` is false; or `resume` is true and there is
            none, or one of another recipe.
        OutputError: The folder cannot be made.
    """
    file = run / "recipe.toml"
    if file.is_file() and not resume:
        raise FlagError(
            f"--out {run} holds a run already: continue it with --resume, or name another folder"
        )
    if resume and not file.is_file():
        raise FlagError(f"--resume: {run} holds no run; start one without --resume")
    if resume and load_recipe(str(file)) != recipe:
        raise FlagError(
            f"--resume: {run} was begun with another recipe; give --recipe {file}, "
            "or name another --out"
        )
    try:
        run.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"--out {run} cannot be made: {error}. Name another folder") from error


def last_checkpoint(run: Path) -> Path | None:
    """Return the newest complete checkpoint of a run, or None."""
    found = (run / "checkpoints").glob("checkpoint-*")
    complete = [p for p in found if (p / "trainer_state.json").is_file()]
    return max(complete, key=step_of, default=None)


def step_of(checkpoint: Path | None) -> int:
    """Return after how many steps a checkpoint was written; 0 for none."""
    return int(checkpoint.name.split("-")[1]) if checkpoint else 0


def write_model(
    run: Path,
    model: Wav2Vec2ForSequenceClassification,
    extractor: Wav2Vec2FeatureExtractor,
) -> None:
    """Write weights, configuration and preprocessor; a reader never sees a part of a file.

    What was measured with the weights before goes: it does not describe these.
    """
    waiting = run / ".model.partial"
    model.save_pretrained(waiting)
    extractor.save_pretrained(waiting)
    for measured in (run / "metrics.json", *run.glob("confusion-*")):
        measured.unlink(missing_ok=True)
    for file in waiting.iterdir():
        file.chmod(0o644)  # safetensors makes files that only their owner can read
        os.replace(file, run / file.name)
    waiting.rmdir()


def write_recipe(run: Path, recipe: Recipe) -> None:
    """Write the resolved recipe, every default spelled out, as TOML that can be given again.

    Its presence says that there is a run to resume: write it after everything else.
    """
    sections = {k: v for k, v in asdict(recipe).items() if isinstance(v, dict)}
    lines = [f"schema = {SCHEMA}", f"seed = {recipe.seed}", f"keywords = {_toml(recipe.keywords)}"]
    for name, values in sections.items():
        lines += ["", f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in values.items())]
    write_text(run / "recipe.toml", "\n".join(lines) + "\n")


def write_windows(
    run: Path,
    maker: ExampleMaker,
    recipe: Recipe,
    store: ClipStore,
    training: Pools,
    validation: LabelledWindows,
) -> None:
    """Write what export measures with: `calibration.npy` and `validation.npz`.

    `calibration.npy` is int16 [480, 16000], training windows of all classes, half of them
    augmented. `validation.npz` holds `clips` int16 [n, 16000] and `labels` int64 [n].
    """
    half = CALIBRATION_WINDOWS // 2
    augmented = [
        to_int16(maker.make(0, i).window)
        for i in range(min(half, recipe.training.examples_per_epoch))
    ]
    rng = np.random.default_rng((recipe.seed, 2**31 + 1))
    words = [clips for by_word in training.words.values() for clips in by_word.values()]
    plain = []
    for _ in range(CALIBRATION_WINDOWS - len(augmented)):
        clips = words[rng.integers(len(words))]
        plain.append(centred_window(store.clip(int(rng.choice(clips)))))
    with atomic(run / "calibration.npy") as waiting, waiting.open("wb") as out:
        np.save(out, np.stack(augmented + plain))
    with atomic(run / "validation.npz") as waiting, waiting.open("wb") as out:
        np.savez_compressed(out, clips=validation.clips, labels=validation.labels)


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return json.dumps(value)  # TOML writes strings, numbers and booleans as JSON does


def commit_of(code: Path) -> str | None:
    """Return the commit of the repository that a source file belongs to, None if it is in none.

    A `+` follows if any file of the repository was changed since. A repository that the file
    merely lies in, as an installed package may in a stranger's, is not its own.
    """

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(code.resolve().parent), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if git("ls-files", "--error-unmatch", code.name) is None:
        return None
    commit, changes = git("rev-parse", "HEAD"), git("status", "--porcelain", "--untracked-files=no")
    if commit is None or changes is None:
        return None
    return commit + ("+" if changes else "")
