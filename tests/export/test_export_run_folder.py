"""The windows that a run leaves for the export."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kws_export.errors import CheckpointError
from kws_export.run_folder import read_run
from support.tiny_model import sounds

WEIGHTS = "5eed" * 16


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run with ten windows of two classes, and nothing else."""
    clips = sounds(10)
    np.save(tmp_path / "calibration.npy", clips)
    np.savez(tmp_path / "validation.npz", clips=clips, labels=np.arange(10) % 2)
    return tmp_path


def test_records_may_be_missing(run: Path) -> None:
    """A checkpoint from elsewhere has none."""
    found = read_run(run, 2, WEIGHTS)
    assert found.clips.shape == found.calibration.shape == (10, 16000)
    assert (found.metrics, found.manifest, found.recipe) == ({}, {}, "")


@pytest.mark.parametrize("name", ["calibration.npy", "validation.npz"])
def test_windows_may_not(name: str, run: Path) -> None:
    """Without them nothing could be measured."""
    (run / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing.*docs/model-folder.md"):
        read_run(run, 2, WEIGHTS)


@pytest.mark.parametrize("name", ["calibration.npy", "validation.npz"])
def test_damaged_files_are_named(name: str, run: Path) -> None:
    """And no pickle in them is opened."""
    (run / name).write_bytes(b"not an array")
    with pytest.raises(CheckpointError, match=f"{name} can't be read"):
        read_run(run, 2, WEIGHTS)


def test_an_object_array_is_refused(run: Path) -> None:
    """It lies in the file as a pickle, which is opened only when the member is asked for."""
    np.savez(run / "validation.npz", clips=sounds(10), labels=np.array([{}] * 10, dtype=object))
    with pytest.raises(CheckpointError, match=r"validation\.npz can't be read: .*pickle"):
        read_run(run, 2, WEIGHTS)


def test_a_damaged_member_is_named_with_its_file(run: Path) -> None:
    """The list of members may be whole while one of them isn't."""
    content = bytearray((run / "validation.npz").read_bytes())
    content[5000:5100] = bytes(100)
    (run / "validation.npz").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"validation\.npz can't be read: .*CRC"):
        read_run(run, 2, WEIGHTS)


def test_one_array_and_several_are_told_apart(run: Path) -> None:
    """Whichever was saved in the place of the other."""
    single, several = (run / "calibration.npy").read_bytes(), (run / "validation.npz").read_bytes()
    (run / "calibration.npy").write_bytes(several)
    with pytest.raises(CheckpointError, match=r"calibration\.npy .*several arrays instead of one"):
        read_run(run, 2, WEIGHTS)
    (run / "calibration.npy").write_bytes(single)
    (run / "validation.npz").write_bytes(single)
    with pytest.raises(CheckpointError, match=r"validation\.npz .*instead of clips and labels"):
        read_run(run, 2, WEIGHTS)


def test_a_missing_array_is_named(run: Path) -> None:
    """And not only its file."""
    np.savez(run / "validation.npz", clips=sounds(10))
    with pytest.raises(CheckpointError, match=r"validation\.npz lacks the array 'labels'"):
        read_run(run, 2, WEIGHTS)


def test_evaluations_of_other_weights_are_left_out(run: Path) -> None:
    """The record of a run may be older than its weights; an entry that names none is believed."""
    entry = {"n": 10, "accuracy": 0.9, "classes": {}}
    record = {
        "these": entry | {"weights_sha256": WEIGHTS},
        "unnamed": entry,
        "others": entry | {"weights_sha256": "0" * 64},
        "empty": {"n": 0, "accuracy": None, "classes": {}},
        "seconds": 12.5,
    }
    (run / "metrics.json").write_text(json.dumps(record))
    assert list(read_run(run, 2, WEIGHTS).metrics) == ["these", "unnamed"]


@pytest.mark.parametrize("name", ["metrics.json", "manifest.json", "recipe.toml"])
def test_a_record_that_is_no_text_is_named(name: str, run: Path) -> None:
    """Rather than left out."""
    (run / name).write_bytes(b"\xff\xfe{}")
    with pytest.raises(CheckpointError, match=f"{name} can't be read"):
        read_run(run, 2, WEIGHTS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("manifest.json", {"counts": {"yes": 3}}),
        ("manifest.json", {"versions": ["torch 2"]}),
        ("manifest.json", {"left_out": 3}),
        ("metrics.json", {"eval": {"n": 10, "accuracy": "high"}}),
        ("metrics.json", {"eval": {"n": 10, "accuracy": 88.0}}),
        ("metrics.json", {"eval": {"n": 10, "accuracy": 0.9, "classes": {"yes": 0.9}}}),
        ("metrics.json", {"eval": {"n": 10, "accuracy": 0.9, "classes": {"yes": {"recall": 0.9}}}}),
    ],
)
def test_a_record_of_another_program_is_named(name: str, content: object, run: Path) -> None:
    """Such names are common, and the card would be the last thing to fail."""
    (run / name).write_text(json.dumps(content))
    with pytest.raises(CheckpointError, match=rf"{name}.* of kws-train .*Remove"):
        read_run(run, 2, WEIGHTS)


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
        read_run(run, 2, WEIGHTS)
