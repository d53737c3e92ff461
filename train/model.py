"""Building the network: a compact Wav2Vec2 from scratch, or a pretrained one."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import nn
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
)

from kws_live.errors import ConfigError, InputError
from kws_live.types import SAMPLE_RATE_HZ

from .mel_scale import mel_edges_hz
from .tables import check_keys, typed
from .windows import WINDOW_SAMPLES

#: What fine-tuning makes anew, and a checkpoint may therefore lack: the head, and the vector that
#: stands for masked frames.
NEW_WEIGHTS = ("classifier.", "projector.", "wav2vec2.masked_spec_embed")

#: A non-zero probability makes the model own the vector that stands for masked frames; the masks
#: themselves are always given to it.
_MASKING: dict[str, Any] = {
    "apply_spec_augment": True,
    "mask_time_prob": 0.05,
    "mask_feature_prob": 0.0,
}

#: Gabor filters cover these centre frequencies, evenly on the mel scale.
GABOR_LOWEST_HZ, GABOR_HIGHEST_HZ = 80.0, 7_600.0
#: The filters' L2 norm: normal speech then comes out well above the layer norm's epsilon,
#: a microphone's own hiss below it.
GABOR_NORM = 8.0
#: Filters of each centre frequency.
GABOR_PHASES = 4


class Float32Conv1d(nn.Conv1d):
    """A convolution that leaves autocast: on the waveform, bf16 is both coarse and slow.

    Its parameters have the names and shapes of `nn.Conv1d`'s.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the convolution in float32."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float())


def new_model(
    arguments: dict[str, Any], labels: Sequence[str], seed: int
) -> Wav2Vec2ForSequenceClassification:
    """Return a network with random weights, but for Gabor filters where they are asked for.

    Args:
        arguments: Those of a Wav2Vec2Config, and `gabor_start`.
        labels: Names of the classes in the order of the outputs.
        seed: All weights follow from it.

    Raises:
        ConfigError: The arguments describe no Wav2Vec2, or one that makes no frame of a window.
    """
    torch.manual_seed(seed)
    check_keys(arguments, ("gabor_start", *Wav2Vec2Config().to_dict()), "")
    arguments = dict(arguments)
    gabor_start = typed(arguments.pop("gabor_start", False), bool, "gabor_start", "")
    layers: dict[str, Any] = {}
    for key in ("conv_dim", "conv_kernel", "conv_stride"):
        if key in arguments:
            sizes = typed(arguments[key], tuple[int, ...], key, "")
            if not sizes or min(sizes) < 1:
                raise ConfigError(f"{key} = {list(sizes)}: must be numbers of 1 or more")
            layers["num_feat_extract_layers"] = len(sizes)
    try:
        config = Wav2Vec2Config(**arguments, **layers, **_MASKING, **_names(labels))
        model = Wav2Vec2ForSequenceClassification._from_config(  # type: ignore[no-untyped-call]
            config, attn_implementation="eager"
        )
    except (StrictDataclassError, ValueError, TypeError) as error:
        raise ConfigError(str(error)) from error
    if frames_of(model, WINDOW_SAMPLES) < 1:
        raise ConfigError(
            f"conv_kernel = {config.conv_kernel}, conv_stride = {config.conv_stride}: these leave no "
            f"frame of a window of {WINDOW_SAMPLES} samples; make them smaller"
        )
    if gabor_start:
        if config.conv_dim[0] % GABOR_PHASES:
            raise ConfigError(
                f"gabor_start = true: conv_dim[0] = {config.conv_dim[0]} must be a multiple of "
                f"{GABOR_PHASES}, the phases of each frequency"
            )
        with torch.no_grad():
            first = model.wav2vec2.feature_extractor.conv_layers[0].conv
            first.weight.copy_(gabor_filters(first.out_channels, first.kernel_size[0]))
            if first.bias is not None:
                first.bias.zero_()
    return _spared(model)


