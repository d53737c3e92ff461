"""Very small models with random weights, in the formats of trained ones, made in a second or two."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from kws_export.checkpoint import CLASSIFIERS
from kws_export.export import export_model

from kws_live.types import SAMPLE_RATE_HZ, Int16Array

__all__ = ["LABELS", "WHOLE", "make_tiny_model", "make_tiny_run", "sounds"]

# The tests share few cores: a second thread would mostly wait for the first.
torch.set_num_threads(1)
transformers.utils.logging.disable_progress_bar()

LABELS = ("yes", "no", "_unknown_", "_silence_")
ARCHITECTURE: dict[str, Any] = {
    "conv_dim": (24, 24, 24),
    "conv_kernel": (80, 8, 4),
    "conv_stride": (40, 4, 2),
    "num_feat_extract_layers": 3,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "conv_bias": True,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "num_conv_pos_embeddings": 8,
    "num_conv_pos_embedding_groups": 2,
    "classifier_proj_size": 32,
}


WHOLE: dict[str, Any] = {
    "feat_extract_norm": "group",
    "do_stable_layer_norm": False,
    "conv_bias": False,
}
"""Changes to it that make every frame depend on the whole window, as in wav2vec2-base."""


def make_tiny_model(
    folder: Path,
    labels: Sequence[str] = LABELS,
    *,
    normalise: bool = False,
    **architecture: Any,
) -> Path:
    """Make a model folder that the daemon runs, exported by `kws-export`; it guesses at random, always alike.

    Args:
        folder: a folder that doesn't exist yet.
        labels: the model's classes; `_unknown_` and `_silence_` must be among them.
        normalise: let each window be normalised, so that the model can't stream.
        architecture: as for `make_tiny_run`; with **WHOLE the model can't stream either.

    Returns:
        `folder`.
    """
    with tempfile.TemporaryDirectory() as run:
        made = make_tiny_run(Path(run), labels, normalise=normalise, **architecture)
        export_model(made, folder, say=lambda line: None)
    return folder


def make_tiny_run(
    folder: Path,
    labels: Sequence[str] = LABELS,
    *,
    kind: str = "wav2vec2",
    normalise: bool = False,
    **architecture: object,
) -> Path:
    """Fill `folder` with what `kws-train` leaves of a run, the weights being random but always the same.

    Args:
        folder: an existing folder.
        labels: the model's classes.
        kind: `model_type` of the checkpoint.
        normalise: let the preprocessor normalise each window.
        architecture: arguments of the model's configuration that replace those of ARCHITECTURE.

    Returns:
        `folder`.
    """
    classifier = CLASSIFIERS[kind]
    names = dict(enumerate(labels))
    config = classifier.config_class(
        **{**ARCHITECTURE, **architecture},
        num_labels=len(labels),
        id2label=names,
        label2id={label: i for i, label in names.items()},
    )
    with torch.random.fork_rng():
        torch.manual_seed(2)
        model = classifier(config)
    # Fresh classifiers answer nearly the same to every sound; large weights make them differ.
    with torch.no_grad():
        model.classifier.weight.mul_(30)
        model.projector.weight.mul_(5)
    model.save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(do_normalize=normalise).save_pretrained(folder)
    clips = sounds(208)
    np.save(folder / "calibration.npy", clips[::13])
    np.savez(folder / "validation.npz", clips=clips, labels=np.arange(len(clips)) % len(labels))
    return folder


def sounds(count: int) -> Int16Array:
    """Return int16 [count, 16000] of sweeping tones in noise, each of its own level and pitch, always the same."""
    rng = np.random.default_rng(5)
    time_s = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    rows = []
    for _ in range(count):
        low_hz, sweep_hz, tremor_hz = rng.uniform((80, -200, 2), (2000, 2000, 12))
        tone = np.sin(2 * np.pi * (low_hz + sweep_hz * time_s) * time_s) * np.sin(
            np.pi * tremor_hz * time_s
        )
        noise = rng.standard_normal(SAMPLE_RATE_HZ) * 10 ** rng.uniform(-3, -1)
        level = 10 ** rng.uniform(-2, -0.1)
        rows.append(np.clip((tone * level + noise) * 32767, -32768, 32767).astype(np.int16))
    return np.stack(rows)
