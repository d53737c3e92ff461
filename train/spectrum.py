"""A Wav2Vec2's convolutions taught to hear: they learn log-mel energies before any word.

Few recordings are enough to learn what words sound like in log-mel energies, and far too few to
learn hearing from the waveform besides. What is learned here needs no labels.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F
from transformers import Wav2Vec2ForSequenceClassification

from .log_mel import HOP_SAMPLES, N_MELS, LogMel
from .windows import WINDOW_SAMPLES

#: Frames of the spectrum around a frame of the convolutions: 80 ms.
AROUND = 8
#: Added to the deviation by which a window's energies are divided: digital silence has none.
FAINTEST = 0.1


class SpectrumLearner(nn.Module):
    """A network's convolutions, and a linear layer by which their frames tell log-mel energies.

    `forward` takes windows float32 [batch, samples] and returns float32 [batch, 2]: the mean
    squared error of the energies, and their mean square. Each window's energies are brought to zero
    mean and unit variance before, so that loud windows do not outweigh quiet ones. All else of the
    network is left as it is.
    """

    places: torch.Tensor

    def __init__(self, network: Wav2Vec2ForSequenceClassification) -> None:
        """Share the network's weights; only the convolutions and the norm after them are trained."""
        super().__init__()
        network.requires_grad_(False)
        self.convolutions = network.wav2vec2.feature_extractor
        # Belongs to them: it brings their last outputs to a common scale, as the transformer gets them.
        self.norm = network.wav2vec2.feature_projection.layer_norm
        for trained in (self.convolutions, self.norm):
            trained.requires_grad_(True)
        config = network.config
        self.log_mel = LogMel()
        self.tell = nn.Linear(config.conv_dim[-1], AROUND * N_MELS)
        self.register_buffer("places", _places(config.conv_kernel, config.conv_stride), False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error, and what it would be of a guess of zero."""
        frames = self.norm(self.convolutions(x).transpose(1, 2))
        mels = self.log_mel(x)
        mels = mels - mels.mean(dim=(1, 2), keepdim=True)
        mels = mels / (mels.std(dim=(1, 2), keepdim=True) + FAINTEST)
        wanted = mels[:, :, self.places].permute(0, 2, 3, 1).flatten(2)
        with torch.autocast(x.device.type, enabled=False):
            told = F.linear(frames.float(), self.tell.weight, self.tell.bias)
            error = (told - wanted).square().mean(dim=(1, 2))
        return torch.stack([error, wanted.square().mean(dim=(1, 2))], dim=1)


def _places(kernels: Sequence[int], strides: Sequence[int]) -> torch.Tensor:
    """Return which frames of the spectrum lie around each frame of the convolutions: int64 [frames, AROUND]."""
    receptive, step, frames = 1, 1, WINDOW_SAMPLES
    for kernel, stride in zip(kernels, strides, strict=True):
        receptive += (kernel - 1) * step
        step *= stride
        frames = (frames - kernel) // stride + 1
    centres = (torch.arange(frames) * step + receptive / 2) / HOP_SAMPLES
    places = (centres[:, None] + torch.arange(AROUND) - (AROUND - 1) / 2).round().long()
    return places.clamp(0, WINDOW_SAMPLES // HOP_SAMPLES)
