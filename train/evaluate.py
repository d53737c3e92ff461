"""Judging a trained model on windows: accuracy, recall and precision a class, calibration, confusion matrix."""

import csv
import hashlib
import json
import zipfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from transformers import AutoFeatureExtractor, Wav2Vec2ForSequenceClassification

from kws_live.errors import InputError
from kws_live.eval.calibration import Reliability
from kws_live.eval.intervals import binomial_interval
from kws_live.eval.report.drawing import png
from kws_live.files import atomic, write_text
from kws_live.model.classifier import softmax
from kws_live.types import Int16Array

from .files import write_json
from .recipe import Recipe, load_recipe
from .report.confusion import confusion_inches, draw_confusion
from .report.judged import Judged
from .report.mistakes import mistakes_csv, mistakes_of
from .validation import LabelledWindows
from .windows import prepare, to_float

WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Evaluation:
    """A model's guesses on a set of windows.

    Attributes:
        labels: Names of the classes.
        confusion: int64 [classes, classes]; row is the truth, column the guess.
        reliability: How often guesses were right, by their posterior; None if that is not known.
    """

    labels: tuple[str, ...]
    confusion: npt.NDArray[np.int64]
    reliability: Reliability | None = None

    def metrics(self) -> dict[str, Any]:
        """Return accuracy and calibration error, and for each class its count, recall and precision.

        Accuracy and recall come with the exact 95 % interval of the count. A figure of nothing is
        None.
        """
        hits, truths = np.diag(self.confusion), self.confusion.sum(axis=1)
        guesses = self.confusion.sum(axis=0)
        n = int(truths.sum())
        return {
            "n": n,
            "accuracy": _ratio(hits.sum(), n),
            "accuracy_ci95": _interval(hits.sum(), n),
            "ece": None if self.reliability is None else _rounded(self.reliability.ece),
            "classes": {
                label: {
                    "n": int(truths[i]),
                    "recall": _ratio(hits[i], truths[i]),
                    "recall_ci95": _interval(hits[i], truths[i]),
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
    _require_model(run)
    try:
        model = Wav2Vec2ForSequenceClassification.from_pretrained(run, attn_implementation="eager")
        extractor = AutoFeatureExtractor.from_pretrained(run)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{run} cannot be loaded: {error}. Train it again") from error
    model.eval()  # type: ignore[no-untyped-call]
    return model, load_recipe(str(run / "recipe.toml")).last, bool(extractor.do_normalize)


def weights_sha256(run: Path) -> str:
    """Return the SHA-256 of a run's weights, hex, by which `kws-export` knows what was judged.

    Ask before `load_run`: should a training write better weights just then, the evaluation counts
    as one of the old ones, and is left out rather than believed.

    Raises:
        InputError: There is no model yet, or its weights cannot be read.
    """
    _require_model(run)
    try:
        with (run / WEIGHTS).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{run / WEIGHTS} cannot be read: {error.strerror}") from error


def _require_model(run: Path) -> None:
    if not (run / WEIGHTS).is_file() or not (run / "recipe.toml").is_file():
        raise InputError(
            f"{run} holds no trained model: give the --out folder of kws-train fit, "
            "after its first epoch"
        )


def judge(
    model: Wav2Vec2ForSequenceClassification,
    windows: LabelledWindows,
    labels: tuple[str, ...],
    normalize: bool,
) -> Judged:
    """Return what the model makes of windows, in float32.

    Args:
        model: In evaluation mode.
        windows: What to judge by.
        labels: Names of the classes.
        normalize: What the model's preprocessor says of its input.
    """
    return Judged(labels, windows, softmax(logits_of(model, windows.clips, normalize)))


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
        InputError: The run folder has none, or they cannot be read.
    """
    path = run / "validation.npz"
    if not path.is_file():
        raise InputError(f"{path} is missing: name a folder of clips with --data")
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = stored["sources"].tolist()
            return LabelledWindows(stored["clips"], stored["labels"], names)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} cannot be read: {error}. kws-train fit writes it") from error


def write_evaluation(
    run: Path, name: str, judged: Judged, weights: str | None = None
) -> dict[str, Any]:
    """Add an evaluation to `metrics.json`, and write its confusion matrix (CSV, PNG) and mistakes (CSV).

    Args:
        run: The run folder.
        name: Key in `metrics.json`, and part of the files' names.
        judged: What to write.
        weights: What `weights_sha256` said before the model was loaded; if it was not asked, the
            weights that lie there now.

    Returns:
        The evaluation's metrics, with the hash of the weights.
    """
    reliability = Reliability.of(judged.posteriors, judged.windows.labels)
    evaluation = Evaluation(judged.labels, judged.confusion, reliability)
    file = run / "metrics.json"
    metrics = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    metrics[name] = evaluation.metrics() | {"weights_sha256": weights or weights_sha256(run)}
    write_json(file, metrics)
    with (
        atomic(run / f"confusion-{name}.csv") as waiting,
        waiting.open("w", newline="", encoding="utf-8") as out,
    ):
        rows = csv.writer(out)
        rows.writerow(["truth \\ guess", *evaluation.labels])
        for label, row in zip(evaluation.labels, evaluation.confusion, strict=True):
            rows.writerow([label, *row.tolist()])
    with atomic(run / f"confusion-{name}.png") as waiting:
        draw = partial(draw_confusion, judged.labels, judged.confusion)
        waiting.write_bytes(png(draw, confusion_inches(len(judged.labels))))
    write_text(run / f"mistakes-{name}.csv", mistakes_csv(mistakes_of(judged)))
    chosen: dict[str, Any] = metrics[name]
    return chosen


def report_lines(name: str, metrics: dict[str, Any]) -> list[str]:
    """Return an evaluation as people read it: every share with its count and 95 % interval.

    Args:
        name: What it is called in `metrics.json`.
        metrics: What `Evaluation.metrics` gives.
    """
    error = metrics["ece"]
    calibration = "" if error is None else f"; calibration error {100 * error:.2f} %"
    lines = [
        f"{name}: accuracy {_percent(metrics['accuracy'], 2)} of {metrics['n']} windows "
        f"({_span(metrics['accuracy_ci95'])}){calibration}",
        f"  {'class':<12}{'n':>6}{'recall':>9}{'95 %':>16}{'precision':>11}",
    ]
    for label, row in metrics["classes"].items():
        recall, precision = _percent(row["recall"], 1), _percent(row["precision"], 1)
        span = _span(row["recall_ci95"])
        lines.append(f"  {label:<12}{row['n']:>6}{recall:>9}{span:>16}{precision:>11}")
    return lines


def _ratio(part: int | np.int64, whole: int | np.int64) -> float | None:
    return _rounded(float(part / whole)) if whole else None


def _interval(part: int | np.int64, whole: int | np.int64) -> list[float] | None:
    return [round(x, 6) for x in binomial_interval(int(part), int(whole))] if whole else None


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _percent(share: float | None, digits: int) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f} %"


def _span(interval: list[float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} – {100 * interval[1]:.1f} %"
