"""The model card: what a person reads of a model before using it."""

import json
import shutil
from pathlib import Path
from typing import Any

import yaml
from kws_export.export import export_model
from support.tiny_model import LABELS


def card(folder: Path) -> tuple[dict[str, Any], str]:
    """Front matter and text of a card."""
    _, front, text = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(front), text


def test_the_card_opens_as_hugging_face_expects(tiny_model: Path) -> None:
    """With library and task."""
    front, _ = card(tiny_model)
    assert front["library_name"] == "transformers"
    assert front["pipeline_tag"] == "audio-classification"
    assert "keyword-spotting" in front["tags"]


def test_the_card_invents_nothing(tiny_model: Path) -> None:
    """What the run did not record is said to be missing."""
    front, text = card(tiny_model)
    assert "license" not in front
    assert "Apache" not in text
    assert "The run holds no record of its recordings." in text
    assert "licences were not given" in text
    assert "Not stated: the weights are under the terms of the checkpoint" in text
    assert "were not measured" in text
    assert "Commit of the training code: not recorded." in text


def test_the_card_tells_what_the_run_recorded(tiny_run: Path, tmp_path: Path) -> None:
    """Counts by split, metrics with their samples, attributions, commit."""
    run = shutil.copytree(tiny_run, tmp_path / "run")
    classes = {label: {"n": 25, "recall": 0.88, "precision": None} for label in LABELS}
    record = {"test": {"n": 100, "accuracy": 0.88, "classes": classes}}
    (run / "metrics.json").write_text(json.dumps(record))
    counts = {"yes": {"training": 411, "validation": 52}, "noise": {"training": 7}}
    details = {"counts": counts, "left_out": [{"path": "a"}], "commit": "abc123"}
    (run / "manifest.json").write_text(json.dumps(details))
    (tmp_path / "NOTICE").write_text("Words by Somebody, CC BY 4.0\n")
    export_model(run, tmp_path / "model", None, tmp_path / "NOTICE", say=lambda line: None)
    front, text = card(tmp_path / "model")
    assert front["license"] == "apache-2.0"
    for line in (
        "| | training | validation |",
        "| yes | 411 | 52 |",
        "| noise | 7 | 0 |",
        "1 recordings were left out as unreadable, silent, cut, or copies of others.",
        "Apache License 2.0",
        "Words by Somebody, CC BY 4.0",
        "| test | checkpoint, torch | 100 | 88.00% | 80.0% – 93.6% |",
        "| yes | 25 | 88.0% | 68.8% – 97.5% | – |",
        "`abc123`",
    ):
        assert line in text
    assert json.loads((tmp_path / "model/kws.json").read_text())["training_commit"] == "abc123"


def test_the_card_lists_files_and_runtimes(tiny_model: Path) -> None:
    """Each ONNX file with what it is, each runtime with its accuracy on the validation windows."""
    _, text = card(tiny_model)
    for path in tiny_model.glob("*.onnx"):
        assert f"| `{path.name}` |" in text
    for name in ("int8 streaming", "float32 streaming"):
        assert f"| validation | {name} | 208 |" in text


def test_the_card_has_room_for_what_benchmarks_find(tiny_model: Path) -> None:
    """Each section says that nothing was measured until something is."""
    _, text = card(tiny_model)
    for table in ("accuracy", "accuracy-words"):
        assert f"<!-- table:{table} begin -->\nNot measured.\n<!-- table:{table} end -->" in text
