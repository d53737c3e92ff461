"""A chain of trainings: what a recipe says of it."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

from .settings import (
    AugmentSettings,
    DistillationSettings,
    MixSettings,
    TrainingSettings,
    ValidationSettings,
)


class NetworkKind(StrEnum):
    """What a network can be."""

    WAV2VEC2 = "wav2vec2"
    LOG_MEL = "log_mel"


class Goal(StrEnum):
    """What a stage can learn: to tell words apart; or, a Wav2Vec2's convolutions alone, to hear."""

    WORDS = "words"
    LOG_MEL = "log_mel"


#: Stages draw from seeds so far apart, each its own examples.
SEEDS_A_STAGE = 1000


@dataclass(frozen=True)
class Recipe:
    """What decides which examples a network learns from, and how.

    Attributes:
        seed: Everything random follows from it.
        keywords: The words to spot; all others are `_unknown_`.
        training: The optimiser's settings.
        mix: Shares of the kinds of example.
        augment: How far augmentation goes.
        validation: What validation alone hears.
    """

    seed: int
    keywords: tuple[str, ...]
    training: TrainingSettings
    mix: MixSettings = field(default_factory=MixSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's classes in the order of its outputs."""
        return (*self.keywords, UNKNOWN_LABEL, SILENCE_LABEL)


@dataclass(frozen=True, kw_only=True)
class Stage(Recipe):
    """One training of a chain: a recipe with a name and a start.

    Exactly one of `network`, `starts_from` and `pretrained` is set.

    Attributes:
        name: Of its folder; no two stages share it.
        kind: What its network is.
        network: Starts at random weights, as this network of the chain.
        starts_from: Starts with what this earlier stage gave.
        pretrained: Starts with this local folder, or this model of the Hugging Face hub.
        learns: What it is to be good at.
        taught_by: Earlier stages whose mean posteriors it learns to imitate.
        distillation: How much, if there are any.
    """

    name: str
    kind: NetworkKind
    network: str | None = None
    starts_from: str | None = None
    pretrained: str | None = None
    learns: Goal = Goal.WORDS
    taught_by: tuple[str, ...] = ()
    distillation: DistillationSettings = field(default_factory=DistillationSettings)


@dataclass(frozen=True)
class Chain:
    """What a recipe file describes: stages that are trained one after another.

    Attributes:
        seed: The first stage's; each further one's is `SEEDS_A_STAGE` higher.
        keywords: The words to spot, for all stages.
        networks: By name, `kind` and the arguments of the network of that kind.
        stages: In order; the last one is a Wav2Vec2, and its model is the run's.
        validation: What validation alone hears, for all stages.
    """

    seed: int
    keywords: tuple[str, ...]
    networks: dict[str, dict[str, Any]]
    stages: tuple[Stage, ...]
    validation: ValidationSettings = field(default_factory=ValidationSettings)

    @property
    def last(self) -> Stage:
        """The stage whose model is the run's."""
        return self.stages[-1]

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's classes in the order of its outputs."""
        return self.last.labels

    def with_keywords(self, keywords: tuple[str, ...]) -> "Chain":
        """Return the chain with other words to spot."""
        stages = tuple(replace(stage, keywords=keywords) for stage in self.stages)
        return replace(self, keywords=keywords, stages=stages)

    def starting_from(self, source: str) -> "Chain":
        """Return the chain whose first Wav2Vec2 starts with a checkpoint instead of its own start.

        Stages in which convolutions would have learned to hear are left out: the checkpoint's do. It
        takes their place for every stage that starts from one of them. What is left may no longer
        fit together: `check_chain` tells.

        Args:
            source: A local folder, or a model name of the Hugging Face hub.
        """
        left_out = {s.name for s in self.stages if s.learns != Goal.WORDS}
        kept = [s for s in self.stages if s.name not in left_out]
        first = next(s for s in kept if s.kind == NetworkKind.WAV2VEC2)
        start: dict[str, Any] = {"network": None, "starts_from": None, "pretrained": source}
        stages = tuple(
            replace(
                stage,
                seed=self.seed + SEEDS_A_STAGE * i,
                **start if stage is first or stage.starts_from in left_out else {},
            )
            for i, stage in enumerate(kept)
        )
        used = {s.network for s in stages}
        networks = {name: network for name, network in self.networks.items() if name in used}
        return replace(self, stages=stages, networks=networks)
