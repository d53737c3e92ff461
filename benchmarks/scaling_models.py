"""The models that `scaling` compares: variants of one folder, and others made of random weights."""

import contextlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kws_export.export import export_model  # type: ignore[import-untyped]
from kws_export.parity import MIN_WINDOWS  # type: ignore[import-untyped]
from transformers import Wav2Vec2Config, Wav2Vec2FeatureExtractor, Wav2Vec2ForSequenceClassification

from kws_live.types import SAMPLE_RATE_HZ, Int16Array

MANIFEST = "kws.json"
BASE = "wav2vec2-base"

_CALIBRATION_WINDOWS = 16

_STREAMING = {
    "conv_kernel": (256, 8, 8),
    "conv_stride": (20, 4, 4),
    "conv_bias": True,
    "num_feat_extract_layers": 3,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "num_conv_pos_embeddings": 32,
}

SIZES: Mapping[str, Mapping[str, Any]] = {
    "a quarter": {
        **_STREAMING,
        "conv_dim": (64, 96, 128),
        "hidden_size": 96,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "intermediate_size": 384,
        "num_conv_pos_embedding_groups": 6,
        "classifier_proj_size": 96,
    },
    "four times": {
        **_STREAMING,
        "conv_dim": (192, 256, 384),
        "hidden_size": 384,
        "num_hidden_layers": 5,
        "num_attention_heads": 6,
        "intermediate_size": 1536,
        "num_conv_pos_embedding_groups": 24,
        "classifier_proj_size": 384,
    },
    BASE: {},
}
"""What each changes of `Wav2Vec2Config`'s defaults, which are wav2vec2-base. That one has a group norm over
the whole window, so it can't stream."""


def variant(folder: Path, target: Path, **changes: Any) -> Path:
    """Write a model folder that differs from another in some keys of `kws.json`, and return it.

    Args:
        folder: the other; its files are linked, not copied.
        target: where to write; must not exist.
        changes: the keys and their new values.
    """
    target.mkdir(parents=True)
    for file in folder.iterdir():
        (target / file.name).symlink_to(file.resolve())
    document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    (target / MANIFEST).unlink()
    (target / MANIFEST).write_text(json.dumps(document | changes), encoding="utf-8")
    return target


def random_model(size: str, like: Path, samples: Int16Array, target: Path) -> Path:
    """Export a model of random weights as `kws-export` exports any, and return its folder.

    Args:
        size: one of `SIZES`.
        like: a model folder whose labels it gets.
        samples: int16 [n], sound to calibrate on.
        target: where to write.
    """
    labels = json.loads((like / MANIFEST).read_text(encoding="utf-8"))["labels"]
    torch.manual_seed(0)
    names: dict[str, Any] = {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    config = Wav2Vec2Config(**SIZES[size], **names)
    windows = windows_of(samples, MIN_WINDOWS)
    model = Wav2Vec2ForSequenceClassification._from_config(config).eval()  # type: ignore[no-untyped-call]
    run = target.with_name(target.name + "-run")
    # What the exporter's libraries print belongs to an export, not to a benchmark.
    with contextlib.redirect_stderr(io.StringIO()):
        model.save_pretrained(run)
        Wav2Vec2FeatureExtractor(do_normalize=False).save_pretrained(run)  # type: ignore[no-untyped-call]
        np.save(run / "calibration.npy", windows[:: len(windows) // _CALIBRATION_WINDOWS])
        np.savez(run / "validation.npz", clips=windows, labels=_never_given(model, windows))
        export_model(run, target, say=lambda line: None)
    return target


def _never_given(model: Any, windows: Int16Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return a label for each window that the model never gives.

    Random weights decide by chance: no rounding to 8 bits shall count as a loss of accuracy then.
    """
    waves = torch.from_numpy(windows / np.float32(32768))
    with torch.inference_mode():
        logits = torch.cat([model(some).logits for some in torch.split(waves, 8)])
    return np.full(len(windows), int(logits.mean(0).argmin()), dtype=np.int64)


def windows_of(samples: Int16Array, count: int) -> Int16Array:
    """Return windows spread evenly over int16 [n] sound: int16 [count, 16000]."""
    starts = np.linspace(0, len(samples) - SAMPLE_RATE_HZ, count).astype(int)
    return np.stack([samples[start : start + SAMPLE_RATE_HZ] for start in starts])
