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

from kws_live.errors import ConfigError
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

from .mel_scale import mel_edges_hz

N_MELS = 64
#: A frame is that many samples long, one begins every so many, and is padded to so many.
FRAME_SAMPLES, HOP_SAMPLES, FFT_SAMPLES = 400, 160, 512
LOWEST_HZ, HIGHEST_HZ = 40.0, 7_600.0
#: Under the power of the faintest hiss that a microphone delivers.
FLOOR = 1e-6
#: Frames that one convolution of a block sees: 0.2 s and more of a word.
TAPS = 9
#: How often each kind of mask is drawn for a window; some have length 0.
MASKS = 2


@dataclass(frozen=True)
class LogMelSettings:
    """Size of the network, and what is hidden from it in training.

    Attributes:
        widths: Channels of each residual block; where they change, the frame rate is halved.
        stem_channels: Those of the two convolutions over time and frequency before the blocks.
        dropout: Inside the blocks; before the classifier it is three times that.
        longest_mask_mels: SpecAugment hides up to so many neighbouring mels, twice a window.
        longest_mask_frames: And so many neighbouring frames of 10 ms.
    """

    widths: tuple[int, ...] = (128, 128, 192, 192, 256, 256)
    stem_channels: int = 32
    dropout: float = 0.1
    longest_mask_mels: int = 10
    longest_mask_frames: int = 15

    def check(self, where: str) -> None:
        """Raise ConfigError if a value is out of its range; `where` begins the message."""
        if not self.widths or min(self.widths) < 4:
            raise ConfigError(f"{where}widths = {list(self.widths)}: each must be 4 or more")
        if self.stem_channels < 1:
            raise ConfigError(f"{where}stem_channels = {self.stem_channels}: must be 1 or more")
        if not 0 <= self.dropout <= 0.3:
            raise ConfigError(f"{where}dropout = {self.dropout}: must lie between 0 and 0.3")
        for name, most in (("longest_mask_mels", N_MELS), ("longest_mask_frames", 100)):
            if not 0 <= getattr(self, name) <= most:
                raise ConfigError(
                    f"{where}{name} = {getattr(self, name)}: must lie between 0 and {most}"
                )


class LogMel(nn.Module):
    """Log-mel energies of windows: float32 [batch, N_MELS, 1 + samples // HOP_SAMPLES].

    Frame i is centred on sample i · HOP_SAMPLES. Speech has values around 0, silence −2.5.
    """

    window: torch.Tensor
    mels: torch.Tensor

    def __init__(self) -> None:
        """Make the filters; nothing in here is trained or saved."""
        super().__init__()
        self.register_buffer("window", torch.hann_window(FRAME_SAMPLES), persistent=False)
        self.register_buffer("mels", torch.from_numpy(mel_filters()), persistent=False)

    @torch.no_grad()
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return them in float32 whatever autocast says: bf16 has too few digits for power."""
        with torch.autocast(x.device.type, enabled=False):
            spectrum = torch.stft(
                x.float(),
                FFT_SAMPLES,
                HOP_SAMPLES,
                FRAME_SAMPLES,
                self.window,
                return_complex=True,
            )
            power = spectrum.real.square() + spectrum.imag.square()
            return (torch.log(self.mels @ power + FLOOR) + 4.0) / 4.0


class LogMelClassifier(nn.Module):
    """Log-mel energies every 10 ms, residual convolutions over time, mean, linear layer.

    `forward` takes `input_values` float32 [batch, samples] in −1..1 and returns an object whose
    `logits` are [batch, labels]. In training it masks mels and frames (SpecAugment, Park et al.,
    2019). Blocks weigh their channels by squeeze and excitation (Hu et al., 2018).
    """

    def __init__(self, labels: Sequence[str], settings: LogMelSettings) -> None:
        """Start at random weights, drawn from torch's generator."""
        super().__init__()
        self.labels, self.settings = tuple(labels), settings
        s = settings
        self.log_mel = LogMel()
        self.stem = nn.Sequential(
            nn.Conv2d(1, s.stem_channels, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(s.stem_channels),
            nn.ReLU(),
            nn.Conv2d(s.stem_channels, s.stem_channels, 3, stride=(2, 1), padding=1, bias=False),
            nn.BatchNorm2d(s.stem_channels),
            nn.ReLU(),
            nn.Flatten(1, 2),  # channels and the quarter of the mels that is left
        )
        self.entry = nn.Sequential(
            nn.Conv1d(s.stem_channels * N_MELS // 4, s.widths[0], 1, bias=False),
            nn.BatchNorm1d(s.widths[0]),
            nn.ReLU(),
        )
        before = (s.widths[0], *s.widths)
        self.blocks = nn.Sequential(
            *(_Block(b, w, s.dropout) for b, w in zip(before, s.widths, strict=False))
        )
        self.dropout = nn.Dropout(3 * s.dropout)
        self.classifier = nn.Linear(s.widths[-1], len(self.labels))

    def forward(self, input_values: torch.Tensor) -> SequenceClassifierOutput:
        """Return the logits of windows."""
        x = self.log_mel(input_values)
        if self.training:
            x = self._masked(x)
        x = self.blocks(self.entry(self.stem(x[:, None])))
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
        labels = config.pop("labels")
        model = cls(labels, LogMelSettings(**config | {"widths": tuple(config["widths"])}))
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model

    def _masked(self, x: torch.Tensor) -> torch.Tensor:
        """Put each window's mean in place of some of its mels and frames."""
        n, mels, frames = x.shape
        s = self.settings
        mean = x.mean(dim=(1, 2), keepdim=True)
        for _ in range(MASKS):
            rows = _spans(n, mels, s.longest_mask_mels, x.device)
            columns = _spans(n, frames, s.longest_mask_frames, x.device)
            x = torch.where(rows[:, :, None] | columns[:, None, :], mean, x)
        return x


class _Block(nn.Module):
    """Two convolutions, channels weighed by what the window holds of them, beside a shortcut."""

    def __init__(self, before: int, width: int, dropout: float) -> None:
        super().__init__()
        stride = 1 if before == width else 2
        self.layers = nn.Sequential(
            nn.Conv1d(before, width, TAPS, stride=stride, padding=TAPS // 2, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Conv1d(width, width, TAPS, padding=TAPS // 2, bias=False),
            nn.BatchNorm1d(width),
        )
        self.weigh = nn.Sequential(
            nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, width), nn.Sigmoid()
        )
        self.shortcut = None
        if stride > 1:
            self.shortcut = nn.Sequential(
                nn.Conv1d(before, width, 1, stride=stride, bias=False), nn.BatchNorm1d(width)
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        aside = self.shortcut(x) if self.shortcut else x
        x = self.layers(x)
        result: torch.Tensor = torch.relu(x * self.weigh(x.mean(dim=-1))[..., None] + aside)
        return result


def mel_filters() -> Float32Array:
    """Return triangular filters on a mel scale, float32 [N_MELS, FFT bins]."""
    edges_hz = mel_edges_hz(LOWEST_HZ, HIGHEST_HZ, N_MELS)
    bins_hz = np.fft.rfftfreq(FFT_SAMPLES, 1 / SAMPLE_RATE_HZ)
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    filters: Float32Array = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters


def _spans(n: int, size: int, longest: int, device: torch.device) -> torch.Tensor:
    """Draw one span of 0 to `longest` places in each of n rows: bool [n, size]."""
    length = torch.randint(0, longest + 1, (n, 1), device=device)
    start = (torch.rand(n, 1, device=device) * (size - length + 1)).long()
    places = torch.arange(size, device=device)
    return (places >= start) & (places < start + length)
