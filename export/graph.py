"""Checkpoint → ONNX graph on the raw waveform."""

import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import nn
from torch.nn.utils import parametrize

from .checkpoint import Checkpoint
from .lean import make_lean
from .run_folder import WINDOW_SAMPLES

OPSET = 17
FRAMES = "frames"
"""The tensor of a lean graph that holds what the frames of the convolutions become before they meet each other."""

_MARK = "kws_export::Frames"


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

    Its nodes are those that transformers computes, all of them standard. The checkpoint's weight norms are folded on
    the way: load it again to compare with it.
    """
    _fold_weight_norm(checkpoint.model)
    _trace(checkpoint, path)


def write_lean_graph(checkpoint: Checkpoint, path: Path) -> None:
    """Write the checkpoint as an ONNX graph that costs ONNX Runtime less: the same logits up to rounding.

    It takes whole windows only, [batch, WINDOW_SAMPLES], and holds nodes of ONNX Runtime's own. Where the checkpoint
    streams, its tensor FRAMES is [batch, frames, channels], each frame a function of its own samples alone.
    The checkpoint is changed on the way, and of no further use.
    """
    _fold_weight_norm(checkpoint.model)
    make_lean(checkpoint.model)
    base = checkpoint.model.base_model
    base.feature_projection = _MarkedProjection(base.feature_projection)
    _trace(checkpoint, path)
    model = onnx.load(path)
    _name_frames(model)
    onnx.save(model, path)


def _trace(checkpoint: Checkpoint, path: Path) -> None:
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


class _MarkedProjection(nn.Module):
    """A feature projection whose result can be found again in the traced graph."""

    def __init__(self, projection: nn.Module) -> None:
        super().__init__()
        self.projection = projection

    def forward(self, frames: torch.Tensor) -> Any:
        projected = self.projection(frames)
        if isinstance(projected, tuple):  # Wav2Vec2 and WavLM add what they had before
            return _mark(projected[0]), *projected[1:]
        return _mark(projected)


class _Mark(torch.autograd.Function):
    """Nothing but a node to find in the graph."""

    @staticmethod
    def forward(_ctx: Any, frames: torch.Tensor) -> torch.Tensor:
        return frames.clone()

    @staticmethod
    def symbolic(g: Any, frames: Any) -> Any:
        return g.op(_MARK, frames).setType(frames.type())


def _mark(frames: torch.Tensor) -> torch.Tensor:
    marked: torch.Tensor = _Mark.apply(frames)  # type: ignore[no-untyped-call]
    return marked


def _name_frames(model: onnx.ModelProto) -> None:
    """Take the mark out of the graph and give its tensor the name FRAMES."""
    domain, op_type = _MARK.split("::")
    (mark,) = (x for x in model.graph.node if (x.domain, x.op_type) == (domain, op_type))
    marked = (mark.input[0], mark.output[0])
    model.graph.node.remove(mark)
    for node in model.graph.node:
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name in marked:
                    names[i] = FRAMES
    (marks,) = (x for x in model.opset_import if x.domain == domain)
    model.opset_import.remove(marks)
