"""The windows that a run leaves for the export."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kws_export.errors import CheckpointError
from kws_export.run_folder import read_run
from support.tiny_model import sounds


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with ten windows of two classes, and nothing else."""
    clips = sounds(10)
    np.save(tmp_path / "calibration.npy", clips)
    np.savez(tmp_path / "validation.npz", clips=clips, labels=np.arange(10) % 2)
    return tmp_path


def test_records_may_be_missing(run: Path) -> None:
    """A checkpoint from elsewhere has none."""
    found = read_run(run, 2)
    assert found.clips.shape == found.calibration.shape == (10, 16000)
    assert (found.metrics, found.manifest, found.recipe) == ({}, {}, "")


@pytest.mark.parametrize("name", ["calibration.npy", "validation.npz"])
def test_windows_may_not(name: str, run: Path) -> None:
    """Without them nothing could be measured."""
    (run / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing.*docs/model-folder.md"):
        read_run(run, 2)


@pytest.mark.parametrize("name", ["calibration.npy", "validation.npz"])
def test_damaged_files_are_named(name: str, run: Path) -> None:
    """And no pickle in them is opened."""
    (run / name).write_bytes(b"not an array")
    with pytest.raises(CheckpointError, match=f"{name} can't be read"):
        read_run(run, 2)


@pytest.mark.parametrize(
    ("clips", "labels", "complaint"),
    [
        (lambda x: x[:, :8000], None, r"int16 \[10, 8000\]; it must hold int16 \[n, 16000\]"),
        (lambda x: x.astype(np.float32), None, "float32"),
        (lambda x: x[:0], None, r"\[0, 16000\]"),
        (lambda x: x, np.zeros(9, np.int64), "one integer for each of the 10 clips"),
        (lambda x: x, np.zeros(10), "float64"),
        (lambda x: x, np.full(10, 2), "from 2 to 2, but the model has 2 classes"),
    ],
)
def test_windows_of_another_shape_are_refused(
    clips: Callable[[np.ndarray], np.ndarray], labels: np.ndarray | None, complaint: str, run: Path
) -> None:
    """With what they are and what they should be."""
    labels = np.zeros(10, np.int64) if labels is None else labels
    np.savez(run / "validation.npz", clips=clips(sounds(10)), labels=labels)
    with pytest.raises(CheckpointError, match=complaint):
        read_run(run, 2)
