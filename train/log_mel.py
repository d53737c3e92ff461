"""A convolutional network on log-mel energies: it learns from little data, and teaches others."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers.modeling_outputs import SequenceClassifierOutput

from kws_live.types import SAMPLE_RATE_HZ, Float32Array

N_MELS = 64
WINDOW_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = 400, 160, 512
LOWEST_HZ, HIGHEST_HZ = 40.0, 7_600.0
#: Under the power of the faintest hiss that a microphone delivers.
FLOOR = 1e-6


@dataclass(frozen=True)
class LogMelSettings:
    """Size of the network: channels, residual blocks of two convolutions each, and dropout."""

    width: int = 128
    blocks: int = 4
    dropout: float = 0.1


class LogMelClassifier(nn.Module):
    """64 log-mel energies every 10 ms, residual convolutions over time, mean, linear layer.

    `forward` takes `input_values` float32 [batch, samples] in −1..1 and returns an object whose
    `logits` are [batch, labels].
    """

    window: torch.Tensor
    mels: torch.Tensor

    def __init__(self, labels: Sequence[str], settings: LogMelSettings) -> None:
        """Start at random weights, drawn from torch's generator."""
        super().__init__()
        self.labels, self.settings = tuple(labels), settings
        self.register_buffer("window", torch.hann_window(WINDOW_SAMPLES), persistent=False)
        self.register_buffer("mels", torch.from_numpy(mel_filters()), persistent=False)
        self.stem = nn.Conv1d(N_MELS, settings.width, 5, padding=2)
        self.blocks = nn.Sequential(
            *(_Block(settings.width, 2 if i % 2 else 1) for i in range(settings.blocks))
        )
        self.dropout = nn.Dropout(settings.dropout)
        self.classifier = nn.Linear(settings.width, len(self.labels))

    def forward(self, input_values: torch.Tensor) -> SequenceClassifierOutput:
        """Return the logits of windows."""
        x = self.blocks(self.stem(self._log_mel(input_values)))
        return SequenceClassifierOutput(logits=self.classifier(self.dropout(x.mean(dim=-1))))

    def save_pretrained(self, folder: Path) -> None:
        """Write `model.safetensors` and `config.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
        config = {"model_type": "log_mel", "labels": self.labels, **asdict(self.settings)}
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def from_pretrained(cls, folder: Path) -> "LogMelClassifier":
        """Return the network that `save_pretrained` wrote."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        config.pop("model_type")
        model = cls(config.pop("labels"), LogMelSettings(**config))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model

    def _log_mel(self, x: torch.Tensor) -> torch.Tensor:
        """Log-mel energies [batch, mels, frames], in float32: bf16 has too few digits for power."""
        with torch.autocast(x.device.type, enabled=False):
            spectrum = torch.stft(
                x.float(),
                FFT_SAMPLES,
                HOP_SAMPLES,
                WINDOW_SAMPLES,
                self.window,
                return_complex=True,
            )
            power = spectrum.real.square() + spectrum.imag.square()
            return torch.log(self.mels @ power + FLOOR)


class _Block(nn.Module):
    """Two convolutions beside a shortcut; the second one may halve the rate."""

    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(width, width, 5, padding=2, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 5, stride=stride, padding=2, bias=False),
            nn.BatchNorm1d(width),
        )
        self.shortcut = nn.AvgPool1d(stride, stride, ceil_mode=True) if stride > 1 else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        aside = self.shortcut(x) if self.shortcut else x
        result: torch.Tensor = torch.relu(self.layers(x) + aside)
        return result


def mel_filters() -> Float32Array:
    """Return triangular filters on a mel scale, float32 [N_MELS, FFT bins]."""
    mels = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), N_MELS + 2)
    edges_hz = 700.0 * (10 ** (mels / 2595.0) - 1)
    bins_hz = np.fft.rfftfreq(FFT_SAMPLES, 1 / SAMPLE_RATE_HZ)
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    filters: Float32Array = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters


def _mel(hz: float) -> float:
    return float(2595.0 * np.log10(1 + hz / 700.0))
