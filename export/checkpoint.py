"""Hugging Face checkpoints: which ones can be exported, and what the graph needs to know of them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    HubertForSequenceClassification,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
    WavLMForSequenceClassification,
)
from transformers.utils import logging as transformers_logging

from kws_live.types import SAMPLE_RATE_HZ, SILENCE_LABEL, UNKNOWN_LABEL, Float32Array, Int16Array

from .errors import CheckpointError
from .grid import Grid
from .run_folder import WINDOW_SAMPLES

CLASSIFIERS: dict[str, Any] = {
    "wav2vec2": Wav2Vec2ForSequenceClassification,
    "hubert": HubertForSequenceClassification,
    "wavlm": WavLMForSequenceClassification,
}
"""Raw-waveform classifiers by `model_type`; all share one convolutional front."""

WEIGHTS = "model.safetensors"
CHECKPOINT_FILES = ("config.json", "preprocessor_config.json", WEIGHTS)
INT16_SCALE = np.float32(1 / 32768)


@dataclass(frozen=True)
class Checkpoint:
    """A classifier and how its audio is prepared.

    Attributes:
        model: the torch model, in evaluation mode with eager attention.
        extractor: Hugging Face's own preparation of the waveform.
        labels: class names in the order of the logits.
    """

    model: Any
    extractor: Any
    labels: tuple[str, ...]

    @property
    def keywords(self) -> tuple[str, ...]:
        """The labels a user can say."""
        return tuple(x for x in self.labels if x not in (UNKNOWN_LABEL, SILENCE_LABEL))

    @property
    def normalises(self) -> bool:
        """Whether each window is brought to zero mean and unit variance before the model."""
        return bool(self.extractor.do_normalize)

    @property
    def grid(self) -> Grid:
        """Where its frames lie."""
        return Grid.of(self.model.config.conv_kernel, self.model.config.conv_stride)

    @property
    def streams(self) -> bool:
        """Whether each frame of the convolutional front depends on its own samples alone, not on the window's."""
        return self.model.config.feat_extract_norm == "layer" and not self.normalises

    def logits(self, windows: Int16Array) -> Float32Array:
        """Return the logits of int16 windows [n, samples] as Hugging Face computes them: float32 [n, labels]."""
        waves = list(windows.astype(np.float32) * INT16_SCALE)
        prepared = self.extractor(waves, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
        with torch.inference_mode():
            logits = self.model(prepared["input_values"]).logits
        result: Float32Array = logits.numpy()
        return result


def load_checkpoint(folder: Path, origin: Path | None = None) -> Checkpoint:
    """Return the classifier stored in a folder of the Hugging Face layout.

    Only safetensors weights are read: nothing is unpickled, nothing is fetched.

    Args:
        folder: holds CHECKPOINT_FILES.
        origin: the folder they were copied from, which errors name then; `folder` itself if None.

    Raises:
        CheckpointError: a file is missing, the model is of a kind that can't be exported, it takes another
            sample rate, weights are missing from it, or its labels aren't what the daemon needs.
    """
    origin = origin or folder
    check_files(folder)
    kind = _check_kind(origin, _read_json(folder, origin, "config.json"))
    extractor = _load_extractor(folder, origin)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, report = CLASSIFIERS[kind].from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            attn_implementation="eager",
            dtype=torch.float32,
        )
    except Exception as error:  # transformers, safetensors and torch each raise their own
        raise CheckpointError(
            f"{origin / WEIGHTS} can't be loaded as {CLASSIFIERS[kind].__name__}: {error}"
        ) from error
    if report["missing_keys"] or report["mismatched_keys"]:
        missing = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
        raise CheckpointError(
            f"{origin / WEIGHTS} lacks {len(missing)} of the model's weights "
            f"(the first is {missing[0]}): finish the training, or export another checkpoint"
        )
    checkpoint = Checkpoint(model.eval(), extractor, _labels(model.config, origin / "config.json"))
    if checkpoint.grid.window_frames < 1:
        raise CheckpointError(
            f"{origin / 'config.json'}: a frame of these convolutions sees "
            f"{checkpoint.grid.receptive_field_samples} samples; kws-live gives its models {WINDOW_SAMPLES}"
        )
    return checkpoint


