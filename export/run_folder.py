"""The audio and the records that a training run leaves beside its checkpoint."""

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
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
        metrics: evaluations of these weights in `metrics.json`, by name; empty when the run has none.
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

    @property
    def recorded(self) -> bool:
        """Whether the run tells which recordings the model was trained on, as those of kws-train do."""
        return bool(self.manifest.get("counts"))


def read_run(path: Path, labels: int, weights_sha256: str) -> RunFolder:
    """Return the windows and records of a run.

    Args:
        path: the run's folder.
        labels: how many the model has.
        weights_sha256: of the model's `model.safetensors`, hex; evaluations that name another are left out.

    Raises:
        CheckpointError: windows are missing or of another shape, or a record is damaged.
    """
    calibration = _windows(path / "calibration.npy", _read_array(path / "calibration.npy"))
    validation = path / "validation.npz"
    stored_clips, targets = _read_arrays(validation, "clips", "labels")
    clips = _windows(validation, stored_clips)
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
        metrics=_evaluations(path / "metrics.json", weights_sha256),
        manifest=_manifest(path / "manifest.json"),
        recipe=_read_text(recipe) if recipe.is_file() else "",
    )


def _read_array(path: Path) -> Any:
    with _reading(path):
        array = np.load(path, allow_pickle=False)
        if not isinstance(array, np.ndarray):
            raise ValueError("it holds several arrays instead of one")
    return array


def _read_arrays(path: Path, *names: str) -> list[Any]:
    # Members are only read, and checked, when they are asked for: that belongs to the reading too.
    with _reading(path):
        stored = np.load(path, allow_pickle=False)
        if isinstance(stored, np.ndarray):
            raise ValueError(f"it holds one array instead of {' and '.join(names)}")
        with stored:
            missing = [name for name in names if name not in stored]
            arrays = [stored[name] for name in names if name in stored]
    if missing:
        raise CheckpointError(f"{path} lacks the array {missing[0]!r}")
    return arrays


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    if not path.is_file():
        raise CheckpointError(
            f"{path} is missing: the export measures on it (kws-train writes it; for a checkpoint "
            "from elsewhere, docs/model-folder.md says what it holds)"
        )
    try:
        yield
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise CheckpointError(f"{path} can't be read: {error}. Write it again") from error


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
        value = json.loads(_read_text(path))
    except ValueError as error:
        raise CheckpointError(f"{path} can't be read: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} holds no JSON object")
    return value


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"{path} can't be read: {error}") from error


def _manifest(path: Path) -> dict[str, Any]:
    manifest = _record(path)
    rows = manifest.get("counts", {})
    tables = (
        rows,
        manifest.get("versions", {}),
        *(rows.values() if isinstance(rows, dict) else ()),
    )
    lists = manifest.get("left_out", [])
    if not all(isinstance(x, dict) for x in tables) or not isinstance(lists, list):
        raise CheckpointError(
            f"{path} is no manifest of kws-train (counts by kind and split, versions by package, a list left_out). "
            "Remove it if another program wrote it"
        )
    return manifest


def _evaluations(path: Path, weights_sha256: str) -> dict[str, Any]:
    """Return the entries that hold an accuracy of these weights; one without a hash is taken as theirs."""
    found = {
        name: entry
        for name, entry in _record(path).items()
        if isinstance(entry, dict)
        and entry.get("n")
        and entry.get("accuracy") is not None
        and entry.get("weights_sha256", weights_sha256) == weights_sha256
    }
    for name, entry in found.items():
        if not _is_evaluation(entry):
            raise CheckpointError(
                f"{path}: {name} is no evaluation of kws-train (n, accuracy, and n, recall and precision of each "
                "class). Remove the file if another program wrote it"
            )
    return found


def _is_evaluation(entry: dict[str, Any]) -> bool:
    """Return whether counts are integers and shares numbers from 0 to 1, or null where a class has none."""
    rows = entry.get("classes", {})
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        return False
    counts = [x.get("n") for x in (entry, *rows.values())]
    shares = [
        entry["accuracy"],
        *(row.get(x) for row in rows.values() for x in ("recall", "precision")),
    ]
    return all(isinstance(x, int) and x >= 0 for x in counts) and all(
        x is None or (isinstance(x, int | float) and 0 <= x <= 1) for x in shares
    )
