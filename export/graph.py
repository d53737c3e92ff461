"""Checkpoint → ONNX graph on the raw waveform."""

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrize

from .checkpoint import Checkpoint
from .run_folder import WINDOW_SAMPLES

OPSET = 17


class WaveformClassifier(nn.Module):
    """Samples in [-1, 1] → logits, the normalisation of the waveform included.

    Normalisation as in `Wav2Vec2FeatureExtractor.zero_mean_unit_var_norm` of transformers.
    """

    def __init__(self, model: Any, normalise: bool) -> None:
        super().__init__()
        self.model = model
        self.normalise = normalise

    def forward(self, input_values: torch.Tensor) -> torch.Tensor:
        """Return float32 logits [batch, labels] of float32 samples [batch, samples]."""
        if self.normalise:
            centred = input_values - input_values.mean(dim=-1, keepdim=True)
            variance = centred.square().mean(dim=-1, keepdim=True)
            input_values = centred / torch.sqrt(variance + 1e-7)
        logits: torch.Tensor = self.model(input_values).logits
        return logits


def write_graph(checkpoint: Checkpoint, path: Path) -> None:
    """Write the checkpoint as ONNX: `input_values` [batch, samples] float32 → `logits` [batch, labels].

    The checkpoint's weight norms are folded on the way: load it again to compare with it.
    """
    _fold_weight_norm(checkpoint.model)
    classifier = WaveformClassifier(checkpoint.model, checkpoint.normalises).eval()
    # Two windows of noise: a batch of one, or of zeros, could let the tracer take a dimension for constant.
    example = torch.randn(2, WINDOW_SAMPLES, generator=torch.Generator().manual_seed(0)) * 0.1
    with warnings.catch_warnings(), torch.no_grad():
        # The tracing exporter is deprecated, yet its graphs are as fast, it takes a tenth of the time
        # and needs no onnxscript; opset 17 is out of the other one's reach.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            classifier,
            (example,),
            str(path),
            input_names=["input_values"],
            output_names=["logits"],
            dynamic_axes={"input_values": {0: "batch", 1: "samples"}, "logits": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )


def _fold_weight_norm(model: nn.Module) -> None:
    """Turn weights kept as direction and length into plain ones, so that the quantizer sees constants."""
    for module in model.modules():
        if parametrize.is_parametrized(module, "weight"):
            parametrize.remove_parametrizations(module, "weight")