def check_files(folder: Path) -> None:
    """Raise CheckpointError if `folder` lacks one of CHECKPOINT_FILES."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder}: no such folder; give the folder that kws-train wrote")
    for name in CHECKPOINT_FILES:
        if not (folder / name).is_file():
            raise CheckpointError(
                f"{folder / name} is missing: a checkpoint holds {', '.join(CHECKPOINT_FILES)} "
                "(weights in other formats are not read; save them with save_pretrained)"
            )


def _labels(config: Any, file: Path) -> tuple[str, ...]:
    """Return the class names in the order of the logits, or raise CheckpointError if the daemon can't use them."""
    names: dict[int, Any] = config.id2label
    if sorted(names) != list(range(len(names))):
        raise CheckpointError(
            f"{file}: id2label numbers its labels {sorted(names)}, not 0, 1, 2, …"
        )
    labels = tuple(names[i] for i in range(len(names)))
    if not all(isinstance(x, str) and x.isprintable() and x.strip() for x in labels):
        raise CheckpointError(
            f"{file}: id2label is {list(labels)}; each label must be a printable name"
        )
    if len(set(labels)) != len(labels) or {UNKNOWN_LABEL, SILENCE_LABEL}.issuperset(labels):
        raise CheckpointError(
            f"{file}: id2label is {list(labels)}; "
            "labels must differ from each other and name at least one keyword"
        )
    for needed, what in ((UNKNOWN_LABEL, "other speech"), (SILENCE_LABEL, "no speech")):
        if needed not in labels:
            raise CheckpointError(
                f"{file}: id2label is {list(labels)} and lacks {needed!r}, the class of "
                f"{what}. If the model has such a class under another name, rename it there (and in "
                "label2id); if not, fine-tune it with one: on a stream nearly all that is heard is no keyword"
            )
    return labels


def _check_kind(folder: Path, config: dict[str, Any]) -> str:
    kind = str(config.get("model_type"))
    named = [str(x) for x in config.get("architectures") or []]
    if kind not in CLASSIFIERS:
        wanted = ", ".join(cls.__name__ for cls in CLASSIFIERS.values())
        raise CheckpointError(
            f"{folder} holds {' '.join(named) or 'a model'} (model_type {kind!r}), which kws-export "
            f"doesn't know; it exports classifiers on the raw waveform: {wanted}"
        )
    wanted = CLASSIFIERS[kind].__name__
    if named != [wanted]:
        raise CheckpointError(
            f"{folder} holds {' '.join(named) or 'no named architecture'}, which has no classifier for "
            f"labels; fine-tune it as {wanted} first"
        )
    return kind


def _load_extractor(folder: Path, origin: Path) -> Any:
    path = origin / "preprocessor_config.json"
    settings = _read_json(folder, origin, path.name)
    kind = settings.get("feature_extractor_type", "Wav2Vec2FeatureExtractor")
    if kind != "Wav2Vec2FeatureExtractor":
        raise CheckpointError(
            f"{path}: feature_extractor_type is {kind!r}; "
            "only Wav2Vec2FeatureExtractor leaves the waveform as it is"
        )
    extractor = Wav2Vec2FeatureExtractor(**settings)  # type: ignore[no-untyped-call]
    if extractor.sampling_rate != SAMPLE_RATE_HZ:
        raise CheckpointError(
            f"{path}: sampling_rate is {extractor.sampling_rate}; kws-live gives its models "
            f"{SAMPLE_RATE_HZ} Hz, so train the model at that rate"
        )
    return extractor


def _read_json(folder: Path, origin: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{origin / name} can't be read: {error}") from error
    if not isinstance(value, dict):
        raise CheckpointError(
            f"{origin / name} holds no JSON object; it is damaged or another kind of file"
        )
    return value
