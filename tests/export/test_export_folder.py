"""The model folder: whole, true to the run, and open to the daemon and to Hugging Face."""

import base64
import hashlib
import json
import shutil
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import transformers
import yaml
from kws_export.checkpoint import load_checkpoint
from kws_export.export import export_model
from kws_export.measure import Graph, Measured, is_ruined, posteriors
from support.tiny_model import LABELS, make_tiny_run, sounds

from kws_live.errors import ModelError
from kws_live.model import Classifier, load_model_folder


@pytest.fixture(scope="module")
def manifest(tiny_model: Path) -> dict[str, Any]:
    """Content of its `kws.json`."""
    document: dict[str, Any] = json.loads((tiny_model / "kws.json").read_text())
    return document


def test_it_holds_these_files_and_no_others(tiny_model: Path) -> None:
    """Hugging Face's three, two of ONNX, the manifest and the card."""
    assert {path.name for path in tiny_model.iterdir()} == {
        "README.md",
        "config.json",
        "kws.json",
        "model.onnx",
        "model.safetensors",
        "model_quantized.onnx",
        "preprocessor_config.json",
    }


def test_each_file_has_its_hash(tiny_model: Path, manifest: dict[str, Any]) -> None:
    """But for the manifest itself and the card, which people may edit."""
    files = {x for x in tiny_model.iterdir() if x.name not in ("kws.json", "README.md")}
    assert manifest["sha256"] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def test_checkpoint_files_are_copies(tiny_run: Path, tiny_model: Path) -> None:
    """Byte by byte."""
    for name in ("config.json", "preprocessor_config.json", "model.safetensors"):
        assert (tiny_model / name).read_bytes() == (tiny_run / name).read_bytes()


def test_the_hop_is_a_multiple_of_the_stride(manifest: dict[str, Any]) -> None:
    """And 100 ms long, where the stride divides that."""
    assert manifest["hop_samples"] == 1600
    assert manifest["hop_samples"] % manifest["stride_samples"] == 0


def test_the_daemon_runs_it(tiny_model: Path) -> None:
    """The int8 file, with the posteriors of the checkpoint as far as int8 goes."""
    folder = load_model_folder(tiny_model)
    assert (folder.name, folder.labels) == ("tiny", LABELS)
    # The weight of `_unknown_` comes after the checkpoint.
    classifier = Classifier(replace(folder, unknown_weight=1.0))
    windows = sounds(10)
    wanted = posteriors(load_checkpoint(tiny_model).logits(windows))
    found = np.array([classifier.posteriors(window) for window in windows])
    assert np.abs(found - wanted).max() < 0.1


def test_the_pipeline_of_transformers_opens_it(tiny_model: Path) -> None:
    """And gives the posteriors of `model.onnx`."""
    pipe = transformers.pipeline("audio-classification", model=str(tiny_model), top_k=None)
    window = sounds(1)
    found = {x["label"]: x["score"] for x in pipe(window[0] / np.float32(32768))}
    wanted = posteriors(Graph(tiny_model / "model.onnx").logits(window))[0]
    assert found == pytest.approx(dict(zip(LABELS, wanted, strict=True)), abs=1e-5)


def test_the_self_test_window_is_of_the_demo(manifest: dict[str, Any]) -> None:
    """Spoken by a synthesizer: no recording of a person leaves the training data."""
    window = base64.b64decode(manifest["self_test"]["window_int16_base64"])
    with resources.files("kws_live").joinpath("demo/demo.flac").open("rb") as file:
        demo, _ = soundfile.read(file, dtype="int16")
    assert len(window) == 32000
    assert window in demo.tobytes()


def test_the_self_test_notices_another_model(tiny_model: Path, tmp_path: Path) -> None:
    """Files swapped for those of another training, their hashes put right, answer otherwise."""
    (tmp_path / "run").mkdir()
    export_model(
        make_tiny_run(tmp_path / "run", intermediate_size=80),
        tmp_path / "other",
        say=lambda line: None,
    )
    victim = shutil.copytree(tiny_model, tmp_path / "victim")
    document = json.loads((victim / "kws.json").read_text())
    for name in ("model.onnx", "model_quantized.onnx"):
        content = (tmp_path / "other" / name).read_bytes()
        (victim / name).write_bytes(content)
        document["sha256"][name] = hashlib.sha256(content).hexdigest()
    (victim / "kws.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="passes its self-test"):
        Classifier(load_model_folder(victim))


def test_an_older_model_is_replaced(tiny_run: Path, tiny_model: Path, tmp_path: Path) -> None:
    """As a whole: nothing of it is left."""
    target = shutil.copytree(tiny_model, tmp_path / "model")
    (target / "encoder.onnx").write_text("left over")
    export_model(tiny_run, target, say=lambda line: None)
    assert not (target / "encoder.onnx").exists()
    assert load_model_folder(target).name == "model"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_ruined_int8_file_is_left_out(tmp_path: Path) -> None:
    """Ranges that were set on silence hold no sound: the daemon gets float32, and all are told."""
    run = tmp_path / "run"
    run.mkdir()
    checkpoint = load_checkpoint(make_tiny_run(run))
    clips = sounds(208)
    np.savez(run / "validation.npz", clips=clips, labels=checkpoint.logits(clips).argmax(axis=1))
    np.save(run / "calibration.npy", np.zeros_like(clips[:16]))
    said: list[str] = []
    export_model(run, tmp_path / "model", say=said.append)
    assert any("WARNING" in line and "model_quantized.onnx is LEFT OUT" in line for line in said)
    assert said[-2] == "self-test passed; kws-live runs model.onnx"
    document = json.loads((tmp_path / "model/kws.json").read_text())
    assert document["runtime_files"] == list(document["self_test"]["files"]) == ["model.onnx"]
    assert "model_quantized.onnx" not in document["sha256"]
    assert not (tmp_path / "model/model_quantized.onnx").exists()
    assert Classifier(load_model_folder(tmp_path / "model")).file == "model.onnx"
    _, text = card(tmp_path / "model")
    assert "`model_quantized.onnx` lost too much and was left out" in text
    assert "| `model_quantized.onnx` |" not in text


@pytest.mark.parametrize(("lost", "ruined"), [(-3, False), (0, False), (10, False), (11, True)])
def test_int8_may_cost_a_hundredth_of_the_windows(lost: int, ruined: bool) -> None:
    """Up to that it is preferred."""
    fp32 = Measured("model.onnx", 900, 1000, 3.0, 1)
    assert is_ruined(fp32, Measured("model_quantized.onnx", 900 - lost, 1000, 2.0, 1)) == ruined


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
        "1 recordings were left out as silent or cut.",
        "Apache License 2.0",
        "Words by Somebody, CC BY 4.0",
        "| test | checkpoint, torch | 100 | 88.00% | 80.0% – 93.6% |",
        "| yes | 25 | 88.0% | 68.8% – 97.5% | – |",
        "`abc123`",
    ):
        assert line in text
    assert json.loads((tmp_path / "model/kws.json").read_text())["training_commit"] == "abc123"
