"""The run folder: what is written where, so that a run can be resumed, exported and repeated."""

import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from kws_live.errors import OutputError
from kws_live.files import atomic

from .cache import ClipStore
from .chain import Chain, Goal, Recipe, Stage
from .errors import FlagError
from .examples import ExampleMaker
from .files import write_json, write_text
from .networks import Network
from .plan import Pools
from .recipe import SCHEMA, load_recipe
from .validation import LabelledWindows
from .windows import centred_window, to_int16

CALIBRATION_WINDOWS = 480
REPORT_FOLDER = "report"


def prepare(run: Path, chain: Chain, resume: bool) -> None:
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
    if resume and load_recipe(str(file)) != chain:
        raise FlagError(
            f"--resume: {run} was begun with another recipe; give --recipe {file}, "
            "or name another --out"
        )
    try:
        for folder in stage_folders(run, chain).values():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"--out {run} cannot be made: {error}. Name another folder") from error


def stage_folders(run: Path, chain: Chain) -> dict[str, Path]:
    """Return where each stage is kept, by name: the last one in the run folder itself."""
    early = {stage.name: run / "stages" / stage.name for stage in chain.stages[:-1]}
    return early | {chain.last.name: run}


def is_finished(folder: Path) -> bool:
    """Whether the stage that is kept in a folder has been trained to its end."""
    return (folder / "finished.json").is_file()


def write_finished(folder: Path, best: dict[str, float]) -> None:
    """Note that a stage was trained to its end, and which evaluation its model is from."""
    write_json(folder / "finished.json", {"best": best})


def write_model(folder: Path, network: Network) -> None:
    """Write weights, configuration and preprocessor; a reader never sees a part of a file.

    What was measured with the weights before goes: it does not describe these.
    """
    waiting = folder / ".model.partial"
    try:
        network.save(waiting)
        stale = (p for name in ("confusion-*", "mistakes-*") for p in folder.glob(name))
        for measured in (folder / "metrics.json", *stale):
            measured.unlink(missing_ok=True)
        shutil.rmtree(folder / REPORT_FOLDER, ignore_errors=True)
        for file in waiting.iterdir():
            file.chmod(0o644)  # safetensors makes files that only their owner can read
            os.replace(file, folder / file.name)
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def write_recipe(run: Path, chain: Chain) -> None:
    """Write the resolved recipe, every default spelled out, as TOML that can be given again.

    Its presence says that there is a run to resume: write it after everything else.
    """
    document = tomlkit.document()
    document["schema"] = SCHEMA
    document["seed"] = chain.seed
    document["keywords"] = list(chain.keywords)
    document["validation"] = _plain(asdict(chain.validation))
    if chain.networks:
        document["networks"] = chain.networks
    document["stages"] = [_stage_table(stage) for stage in chain.stages]
    write_text(run / "recipe.toml", tomlkit.dumps(document))


def _stage_table(stage: Stage) -> dict[str, Any]:
    starts = ("network", "starts_from", "pretrained")
    table: dict[str, Any] = {"name": stage.name}
    table |= {k: getattr(stage, k) for k in starts if getattr(stage, k) is not None}
    if stage.learns != Goal.WORDS:
        table["learns"] = stage.learns
    tables = ["training", "mix", "augment"]
    if stage.taught_by:
        table["taught_by"] = list(stage.taught_by)
        tables.append("distillation")
    return table | {k: _plain(asdict(getattr(stage, k))) for k in tables}


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    return {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}


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
    augmented. `validation.npz` holds `clips` int16 [n, 16000], `labels` int64 [n] and `sources`, n texts.
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
        row = int(rng.choice(words[rng.integers(len(words))]))
        plain.append(centred_window(store.clip(row), store.spans[row]))
    with atomic(run / "calibration.npy") as waiting, waiting.open("wb") as out:
        np.save(out, np.stack(augmented + plain))
    with atomic(run / "validation.npz") as waiting, waiting.open("wb") as out:
        sources = np.array(validation.sources, dtype=np.str_)
        np.savez_compressed(out, clips=validation.clips, labels=validation.labels, sources=sources)


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
