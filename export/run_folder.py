"""The audio and the records that a training run leaves beside its checkpoint."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kws_live.types import SAMPLE_RATE_HZ, Int16Array

from .errors import CheckpointError

WINDOW_SAMPLES = SAMPLE_RATE_HZ
"""One second, which is what the daemon gives a model."""


@dataclass(frozen=True)
class RunFolder:
    """What the export needs of a run apart from the weights.

    Attributes:
        path: the folder.
        calibration: int16 [n, WINDOW_SAMPLES], windows from training that set the int8 ranges.
        clips: int16 [n, WINDOW_SAMPLES], the validation windows.
        targets: int64 [n], the label of each, as an index of the model's labels.
        metrics: content of `metrics.json`, empty when the run has none.
        manifest: content of `manifest.json`, empty when the run has none.
        recipe: text of `recipe.toml`, empty when the run has none.
    """

    path: Path
    calibration: Int16Array
    clips: Int16Array
    targets: npt.NDArray[np.int64]
    metrics: dict[str, Any]
    manifest: dict[str, Any]
    recipe: str


def read_run(path: Path, labels: int) -> RunFolder:
    """Return the windows and records of a run whose model has so many labels.

    Raises:
        CheckpointError: windows are missing or of another shape, or a record is damaged.
    """
    calibration = _windows(path / "calibration.npy", _load(path / "calibration.npy"))
    validation = path / "validation.npz"
    stored = _load(validation)
    for name in ("clips", "labels"):
        if name not in stored:
            raise CheckpointError(f"{validation} lacks the array {name!r}")
    clips = _windows(validation, stored["clips"])
    targets = np.asarray(stored["labels"])
    if targets.shape != (len(clips),) or not np.issubdtype(targets.dtype, np.integer):
        raise CheckpointError(
            f"{validation}: labels is {targets.dtype} {list(targets.shape)}; "
            f"it must hold one integer for each of the {len(clips)} clips"
        )
    if targets.min() < 0 or targets.max() >= labels:
        raise CheckpointError(
            f"{validation}: labels reach from {targets.min()} to {targets.max()}, "
            f"but the model has {labels} classes; the file is of another run"
        )
    recipe = path / "recipe.toml"
    return RunFolder(
        path=path,
        calibration=calibration,
        clips=clips,
        targets=targets.astype(np.int64),
        metrics=_record(path / "metrics.json"),
        manifest=_record(path / "manifest.json"),
        recipe=recipe.read_text(encoding="utf-8") if recipe.is_file() else "",
    )


def _load(path: Path) -> Any:
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing: the export measures on it (kws-train writes it; for a checkpoint "
            "from elsewhere, docs/model-folder.md says what it holds)"
        )
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path} can't be read: {error}") from error


def _windows(path: Path, array: Any) -> Int16Array:
    if (
        array.dtype != np.int16
        or array.ndim != 2
        or array.shape[1] != WINDOW_SAMPLES
        or not len(array)
    ):
        raise CheckpointError(
            f"{path} holds {array.dtype} {list(array.shape)}; it must hold int16 [n, {WINDOW_SAMPLES}], "
            f"one second of {SAMPLE_RATE_HZ} Hz audio a row"
        )
    windows: Int16Array = array
    return windows


def _record(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} can't be read: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds no JSON object")
    return value
