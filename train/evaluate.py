"""Judging a trained model on windows: accuracy, recall and precision a class, confusion matrix."""

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from transformers import AutoFeatureExtractor, Wav2Vec2ForSequenceClassification

from kws_live.errors import InputError
from kws_live.files import atomic
from kws_live.types import Int16Array

from .cache import open_store
from .corpus import find_recordings
from .files import write_json
from .holdout import with_both_splits
from .plan import pools_of
from .recipe import Recipe, load_recipe
from .split import Split, speech_commands_split
from .validation import LabelledWindows, word_windows
from .windows import prepare, to_float

#: What `evaluate` can be asked for; `all` is for folders that hold nothing but test clips.
SplitChoice = Literal["validation", "testing", "all"]


@dataclass(frozen=True)
class Evaluation:
    """A model's guesses on a set of windows.

    Attributes:
        labels: Names of the classes.
        confusion: int64 [classes, classes]; row is the truth, column the guess.
    """

    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]

    def metrics(self) -> dict[str, Any]:
        """Return accuracy, and for each class its count, recall and precision (None without any)."""
        hits, truths = np.diag(self.confusion), self.confusion.sum(axis=1)
        guesses = self.confusion.sum(axis=0)
        n = int(truths.sum())
        return {
            "n": n,
            "accuracy": _ratio(hits.sum(), n),
            "classes": {
                label: {
                    "n": int(truths[i]),
                    "recall": _ratio(hits[i], truths[i]),
                    "precision": _ratio(hits[i], guesses[i]),
                }
                for i, label in enumerate(self.labels)
            },
        }


def load_run(run: Path) -> tuple[Wav2Vec2ForSequenceClassification, Recipe, bool]:
    """Return a run's best model in evaluation mode, its recipe, and whether it normalises input.

    Raises:
        InputError: There is no model yet, or it cannot be read.
    """
    if not (run / "model.safetensors").is_file() or not (run / "recipe.toml").is_file():
        raise InputError(
            f"{run} holds no trained model: give the --out folder of kws-train fit, "
            "after its first epoch"
        )
    try:
        model = Wav2Vec2ForSequenceClassification.from_pretrained(run, attn_implementation="eager")
        extractor = AutoFeatureExtractor.from_pretrained(run)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{run} cannot be loaded: {error}. Train it again") from error
    model.eval()  # type: ignore[no-untyped-call]
    return model, load_recipe(str(run / "recipe.toml")), bool(extractor.do_normalize)


def judge(
    model: Wav2Vec2ForSequenceClassification,
    windows: LabelledWindows,
    labels: tuple[str, ...],
    normalize: bool,
) -> Evaluation:
    """Return the model's guesses on windows, in float32.

    Args:
        model: In evaluation mode.
        windows: What to judge by.
        labels: Names of the classes.
        normalize: What the model's preprocessor says of its input.
    """
    guesses = np.argmax(logits_of(model, windows.clips, normalize), axis=1)
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (windows.labels, guesses), 1)
    return Evaluation(labels, confusion)


@torch.inference_mode()
def logits_of(
    model: Wav2Vec2ForSequenceClassification, clips: Int16Array, normalize: bool, batch: int = 64
) -> npt.NDArray[np.float32]:
    """Return the model's logits for int16 [n, 16000] windows, float32 [n, classes]."""
    logits = []
    for i in range(0, len(clips), batch):
        x = torch.from_numpy(prepare(to_float(clips[i : i + batch]), normalize))
        logits.append(model(x.to(model.device)).logits.float().cpu().numpy())
    return np.concatenate(logits)


def stored_validation(run: Path) -> LabelledWindows:
    """Return the validation windows that a run was watched with.

    Raises:
        InputError: The run folder has none.
    """
    path = run / "validation.npz"
    if not path.is_file():
        raise InputError(f"{path} is missing: name a folder of clips with --data")
    stored = np.load(path)
    return LabelledWindows(stored["clips"], stored["labels"], [""] * len(stored["labels"]))


