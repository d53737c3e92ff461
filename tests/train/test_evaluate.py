"""Judging a model, and the command line around it."""

import csv
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from click.testing import CliRunner
from kws_export.run_folder import read_run
from kws_train.cli import main
from kws_train.evaluate import (
    Evaluation,
    judge,
    load_run,
    report_lines,
    stored_validation,
    weights_sha256,
    write_evaluation,
)
from kws_train.fit import Corpora, fit
from kws_train.recipe import parse_recipe
from safetensors.torch import load_file, save_file

from kws_live.eval.calibration import Reliability

from .conftest import speakers, tiny_document, tone_clip


@pytest.fixture(scope="module")
def run(corpora: Corpora, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny recipe, long enough that it beats guessing."""
    folder = tmp_path_factory.mktemp("evaluate")
    document = tiny_document()
    document["training"] |= {"epochs": 4, "examples_per_epoch": 256}
    document["augment"] = {"snr_db_range": [10, 30], "gain_db_range": [-10, 0]}
    fit(parse_recipe(document), corpora, folder / "run", cache_dir=folder / "cache", workers=0)
    return folder / "run"


def test_metrics_follow_from_the_confusion_matrix() -> None:
    """Recall runs along the rows, precision down the columns; a class without any has neither."""
    confusion = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    metrics = Evaluation(("a", "b", "c"), confusion).metrics()
    assert metrics["n"] == 20
    assert metrics["accuracy"] == 0.85
    assert metrics["accuracy_ci95"] == pytest.approx([0.6211, 0.9679], abs=1e-4)
    assert metrics["ece"] is None
    row = metrics["classes"]["a"]
    assert row.pop("recall_ci95") == pytest.approx([0.4439, 0.9748], abs=1e-4)
    assert row == {"n": 10, "recall": 0.8, "precision": round(8 / 9, 4)}
    nothing = {"n": 0, "recall": None, "recall_ci95": None, "precision": None}
    assert metrics["classes"]["c"] == nothing


def test_every_share_is_printed_with_its_count_and_interval() -> None:
    """What a class lacks is a dash."""
    confusion = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    reliability = Reliability(np.array([20]), np.array([17]), np.array([18.0]))
    lines = report_lines("test", Evaluation(("a", "b", "c"), confusion, reliability).metrics())
    assert (
        lines[0] == "test: accuracy 85.00 % of 20 windows (62.1 – 96.8 %); calibration error 5.00 %"
    )
    assert [line.split() for line in lines[1:]] == [
        ["class", "n", "recall", "95", "%", "precision"],
        ["a", "10", "80.0", "%", "44.4", "–", "97.5", "%", "88.9", "%"],
        ["b", "10", "90.0", "%", "55.5", "–", "99.7", "%", "81.8", "%"],
        ["c", "0", "-", "-", "-"],
    ]


def test_evaluating_a_run_writes_metrics_and_confusion(run: Path) -> None:
    """Without --data the run's own validation windows count, each of them."""
    result = CliRunner().invoke(main, ["evaluate", str(run)])
    assert result.exit_code == 0, result.output
    metrics = json.loads((run / "metrics.json").read_text())["validation"]
    assert metrics["n"] == len(np.load(run / "validation.npz")["labels"])
    history = json.loads((run / "history.json").read_text())
    assert metrics["accuracy"] == pytest.approx(max(h["accuracy"] for h in history), abs=1e-4)
    assert 0 <= metrics["ece"] <= 1
    assert "calibration error" in result.output
    with (run / "confusion-validation.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == ["low", "high", "_unknown_", "_silence_"]
    assert sum(int(v) for row in rows[1:] for v in row[1:]) == metrics["n"]
    assert (run / "confusion-validation.png").read_bytes().startswith(b"\x89PNG")


def test_a_test_folder_is_judged_as_a_whole(run: Path, tmp_path: Path) -> None:
    """--split all counts every clip of a folder, silence and silent clips included."""
    rng = np.random.default_rng(5)
    for speaker in speakers("testing", 6):
        for word, x in {"low": tone_clip(300, rng), "_silence_": np.zeros(16_000)}.items():
            path = tmp_path / "test" / word / f"{speaker}_nohash_0.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            sf.write(path, x, 16_000)
    arguments = ["--data", str(tmp_path / "test"), "--split", "all", "--cache", str(tmp_path / "c")]
    result = CliRunner().invoke(main, ["evaluate", str(run), *arguments])
    assert result.exit_code == 0, result.output
    metrics = json.loads((run / "metrics.json").read_text())["test"]
    assert metrics["classes"]["low"]["n"] == 6
    assert metrics["classes"]["_silence_"]["n"] == 6


def test_a_folder_with_speakers_of_training_is_no_test(
    run: Path, corpora: Corpora, tmp_path: Path
) -> None:
    """--split all on a corpus that was trained on goes by the folder's name, not by `test`."""
    (run / "metrics.json").unlink(missing_ok=True)
    arguments = ["--data", str(corpora.data[0]), "--split", "all", "--cache", str(tmp_path / "c")]
    result = CliRunner().invoke(main, ["evaluate", str(run), *arguments])
    assert result.exit_code == 0, result.output
    assert list(json.loads((run / "metrics.json").read_text())) == ["folder-words"]
    assert (run / "confusion-folder-words.png").is_file()


def test_an_export_knows_which_weights_were_judged(run: Path, tmp_path: Path) -> None:
    """With others in their place, what was measured before goes into no model card."""
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    assert CliRunner().invoke(main, ["evaluate", str(mine)]).exit_code == 0
    weights = mine / "model.safetensors"
    before = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert "validation" in read_run(mine, 4, before).metrics
    tensors = load_file(weights)
    tensors["classifier.bias"] += 1
    save_file(tensors, weights, metadata={"format": "pt"})
    assert read_run(mine, 4, weights_sha256(mine)).metrics == {}


def test_better_weights_that_come_while_some_are_judged_get_no_credit(
    run: Path, tmp_path: Path
) -> None:
    """The hash is that of the weights before the model was loaded, whatever lies there afterwards."""
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    weights = weights_sha256(mine)
    model, recipe, normalize = load_run(mine)
    judged = judge(model, stored_validation(mine), recipe.labels, normalize)
    (mine / "model.safetensors").write_bytes(b"better ones")
    write_evaluation(mine, "validation", judged, weights)
    assert read_run(mine, 4, weights_sha256(mine)).metrics == {}
    assert "validation" in read_run(mine, 4, weights).metrics


def test_corrupt_weights_are_named(run: Path, tmp_path: Path) -> None:
    """Weights that were cut off end as missing input, not as a traceback."""
    broken = tmp_path / "broken"
    shutil.copytree(run, broken)
    whole = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    result = CliRunner().invoke(main, ["evaluate", str(broken)])
    assert result.exit_code == 66
    assert f"{broken} cannot be loaded" in result.output


def test_a_run_folder_that_cannot_be_made_is_an_output_error(
    corpora: Corpora, tmp_path: Path
) -> None:
    """The message names the folder, and the exit code is that of failed writing."""
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "run"
    result = CliRunner().invoke(main, ["fit", "--data", str(corpora.data[0]), "--out", str(out)])
    assert result.exit_code == 74
    assert f"--out {out} cannot be made" in result.output


def test_results_that_cannot_be_written_are_an_output_error(run: Path, tmp_path: Path) -> None:
    """A full or locked disk ends in one line, whichever file it hits."""
    locked = tmp_path / "locked"
    shutil.copytree(run, locked)
    (locked / "confusion-validation.csv").unlink(missing_ok=True)
    (locked / "confusion-validation.csv").mkdir()
    result = CliRunner().invoke(main, ["evaluate", str(locked)])
    assert result.exit_code == 74
    assert "confusion-validation.csv" in result.output


def test_a_folder_without_a_trained_model_is_named(tmp_path: Path) -> None:
    """The message says where trained models come from; the exit code is that of missing input."""
    result = CliRunner().invoke(main, ["evaluate", str(tmp_path)])
    assert result.exit_code == 66
    assert "holds no trained model: give the --out folder of kws-train fit" in result.output


def test_a_split_without_clips_says_what_to_do(run: Path, tmp_path: Path) -> None:
    """A folder none of whose speakers is in the split asks for --split all."""
    sf.write(tmp_path / "x.wav", np.zeros(10), 16_000)
    (tmp_path / "d" / "low").mkdir(parents=True)
    (tmp_path / "x.wav").rename(tmp_path / "d" / "low" / "synthetic-a_nohash_0.wav")
    arguments = ["--data", str(tmp_path / "d"), "--split", "test", "--cache", str(tmp_path / "c")]
    result = CliRunner().invoke(main, ["evaluate", str(run), *arguments])
    assert result.exit_code == 66
    assert "use --split all" in result.output
