"""The run folder: what is written where, so that a run can be resumed, exported and repeated."""

import json
import os
import platform
import subprocess
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from transformers import Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

from .cache import ClipStore
from .corpus import label_of
from .errors import FlagError
from .examples import ExampleMaker
from .plan import Pools
from .recipe import SCHEMA, Recipe, load_recipe
from .validation import LabelledWindows
from .windows import centred_window, to_int16

CALIBRATION_WINDOWS = 480
_PACKAGES = ("torch", "transformers", "accelerate", "numpy", "soundfile", "soxr")


def prepare(run: Path, recipe: Recipe, resume: bool) -> None:
    """Make the run folder, or make sure that it holds a run that can be continued.

    Raises:
        FlagError: There is a run already and `resume` is false; or `resume` is true and there is
            none, or one of another recipe.
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
    run.mkdir(parents=True, exist_ok=True)


def last_checkpoint(run: Path) -> Path | None:
    """Return the newest complete checkpoint of a run, or None."""
    found = (run / "checkpoints").glob("checkpoint-*")
    complete = [p for p in found if (p / "trainer_state.json").is_file()]
    return max(complete, key=lambda p: int(p.name.split("-")[1]), default=None)


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part."""
    waiting = path.with_name(f".{path.name}.partial")
    waiting.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    os.replace(waiting, path)


def write_model(
    run: Path,
    model: Wav2Vec2ForSequenceClassification,
    extractor: Wav2Vec2FeatureExtractor,
) -> None:
    """Write weights, configuration and preprocessor; a reader never sees a part of a file."""
    waiting = run / ".model.partial"
    model.save_pretrained(waiting)
    extractor.save_pretrained(waiting)
    for file in waiting.iterdir():
        file.chmod(0o644)  # safetensors makes files that only their owner can read
        os.replace(file, run / file.name)
    waiting.rmdir()


def write_recipe(run: Path, recipe: Recipe) -> None:
    """Write the resolved recipe, every default spelled out, as TOML that can be given again."""
    sections = {k: v for k, v in asdict(recipe).items() if isinstance(v, dict)}
    lines = [f"schema = {SCHEMA}", f"seed = {recipe.seed}", f"keywords = {_toml(recipe.keywords)}"]
    for name, values in sections.items():
        lines += ["", f"[{name}]", *(f"{k} = {_toml(v)}" for k, v in values.items())]
    (run / "recipe.toml").write_text("\n".join(lines) + "\n")


def write_manifest(
    run: Path, store: ClipStore, recipe: Recipe, validation_sources: list[str]
) -> None:
    """Write `manifest.json`: counts, validation clips, clips left out, versions, commit."""
    counts: dict[str, dict[str, int]] = {}
    left_out = []
    for r, fault in zip(store.recordings, store.faults, strict=True):
        if fault:
            left_out.append({"path": r.path, "reason": fault})
            continue
        what = label_of(r.word, recipe.keywords) if r.kind == "word" else r.kind
        by_split = counts.setdefault(what, {})
        by_split[r.split] = by_split.get(r.split, 0) + 1
    folders = sorted({(r.kind, Path(r.root).name) for r in store.recordings})
    versions = {p: metadata.version(p) for p in _PACKAGES} | {"python": platform.python_version()}
    write_json(
        run / "manifest.json",
        {
            "folders": [{"kind": kind, "name": name} for kind, name in folders],
            "counts": counts,
            "audio_s": round(int(store.starts[-1]) / 16_000),
            "left_out": left_out,
            "validation": validation_sources,
            "versions": versions,
            "commit": _commit(),
        },
    )


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
    np.save(run / "calibration.npy", np.stack(augmented + plain))
    np.savez_compressed(run / "validation.npz", clips=validation.clips, labels=validation.labels)


def _toml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(v) for v in value)}]"
    return json.dumps(value)  # TOML writes strings, numbers and booleans as JSON does


def _commit() -> str | None:
    """The commit of the code that ran, with `+` if it had been changed; None outside of git."""

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(Path(__file__).parent), *arguments]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    return commit and commit + ("+" if git("status", "--porcelain", "--", ".") else "")
