"""The command `kws-export`, as a user runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def kws_export(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    command = [sys.executable, "-c", "from kws_export.cli import main; main()"]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
    )


def test_a_run_becomes_a_model(tiny_run: Path, tmp_path: Path) -> None:
    """With a report on parity, on what int8 costs, and on the time for a window."""
    done = kws_export(tiny_run, tmp_path / "model")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "model/kws.json").read_text())["name"] == "model"
    for part in (
        "as recorded",
        "quiet",
        "clipped",
        "digital zero",
        "(",
        "/208)",
        " ms",
        "int8 with 7-bit weights names",
        "int8 streaming names",
    ):
        assert part in done.stdout
    assert done.stdout.endswith(f"wrote {tmp_path / 'model'}\n")


def test_the_current_folder_may_be_the_target(tiny_run: Path, tmp_path: Path) -> None:
    """The model has its name, and the user is told how to see it."""
    (tmp_path / "here").mkdir()
    done = kws_export(tiny_run, ".", cwd=tmp_path / "here")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "here/kws.json").read_text())["name"] == "here"
    assert done.stdout.endswith("wrote . (in place of the folder you are in: cd . enters it)\n")


@pytest.mark.parametrize("missing", ["model.safetensors", "calibration.npy"])
def test_an_incomplete_run_ends_with_66(missing: str, tiny_run: Path, tmp_path: Path) -> None:
    """One line names the file; nothing is written."""
    run = tmp_path / "run"
    run.mkdir()
    for path in tiny_run.iterdir():
        if path.name != missing:
            (run / path.name).symlink_to(path)
    done = kws_export(run, tmp_path / "model")
    assert done.returncode == 66
    assert done.stderr.startswith(f"kws-export: {run / missing} is missing")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_target_in_use_ends_with_2(tiny_run: Path, tmp_path: Path) -> None:
    """As wrong arguments do."""
    (tmp_path / "notes.txt").write_text("keep me")
    done = kws_export(tiny_run, tmp_path)
    assert done.returncode == 2
    assert "is no model folder" in done.stderr
    assert (tmp_path / "notes.txt").read_text() == "keep me"


def test_help_needs_no_torch() -> None:
    """It comes at once, even where the extra is not installed."""
    code = "import sys, kws_export.cli; sys.exit(bool({'torch', 'transformers', 'onnx'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "RUN is what" in kws_export("--help").stdout