def windows_from(
    data: Sequence[Path], recipe: Recipe, split: SplitChoice, cache_dir: Path
) -> LabelledWindows:
    """Return each word clip of some folders that belongs to a split; none that can be read is left out.

    Raises:
        InputError: A folder cannot be read, or holds no clip of that split.
    """
    recordings = with_both_splits(find_recordings(data), recipe.keywords)
    store = open_store(recordings, cache_dir)
    splits: tuple[Split, ...] = () if split == "all" else (split,)
    windows = word_windows(store, recipe, pools_of(store, recipe, *splits, with_faulty=True))
    if not len(windows):
        raise InputError(
            f"{', '.join(map(str, data))}: no clip belongs to the split {split!r}. "
            "If the folder holds nothing but test clips, use --split all"
        )
    return windows


def evaluation_name(
    data: Sequence[Path], split: SplitChoice, windows: LabelledWindows, recipe: Recipe
) -> str:
    """Return what an evaluation on some folders is called in `metrics.json`.

    Only clips of speakers that no model trained on make a `test`. Whole folders with clips of
    other speakers go by the folders' names.
    """
    if split == "validation":
        return "validation-clips"
    keywords = windows.labels < len(recipe.keywords)
    sources = [s for s, keyword in zip(windows.sources, keywords, strict=True) if keyword]
    if split == "testing" or (
        sources and all(speech_commands_split(Path(s).name) == "testing" for s in sources)
    ):
        return "test"
    return "-".join(["folder", *sorted({p.resolve().name for p in data})])


def write_evaluation(run: Path, name: str, evaluation: Evaluation) -> dict[str, Any]:
    """Add an evaluation to `metrics.json` and write its confusion matrix as CSV and PNG.

    Args:
        run: The run folder.
        name: Key in `metrics.json`, and part of the files' names.
        evaluation: What to write.

    Returns:
        The evaluation's metrics.
    """
    file = run / "metrics.json"
    metrics = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    metrics[name] = evaluation.metrics()
    write_json(file, metrics)
    with (
        atomic(run / f"confusion-{name}.csv") as waiting,
        waiting.open("w", newline="", encoding="utf-8") as out,
    ):
        rows = csv.writer(out)
        rows.writerow(["truth \\ guess", *evaluation.labels])
        for label, row in zip(evaluation.labels, evaluation.confusion, strict=True):
            rows.writerow([label, *row.tolist()])
    _draw_confusion(evaluation, run / f"confusion-{name}.png")
    chosen: dict[str, Any] = metrics[name]
    return chosen


def _draw_confusion(evaluation: Evaluation, path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - slow to import
    from matplotlib.figure import Figure  # noqa: PLC0415

    n = len(evaluation.labels)
    shares = evaluation.confusion / np.maximum(1, evaluation.confusion.sum(axis=1, keepdims=True))
    figure = Figure(figsize=(2.0 + 0.6 * n, 1.6 + 0.6 * n), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(n), evaluation.labels, rotation=60, ha="right")
    axes.set_yticks(range(n), evaluation.labels)
    axes.set_xlabel("guess")
    axes.set_ylabel("truth")
    accuracy = evaluation.metrics()["accuracy"]
    axes.set_title(f"{100 * (accuracy or 0):.1f} % of {evaluation.confusion.sum()} windows")
    for i, j in zip(*np.nonzero(evaluation.confusion), strict=True):
        colour = "white" if shares[i, j] > 0.5 else "black"
        axes.text(
            j, i, str(evaluation.confusion[i, j]), ha="center", va="center", color=colour, size=8
        )
    with atomic(path) as waiting:
        figure.savefig(waiting, dpi=120, format="png")


def _ratio(part: int | np.int64, whole: int | np.int64) -> float | None:
    return round(float(part / whole), 4) if whole else None