def pretrained_model(
    source: str, labels: Sequence[str], seed: int, advice: str
) -> Wav2Vec2ForSequenceClassification:
    """Return a network in float32 with the weights of a checkpoint, and a head for these labels.

    The classifier is the checkpoint's if that is of the same labels in the same order. Else it is
    made anew.

    Args:
        source: A local folder, or a model name of the Hugging Face hub.
        labels: Names of the classes in the order of the outputs.
        seed: What the checkpoint lacks follows from it.
        advice: What to do if it cannot be loaded; ends the message.

    Raises:
        InputError: The checkpoint cannot be loaded, or lacks weights below the head.
    """
    torch.manual_seed(seed)
    if Path(source).is_dir() and not (Path(source) / "config.json").is_file():
        raise InputError(f"{source}: no config.json in it; give a Hugging Face model folder")
    try:
        own_labels = Wav2Vec2Config.from_pretrained(source).id2label
        loaded: Any  # with output_loading_info it is a pair, which the annotation leaves out
        loaded = Wav2Vec2ForSequenceClassification.from_pretrained(
            source,
            attn_implementation="eager",
            use_safetensors=True,  # pickled weights can carry code
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            dtype=torch.float32,  # else that of the file, in which nothing could be trained
            layerdrop=0.0,
            **_MASKING,
            **_names(labels),
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"the checkpoint {source} cannot be loaded: {reason}. {advice}") from error
    model: Wav2Vec2ForSequenceClassification = loaded[0]
    report: dict[str, Any] = loaded[1]
    unlike = {key for key, *_ in report["mismatched_keys"]}
    made_anew = unlike | set(report["missing_keys"])
    lacking = sorted(key for key in made_anew if not key.startswith(NEW_WEIGHTS))
    if lacking:
        raise InputError(
            f"the checkpoint {source} is no whole Wav2Vec2: {len(lacking)} of the network's weights "
            f"are missing from it or of another shape, such as {', '.join(lacking[:3])}. "
            "Training would start from random ones; give another checkpoint"
        )
    if "classifier.weight" not in made_anew and own_labels != dict(enumerate(labels)):
        # As many outputs, but for other words: what they know of those would mislead.
        nn.init.normal_(model.classifier.weight, std=model.config.initializer_range)
        nn.init.zeros_(model.classifier.bias)
    return _spared(model)


def feature_extractor(source: str | None) -> Wav2Vec2FeatureExtractor:
    """Return a checkpoint's preprocessor; without one, that which normalises nothing.

    Raises:
        InputError: The checkpoint has none.
    """
    if source:
        try:
            return Wav2Vec2FeatureExtractor.from_pretrained(source)
        except (OSError, ValueError) as error:
            raise InputError(
                f"the checkpoint {source} has no readable preprocessor_config.json: {error}. "
                "Put the one of the model that it comes from beside its weights"
            ) from error
    return Wav2Vec2FeatureExtractor(  # type: ignore[no-untyped-call]
        feature_size=1, sampling_rate=SAMPLE_RATE_HZ, padding_value=0.0, do_normalize=False
    )


def frames_of(model: Wav2Vec2ForSequenceClassification, samples: int) -> int:
    """Return how many frames the convolutions make of a window."""
    return int(model._get_feat_extract_output_lengths(samples))


def gabor_filters(channels: int, taps: int) -> torch.Tensor:
    """Return Gabor filters on a mel scale, float32[channels, 1, taps].

    Filters 4k to 4k + 3 are cosine, sine, and the negatives of both, of centre frequency k: what
    follows passes what is positive, so the four together tell how strong a frequency is whatever
    its phase. The envelope's width follows the mel spacing, as far as the taps allow. Means are
    removed, so that an offset of the waveform is not heard. After the learnable front ends LEAF
    (Zeghidour et al., 2021).
    """
    n = channels // GABOR_PHASES
    edges = mel_edges_hz(GABOR_LOWEST_HZ, GABOR_HIGHEST_HZ, n)
    t = (np.arange(taps) - (taps - 1) / 2) / SAMPLE_RATE_HZ
    filters = np.zeros((channels, 1, taps), np.float32)
    for k in range(n):
        width_hz = (edges[k + 2] - edges[k]) / 2
        sigma_s = min(math.sqrt(2 * math.log(2)) / (math.pi * width_hz), taps / SAMPLE_RATE_HZ / 5)
        envelope = np.exp(-0.5 * (t / sigma_s) ** 2)
        for j, wave in enumerate((np.cos, np.sin)):
            h = envelope * wave(2 * np.pi * edges[k + 1] * t)
            h -= envelope * h.sum() / envelope.sum()
            h *= GABOR_NORM / np.linalg.norm(h)
            filters[GABOR_PHASES * k + j, 0], filters[GABOR_PHASES * k + j + 2, 0] = h, -h
    return torch.from_numpy(filters)


def _names(labels: Sequence[str]) -> dict[str, Any]:
    return {
        "num_labels": len(labels),
        "id2label": dict(enumerate(labels)),
        "label2id": {label: i for i, label in enumerate(labels)},
        "problem_type": "single_label_classification",
    }


def _spared(model: Wav2Vec2ForSequenceClassification) -> Wav2Vec2ForSequenceClassification:
    """Leave out what training a model would compute for nothing, or worse."""
    encoder = model.wav2vec2.feature_extractor
    encoder.conv_layers[0].conv.__class__ = Float32Conv1d
    # Else, while the convolutions are held back, the gradient is still carried through them.
    encoder._requires_grad = False
    return model
