"""The networks of a chain: how each stage's begins, is given its input, and is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn
from transformers import Wav2Vec2FeatureExtractor

from kws_live.errors import ConfigError, InputError

from .chain import Chain, NetworkKind, Stage
from .log_mel import LogMelClassifier, LogMelSettings
from .model import feature_extractor, frames_of, new_model, pretrained_model
from .tables import values_of
from .windows import WINDOW_SAMPLES


@dataclass(frozen=True)
class Network:
    """A classifier of windows and how they are prepared for it.

    Attributes:
        model: Takes `input_values` [batch, samples] and returns an object with `logits`.
        extractor: A Wav2Vec2's preprocessor; None for a log-mel network, which takes windows as
            they are.
    """

    model: nn.Module
    extractor: Wav2Vec2FeatureExtractor | None = None

    @property
    def normalize(self) -> bool:
        """Whether each window is brought to zero mean and unit variance before the model."""
        return self.extractor is not None and bool(self.extractor.do_normalize)

    @property
    def frames(self) -> int:
        """Encoder frames of one window that can be hidden from it; 0 where none can."""
        return frames_of(self.model, WINDOW_SAMPLES) if self.extractor else 0  # type: ignore[arg-type]

    def save(self, folder: Path) -> None:
        """Write weights, configuration and preprocessor, from which `load_network` makes it again."""
        self.model.save_pretrained(folder)  # type: ignore[operator]
        if self.extractor:
            self.extractor.save_pretrained(folder)


def start_network(chain: Chain, stage: Stage, folders: dict[str, Path]) -> Network:
    """Return what a stage starts with.

    Args:
        chain: Knows the networks.
        stage: Says which one it is, or where its weights are.
        folders: Where earlier stages are kept.

    Raises:
        InputError: A checkpoint cannot be loaded, or lacks weights of the network.
        ConfigError: The recipe describes no such network.
    """
    if stage.network is not None:
        network = _new_network(chain.networks[stage.network], stage)
    elif stage.starts_from is not None:
        network = load_network(folders[stage.starts_from], stage.kind, stage.labels, stage.seed)
    else:
        source = str(stage.pretrained)
        advice = (
            "Give a local folder with config.json and model.safetensors with --init, or check the "
            "network connection"
        )
        model = pretrained_model(source, stage.labels, stage.seed, advice)
        network = Network(model, feature_extractor(source))
    if stage.training.feature_encoder_frozen_epochs < 0:
        network.model.freeze_feature_encoder()  # type: ignore[operator]
    return network


def load_network(folder: Path, kind: NetworkKind, labels: Sequence[str], seed: int = 0) -> Network:
    """Return the network that a finished stage kept.

    Raises:
        InputError: It cannot be read.
    """
    advice = (
        "This run made it, and it is damaged: restore the folder from a copy, or begin a new run"
    )
    if kind == NetworkKind.WAV2VEC2:
        model = pretrained_model(str(folder), labels, seed, advice)
        return Network(model, feature_extractor(str(folder)))
    try:
        return Network(LogMelClassifier.from_pretrained(folder))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"the network in {folder} cannot be loaded: {reason}. {advice}") from error


def check_networks(chain: Chain) -> None:
    """Make each network once, so that a mistake in the last one shows before the first is trained.

    Raises:
        InputError: A checkpoint cannot be loaded, or lacks weights of the network.
        ConfigError: The recipe describes no such network.
    """
    for stage in chain.stages:
        if stage.starts_from is None:
            start_network(chain, stage, {})


class Teachers:
    """Networks whose mean posteriors another one learns to imitate."""

    def __init__(self, networks: Sequence[Network], device: torch.device) -> None:
        """Put the networks on a device, never to be trained again."""
        self._networks = networks
        for network in networks:
            network.model.to(device).eval().requires_grad_(False)

    @torch.no_grad()
    def posteriors(self, windows: torch.Tensor, temperature: float) -> torch.Tensor:
        """Return the mean of the teachers' posteriors at a temperature, float32 [batch, labels].

        Args:
            windows: float32 [batch, samples] in −1..1.
            temperature: By which logits are divided.
        """
        found = [
            torch.softmax(
                n.model(_normalized(windows) if n.normalize else windows).logits.float()
                / temperature,
                dim=-1,
            )
            for n in self._networks
        ]
        return torch.stack(found).mean(dim=0)


def _new_network(network: dict[str, Any], stage: Stage) -> Network:
    where = f"networks.{stage.network}"
    arguments = {k: v for k, v in network.items() if k != "kind"}
    if network["kind"] == NetworkKind.WAV2VEC2:
        try:
            model = new_model(arguments, stage.labels, stage.seed)
        except ConfigError as error:
            raise ConfigError(f"[{where}] {error}") from error
        return Network(model, feature_extractor(None))
    torch.manual_seed(stage.seed)
    settings = LogMelSettings(**values_of(arguments, LogMelSettings, "", where))
    settings.check(f"[{where}] ")
    return Network(LogMelClassifier(stage.labels, settings))


def _normalized(x: torch.Tensor) -> torch.Tensor:
    """As `windows.prepare`, on any device."""
    variance, mean = torch.var_mean(x, dim=-1, correction=0, keepdim=True)
    return (x - mean) / torch.sqrt(variance + 1e-7)
