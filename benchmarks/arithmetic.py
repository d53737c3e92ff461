"""How many multiplications a Wav2Vec2 classifier takes, from its `config.json` alone.

A MAC is one multiplication with its addition. Matrix products and convolutions are counted; norms,
activations and softmax, some hundredths of them, are not.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Macs:
    """MACs of one window, or of what one hop adds to it.

    Attributes:
        waveform: the first convolution, which stays in float32 in an int8 model.
        front: the other convolutions of the encoder.
        head: everything from the frames on: projection, positions, transformer, classifier.
    """

    waveform: int
    front: int
    head: int

    @property
    def total(self) -> int:
        """All together."""
        return self.waveform + self.front + self.head


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes that `config.json` gives, under its own names."""

    conv_dim: tuple[int, ...]
    conv_kernel: tuple[int, ...]
    conv_stride: tuple[int, ...]
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_conv_pos_embeddings: int
    num_conv_pos_embedding_groups: int
    classifier_proj_size: int
    labels: int

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Read the content of a `config.json`."""
        return cls(
            conv_dim=tuple(config["conv_dim"]),
            conv_kernel=tuple(config["conv_kernel"]),
            conv_stride=tuple(config["conv_stride"]),
            hidden_size=config["hidden_size"],
            intermediate_size=config["intermediate_size"],
            num_hidden_layers=config["num_hidden_layers"],
            num_conv_pos_embeddings=config["num_conv_pos_embeddings"],
            num_conv_pos_embedding_groups=config["num_conv_pos_embedding_groups"],
            classifier_proj_size=config["classifier_proj_size"],
            labels=len(config["id2label"]),
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the `config.json` of a model folder."""
        return cls.of(json.loads((folder / "config.json").read_text(encoding="utf-8")))

    @property
    def stride_samples(self) -> int:
        """Samples between two frames."""
        return math.prod(self.conv_stride)

    def frames(self, samples: int) -> int:
        """Return how many frames the convolutions make of `samples`."""
        return self._lengths(samples)[-1]

    def samples(self, frames: int) -> int:
        """Return how many samples `frames` frames, one after another, see."""
        for kernel, stride in zip(
            reversed(self.conv_kernel), reversed(self.conv_stride), strict=True
        ):
            frames = (frames - 1) * stride + kernel
        return frames

    def whole(self, window_samples: int) -> Macs:
        """Return what a whole window takes."""
        waveform, *front = self._convolutions(window_samples)
        return Macs(waveform, sum(front), self._head(self.frames(window_samples)))

    def streaming(self, window_samples: int, hop_samples: int) -> Macs:
        """Return what a hop takes when the frames of the window before are kept."""
        new = min(hop_samples // self.stride_samples, self.frames(window_samples))
        waveform, *front = self._convolutions(self.samples(new))
        return Macs(waveform, sum(front), self._head(self.frames(window_samples)))

    def products(self, frames: int) -> list[tuple[int, int, int, int]]:
        """Return the transformer's products with weights: rows, depth, columns, and how many of them."""
        hidden, wide = self.hidden_size, self.intermediate_size
        return [
            (frames, hidden, hidden, 4 * self.num_hidden_layers),
            (frames, hidden, wide, self.num_hidden_layers),
            (frames, wide, hidden, self.num_hidden_layers),
        ]

    def _lengths(self, samples: int) -> list[int]:
        lengths = []
        for kernel, stride in zip(self.conv_kernel, self.conv_stride, strict=True):
            samples = (samples - kernel) // stride + 1
            lengths.append(samples)
        return lengths

    def _convolutions(self, samples: int) -> list[int]:
        channels = (1, *self.conv_dim[:-1])
        return [
            length * kernel * inner * outer
            for length, kernel, inner, outer in zip(
                self._lengths(samples), self.conv_kernel, channels, self.conv_dim, strict=True
            )
        ]

    def _head(self, frames: int) -> int:
        hidden, taps = self.hidden_size, self.num_conv_pos_embeddings
        projection = frames * self.conv_dim[-1] * hidden
        # Padded on both sides and cut by one at the end: an even number of taps makes a frame too many.
        made = frames + 1 - taps % 2
        positions = made * taps * hidden * hidden // self.num_conv_pos_embedding_groups
        weights = sum(m * k * n * count for m, k, n, count in self.products(frames))
        attention = 2 * frames * frames * hidden * self.num_hidden_layers
        classifier = (
            frames * hidden * self.classifier_proj_size + self.classifier_proj_size * self.labels
        )
        return projection + positions + weights + attention + classifier
