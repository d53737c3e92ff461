"""The run folder: what is kept together, and whose commit is recorded."""

import shutil
import subprocess
from pathlib import Path

import pytest
from kws_train.chain import Chain
from kws_train.errors import FlagError
from kws_train.networks import start_network
from kws_train.run_folder import (
    commit_of,
    prepare,
    write_model,
    write_recipe,
)

from kws_live.files import atomic


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_only_the_codes_own_repository_is_recorded(tmp_path: Path) -> None:
    """Code that merely lies in a repository has no commit; a change anywhere in its own shows."""
    code, neighbour = tmp_path / "train" / "code.py", tmp_path / "neighbour.py"
    code.parent.mkdir()
    for file in (code, neighbour):
        file.write_text("x = 1\n")
    assert commit_of(code) is None
    git(tmp_path, "init")
    git(tmp_path, "add", "neighbour.py")
    git(tmp_path, "commit", "-m", "a stranger's")
    assert commit_of(code) is None
    git(tmp_path, "add", "train")
    git(tmp_path, "commit", "-m", "its own")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert commit_of(code) == head
    neighbour.write_text("x = 2\n")
    assert commit_of(code) == head + "+"


def test_new_weights_drop_what_was_measured_with_the_old(chain: Chain, tmp_path: Path) -> None:
    """Nothing in a run folder describes weights that are no longer there."""
    for name in ("metrics.json", "confusion-test.csv", "confusion-test.png", "history.json"):
        (tmp_path / name).write_text("{}")
    write_model(tmp_path, start_network(chain, chain.last, {}))
    left = {p.name for p in tmp_path.iterdir()}
    assert left == {
        *("config.json", "preprocessor_config.json", "model.safetensors", "history.json"),
    }


def test_a_start_that_was_interrupted_can_be_made_again(chain: Chain, tmp_path: Path) -> None:
    """Until the recipe is there, which is written last, the folder holds no run."""
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "calibration.npy").write_bytes(b"")
    prepare(tmp_path, chain, resume=False)
    write_recipe(tmp_path, chain)
    with pytest.raises(FlagError, match="holds a run already"):
        prepare(tmp_path, chain, resume=False)


def test_resuming_with_another_start_is_refused(chain: Chain, tmp_path: Path) -> None:
    """Which checkpoint a run was fine-tuned from is a part of its recipe."""
    write_recipe(tmp_path, chain.starting_from("a"))
    prepare(tmp_path, chain.starting_from("a"), resume=True)
    with pytest.raises(FlagError, match="begun with another recipe"):
        prepare(tmp_path, chain.starting_from("b"), resume=True)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """What a reader saw before, it still sees, and nothing else is left behind."""
    file = tmp_path / "a.json"
    file.write_text("old")

    def write_half() -> None:
        with atomic(file) as waiting:
            waiting.write_text("ne")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]
    assert file.read_text() == "old"
