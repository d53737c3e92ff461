"""Another form of the same network: parts of a torch model rebuilt so that their ONNX nodes cost less.

Nothing is approximated: each part computes what the one it replaces computes, up to rounding.
"""

from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers.models.hubert.modeling_hubert import (
    HubertAttention,
    HubertPositionalConvEmbedding,
)
from transformers.models.wav2vec2.modeling_wav2vec2 import (
    Wav2Vec2Attention,
    Wav2Vec2PositionalConvEmbedding,
)
from transformers.models.wavlm.modeling_wavlm import WavLMPositionalConvEmbedding

PHASES = 4
"""Neighbouring outputs of the positional convolution that are computed as one row of a matrix product."""

ATTENTIONS = (Wav2Vec2Attention, HubertAttention)
POSITIONS = (
    Wav2Vec2PositionalConvEmbedding,
    HubertPositionalConvEmbedding,
    WavLMPositionalConvEmbedding,
)


def make_lean(model: Any) -> None:
    """Rebuild parts of a Wav2Vec2, HuBERT or WavLM classifier in place; its weight norms must be folded.

    WavLM keeps its attention, which has a position bias of its own.
    """
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, ATTENTIONS):
                setattr(module, name, Attention(child))
            elif isinstance(child, POSITIONS) and getattr(child, "batch_norm", None) is None:
                setattr(module, name, PositionalConvolution(child))
    base = model.base_model
    if model.config.feat_extract_norm == "layer":
        base.feature_extractor = Front(base.feature_extractor.conv_layers)
    model.classifier = PooledClassifier(model.projector, model.classifier)
    model.projector = FramePool()


class FramePool(nn.Module):
    """The mean over the frames as a matrix product, which is the same for a window alone and in a batch, bit for bit.

    ONNX Runtime's own mean over an axis in the middle adds up in one order for a batch of one, in another for more.
    """

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return [batch, 1, channels] of [batch, frames, channels], whose number is fixed when traced."""
        count = int(frames.shape[1])
        return torch.full((1, count), 1 / count) @ frames


class PooledClassifier(nn.Module):
    """Projector and classifier as one matrix, applied to the mean over the frames: all of them are linear.

    The products are summed by hand, because a matrix product too has orders of its own for one row and for more.
    """

    def __init__(self, projector: nn.Linear, classifier: nn.Linear) -> None:
        super().__init__()
        self.weight = nn.Parameter((classifier.weight @ projector.weight).detach())
        self.bias = nn.Parameter(classifier(projector.bias).detach())

    def forward(self, pooled: torch.Tensor) -> torch.Tensor:
        """Return logits [batch, labels] of the mean of the frames [batch, channels]."""
        return (pooled.unsqueeze(1) * self.weight).sum(-1) + self.bias


class Front(nn.Module):
    """The convolutions with layer norms, as images of one row: ONNX Runtime has faster kernels for these."""

    def __init__(self, layers: Any) -> None:
        super().__init__()
        self.layers = nn.ModuleList(FrontLayer(layer) for layer in layers)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        """Return [batch, channels, frames] of [batch, samples]."""
        image = waveform[:, None, None]
        for layer in self.layers:
            image = layer(image)
        return image.squeeze(2)


class FrontLayer(nn.Module):
    """Convolution, layer norm over the channels and activation of [batch, channels, 1, frames]."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.weight = nn.Parameter(layer.conv.weight.detach().unsqueeze(2))
        self.bias = layer.conv.bias
        self.stride = (1, layer.conv.stride[0])
        self.layer_norm = layer.layer_norm
        self.activation = layer.activation

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return fewer frames of more channels."""
        image = functional.conv2d(image, self.weight, self.bias, self.stride)
        # The activation before the second transposition, which ends at the next convolution's own.
        normed: torch.Tensor = self.layer_norm(image.permute(0, 2, 3, 1))
        active: torch.Tensor = self.activation(normed)
        return active.permute(0, 3, 1, 2)


class Attention(nn.Module):
    """Self-attention as one matrix product for query, key and value, and one node for what follows."""

    def __init__(self, attention: Any) -> None:
        super().__init__()
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        self.weight = nn.Parameter(torch.cat([part.weight.detach() for part in parts]).T)
        self.bias = nn.Parameter(torch.cat([part.bias.detach() for part in parts]))
        self.out_proj = attention.out_proj
        self.heads = attention.num_heads

    def forward(self, hidden_states: torch.Tensor, **_: object) -> tuple[torch.Tensor, None]:
        """Return what the replaced module returns, [batch, frames, channels] first; there is never a mask."""
        together = hidden_states @ self.weight + self.bias
        query, key, value = torch.split(together, together.shape[-1] // 3, dim=-1)
        attended = _Attend.apply(query, key, value, self.heads)  # type: ignore[no-untyped-call]
        return self.out_proj(attended), None


class _Attend(torch.autograd.Function):
    """softmax(query · keyᵀ / √size) · value in each head; in ONNX, the node of ONNX Runtime for it."""

    @staticmethod
    def forward(
        _ctx: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, heads: int
    ) -> torch.Tensor:
        batch, frames, _ = query.shape
        query, key, value = (
            x.reshape(batch, frames, heads, -1).transpose(1, 2) for x in (query, key, value)
        )
        return functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(g: Any, query: Any, key: Any, value: Any, heads: int) -> Any:
        node = g.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads)
        return node.setType(query.type())


class PositionalConvolution(nn.Module):
    """A grouped convolution over frames as one matrix product per group, PHASES outputs a row.

    A group has few channels, too few for a fast matrix product. Rows of taps + PHASES − 1 frames hold the inputs
    of PHASES neighbouring outputs, so the product gets PHASES times the columns for little more work.
    """

    def __init__(self, embedding: Any) -> None:
        super().__init__()
        conv = embedding.conv
        self.groups = conv.groups
        self.taps = conv.kernel_size[0]
        self.rows = -(
            -(self.taps + PHASES - 1) // PHASES
        )  # steps of PHASES frames that an output needs
        self.activation = embedding.activation
        self.bias = conv.bias
        weight = conv.weight.detach().unflatten(0, (self.groups, -1))  # groups, out, in, taps
        phases = [
            functional.pad(weight, (phase, self.rows * PHASES - self.taps - phase))
            for phase in range(PHASES)
        ]
        # groups, (frame of the row, in), (phase, out)
        stacked = torch.stack(phases, dim=1).permute(0, 4, 3, 1, 2)
        self.weight = nn.Parameter(stacked.flatten(3, 4).flatten(1, 2))

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        """Return [batch, frames, channels] of the same shape; the number of frames is fixed when traced."""
        _, frames, channels = map(int, hidden_states.shape)
        steps = -(-frames // PHASES)
        padded, inner = steps + self.rows - 1, channels // self.groups
        before = self.taps // 2
        x = functional.pad(hidden_states, (0, 0, before, padded * PHASES - frames - before))
        x = x.reshape(-1, padded, PHASES, self.groups, inner).permute(3, 0, 1, 2, 4)
        x = x.reshape(self.groups, -1, padded, PHASES * inner)
        x = x[
            :, :, torch.arange(steps)[:, None] + torch.arange(self.rows)
        ]  # the inputs of each row
        x = x.reshape(self.groups, -1, self.rows * PHASES * inner) @ self.weight
        x = x.reshape(self.groups, -1, steps * PHASES, inner).permute(1, 2, 0, 3)
        x = x.reshape(-1, steps * PHASES, channels)
        if frames % PHASES:
            x = x[:, :frames]
        active: torch.Tensor = self.activation(x + self.bias)
        return active
