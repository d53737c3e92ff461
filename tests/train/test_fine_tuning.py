"""Fine-tuning a pretrained checkpoint: what learns when, and that nothing is fetched."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from kws_train.chain import Chain
from kws_train.fit import Corpora, fit
from kws_train.recipe import load_recipe
from kws_train.run_folder import write_recipe
from safetensors.torch import load_file

from kws_live.errors import InputError


def short(frozen_epochs: int) -> Chain:
    """The built-in recipe on the tiny corpus: three epochs of two steps, the first for the head."""
    base = load_recipe("wav2vec2-base").with_keywords(("low", "high"))
    training = replace(
        base.last.training,
        epochs=3,
        examples_per_epoch=32,
        batch_size=16,
        learning_rate=1e-3,
        feature_encoder_frozen_epochs=frozen_epochs,
    )
    return replace(base, stages=(replace(base.last, training=training),))


def weights_of_each_epoch(run: Path) -> list[dict[str, torch.Tensor]]:
    return [
        load_file(run / "checkpoints" / f"checkpoint-{step}" / "model.safetensors")
        for step in (2, 4, 6)
    ]


@pytest.mark.parametrize("frozen_epochs", [2, -1])
def test_the_head_learns_first_and_the_convolutions_last(
    frozen_epochs: int,
    corpora: Corpora,
    tmp_path: Path,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Epoch 1 trains the head, epoch 2 the transformer too, epoch 3 all; or never the convolutions."""
    monkeypatch.setattr("kws_train.checkpoints.CHECKPOINT_EVERY_S", 0.0)
    monkeypatch.setattr("kws_train.trainer.KEPT", None)
    chain, run = short(frozen_epochs), tmp_path / "run"
    fit(chain, corpora, run, cache_dir=tmp_path / "cache", init=str(checkpoint), workers=0)
    assert load_recipe(str(run / "recipe.toml")).last.pretrained == str(checkpoint)
    start = {
        k: v for k, v in load_file(checkpoint / "model.safetensors").items() if "quantizer" not in k
    }
    first, second, third = weights_of_each_epoch(run)

    def learnt(before: dict[str, torch.Tensor], after: dict[str, torch.Tensor], part: str) -> bool:
        found = [not torch.equal(before[k], after[k]) for k in after if part in k and k in before]
        assert found
        assert all(found) or not any(found)
        return all(found)

    convolutions, transformer = ".conv_layers.", ".attention.v_proj.weight"
    assert [learnt(*pair, transformer) for pair in ((start, first), (first, second))] == [
        *(False, True),
    ]
    assert [learnt(*pair, convolutions) for pair in ((start, first), (first, second))] == [
        *(False, False),
    ]
    assert learnt(second, third, convolutions) == (frozen_epochs == 2)
    assert learnt(second, third, transformer)
    assert learnt(first, second, "classifier.weight")


def test_a_local_checkpoint_is_fine_tuned_without_a_network(
    corpora: Corpora, checkpoint: Path, tmp_path: Path
) -> None:
    """The installed command, offline: a folder with the hub's files is enough."""
    chain = replace(short(2), networks={})
    once = replace(chain.last.training, epochs=1)
    write_recipe(tmp_path, replace(chain, stages=(replace(chain.last, training=once),)))
    command = [sys.executable, "-m", "kws_train", "fit", "--recipe", tmp_path / "recipe.toml"]
    options = ["--data", corpora.data[0], "--out", tmp_path / "run", "--cache", tmp_path / "cache"]
    done = subprocess.run(
        [*command, *options, "--init", checkpoint, "--workers", "0"],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "empty")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "validation: accuracy" in done.stdout
    assert (tmp_path / "run" / "model.safetensors").is_file()


def test_a_model_that_is_not_there_says_what_to_give(
    corpora: Corpora, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline and never fetched: the message names it and the way out, before anything is decoded."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    elsewhere = short(2).starting_from("nobody/nothing")
    with pytest.raises(InputError, match=r"nobody/nothing cannot be loaded.* with --init"):
        fit(elsewhere, corpora, tmp_path / "run", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
