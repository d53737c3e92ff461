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
from kws_export.checkpoint import load_checkpoint
from kws_export.export import export_model
from kws_export.measure import Graph
from support.tiny_model import LABELS, WHOLE, make_tiny_model, make_tiny_run, sounds

from kws_live.errors import ModelError
from kws_live.model import Classifier, load_model_folder
from kws_live.model.classifier import softmax


@pytest.fixture(scope="module")
def manifest(tiny_model: Path) -> dict[str, Any]:
    """Content of its `kws.json`."""
    document: dict[str, Any] = json.loads((tiny_model / "kws.json").read_text())
    return document


def test_it_holds_these_files_and_no_others(tiny_model: Path) -> None:
    """Hugging Face's three, ONNX whole and in two parts, float32 and int8, the manifest and the card."""
    assert {path.name for path in tiny_model.iterdir()} == {
        "README.md",
        "config.json",
        "encoder.onnx",
        "encoder_quantized.onnx",
        "head.onnx",
        "head_quantized.onnx",
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
    """The int8 files, with the posteriors of the checkpoint as far as int8 goes."""
    folder = load_model_folder(tiny_model)
    assert (folder.name, folder.labels) == ("tiny", LABELS)
    # The weight of `_unknown_` comes after the checkpoint.
    classifier = Classifier(replace(folder, unknown_weight=1.0))
    assert classifier.runtime.name == "int8 streaming"
    windows = sounds(10)
    wanted = softmax(load_checkpoint(tiny_model).logits(windows))
    found = np.array([classifier.posteriors(window) for window in windows])
    assert np.abs(found - wanted).max() < 0.1


def test_runtimes_are_in_order_of_preference(manifest: dict[str, Any]) -> None:
    """Each with its files, whether it batches, and its own answer to the self-test."""
    rows = [(x["name"], x["files"], x["batches"]) for x in manifest["runtimes"]]
    assert rows == [
        ("int8 streaming", ["encoder_quantized.onnx", "head_quantized.onnx"], True),
        ("float32 streaming", ["encoder.onnx", "head.onnx"], True),
    ]
    for runtime in manifest["runtimes"]:
        assert len(runtime["self_test"]["logits"]) == len(LABELS)
    assert list(manifest["self_test"]) == ["window_int16_base64"]


@pytest.mark.parametrize(
    "changes", [WHOLE, {"normalise": True}], ids=["group norm", "normalised windows"]
)
def test_a_model_that_cannot_stream_has_whole_windows(
    changes: dict[str, Any], tmp_path: Path
) -> None:
    """In one file each; the daemon needs no other word on it."""
    folder = make_tiny_model(tmp_path / "model", **changes)
    document = json.loads((folder / "kws.json").read_text())
    rows = [(x["name"], x["files"]) for x in document["runtimes"]]
    assert rows == [("int8", ["model_quantized.onnx"]), ("float32", ["model.onnx"])]
    assert not list(folder.glob("encoder*")) + list(folder.glob("head*"))
    assert Classifier(load_model_folder(folder)).runtime.name == "int8"


@pytest.mark.parametrize("name", ["int8 streaming", "float32 streaming"])
def test_the_self_test_is_what_the_files_answer(
    name: str, tiny_model: Path, manifest: dict[str, Any]
) -> None:
    """Through both files of a runtime, well within the tolerance."""
    runtime = next(x for x in manifest["runtimes"] if x["name"] == name)
    raw = base64.b64decode(manifest["self_test"]["window_int16_base64"])
    window = np.frombuffer(raw, "<i2")[np.newaxis]
    found = softmax(Graph(*(tiny_model / x for x in runtime["files"])).logits(window))
    wanted = softmax(np.array([runtime["self_test"]["logits"]], dtype=np.float32))
    assert np.abs(found - wanted).max() < runtime["self_test"]["tolerance"] / 2


def test_the_pipeline_of_transformers_opens_it(tiny_model: Path) -> None:
    """And gives the posteriors of `model.onnx`."""
    pipe = transformers.pipeline("audio-classification", model=str(tiny_model), top_k=None)
    window = sounds(1)
    found = {x["label"]: x["score"] for x in pipe(window[0] / np.float32(32768))}
    wanted = softmax(Graph(tiny_model / "model.onnx").logits(window))[0]
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
    for name in (x for runtime in document["runtimes"] for x in runtime["files"]):
        content = (tmp_path / "other" / name).read_bytes()
        (victim / name).write_bytes(content)
        document["sha256"][name] = hashlib.sha256(content).hexdigest()
    (victim / "kws.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="passes its self-test"):
        Classifier(load_model_folder(victim))


def test_an_older_model_is_replaced(tiny_run: Path, tiny_model: Path, tmp_path: Path) -> None:
    """As a whole: nothing of it is left."""
    target = shutil.copytree(tiny_model, tmp_path / "model")
    (target / "tail.onnx").write_text("left over")
    export_model(tiny_run, target, say=lambda line: None)
    assert not (target / "tail.onnx").exists()
    assert load_model_folder(target).name == "model"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
