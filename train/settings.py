"""What a recipe can set, with the ranges that each value must lie in."""

from dataclasses import dataclass, fields

from kws_live.errors import ConfigError


@dataclass(frozen=True)
class TrainingSettings:
    """The optimiser's settings; one epoch is `examples_per_epoch` examples, not the corpus.

    Attributes:
        epochs: How many, at most.
        examples_per_epoch: What is left over after the last whole batch is not used.
        batch_size: Examples that one step of the optimiser sees, over all processes and passes.
        learning_rate: AdamW's highest; it rises linearly and then falls as a cosine.
        warmup_share: Share of all steps in which it rises.
        weight_decay: AdamW's.
        label_smoothing: Share of the target spread over all classes.
        max_grad_norm: Longer gradients are shortened to this norm; 0 leaves them.
        bf16: Compute in bfloat16 where autocast allows it.
        gradient_accumulation_steps: In how many passes a process computes its share of a batch.
        ema_decay: Of an exponential moving average of the weights, which is validated and kept in
            place of the weights themselves; 0 for none.
        stop_after_epochs_without_gain: End early when validation accuracy has not risen for so
            many epochs; 0 never does.
        feature_encoder_frozen_epochs: The convolutions stay as they are for so many epochs; -1
            for always.
        head_only_epochs: Nothing below the new classification head learns for so many epochs.
    """

    epochs: int
    examples_per_epoch: int
    batch_size: int
    learning_rate: float
    warmup_share: float = 0.08
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    max_grad_norm: float = 1.0
    bf16: bool = False
    gradient_accumulation_steps: int = 1
    ema_decay: float = 0.0
    stop_after_epochs_without_gain: int = 0
    feature_encoder_frozen_epochs: int = 0
    head_only_epochs: int = 0

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in an epoch."""
        return self.examples_per_epoch // self.batch_size

    def check(self, where: str) -> None:
        """Raise ConfigError if a value is out of its range; `where` begins the message."""
        for name in ("epochs", "examples_per_epoch", "batch_size", "gradient_accumulation_steps"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{where}{name} = {getattr(self, name)}: must be 1 or more")
        if self.examples_per_epoch < self.batch_size:
            raise ConfigError(
                f"{where}examples_per_epoch = {self.examples_per_epoch}: must be batch_size = "
                f"{self.batch_size} or more"
            )
        if self.batch_size % self.gradient_accumulation_steps:
            raise ConfigError(
                f"{where}gradient_accumulation_steps = {self.gradient_accumulation_steps}: must "
                f"divide batch_size = {self.batch_size}"
            )
        for name in (
            *("weight_decay", "max_grad_norm", "stop_after_epochs_without_gain"),
            "head_only_epochs",
        ):
            if getattr(self, name) < 0:
                raise ConfigError(f"{where}{name} = {getattr(self, name)}: must be 0 or more")
        if self.feature_encoder_frozen_epochs < -1:
            raise ConfigError(
                f"{where}feature_encoder_frozen_epochs = {self.feature_encoder_frozen_epochs}: "
                "must be 0 or more, or -1 for always"
            )
        if self.learning_rate <= 0:
            raise ConfigError(f"{where}learning_rate = {self.learning_rate}: must be above 0")
        if not 0 <= self.ema_decay < 1:
            raise ConfigError(
                f"{where}ema_decay = {self.ema_decay}: must be 0 or more and below 1, such as 0.999"
            )
        _check_shares(self, where, "warmup_share", "label_smoothing")


@dataclass(frozen=True)
class MixSettings:
    """Shares of the kinds of example.

    `unknown` and `silence` are shares of all examples; `speech_crops` and `fragments` are shares
    of the unknown ones, the rest of which are other words.
    """

    unknown: float = 0.34
    silence: float = 0.08
    speech_crops: float = 0.45
    fragments: float = 0.22

    def check(self, where: str) -> None:
        """Raise ConfigError if a value is out of its range; `where` begins the message."""
        _check_shares(self, where, *(f.name for f in fields(self)))
        if (total := self.unknown + self.silence) >= 1:
            raise ConfigError(
                f"{where}unknown + silence = {total:g}: together they must stay below 1, or the "
                "keywords have no examples"
            )
        if (total := self.speech_crops + self.fragments) > 1:
            raise ConfigError(
                f"{where}speech_crops + fragments = {total:g}: together they must not exceed 1"
            )


@dataclass(frozen=True)
class AugmentSettings:
    """How far augmentation goes; each `_share` is the share of examples it happens to."""

    speed_range: tuple[float, float] = (0.85, 1.18)
    noise_share: float = 0.75
    snr_db_range: tuple[float, float] = (-2.0, 30.0)
    neighbour_share: float = 0.2
    gain_db_range: tuple[float, float] = (-30.0, 6.0)
    mask_share: float = 0.5
    mask_longest_frames: int = 8
    room_share: float = 0.0

    def check(self, where: str) -> None:
        """Raise ConfigError if a value is out of its range; `where` begins the message."""
        _check_shares(self, where, "noise_share", "neighbour_share", "mask_share", "room_share")
        if self.mask_longest_frames < 0:
            raise ConfigError(
                f"{where}mask_longest_frames = {self.mask_longest_frames}: must be 0 or more"
            )
        if self.speed_range[0] <= 0:
            raise ConfigError(
                f"{where}speed_range = {list(self.speed_range)}: speeds lie above 0; "
                "1 is as recorded"
            )
        for name in ("speed_range", "snr_db_range", "gain_db_range"):
            low, high = getattr(self, name)
            if low > high:
                raise ConfigError(f"{where}{name} = [{low}, {high}]: the lower value comes first")


@dataclass(frozen=True)
class ValidationSettings:
    """What training is to know nothing of, so that validation and tests are as hard as life.

    Attributes:
        unknown_words_share: Share of the words that are no keyword which are kept from training.
        held_out_words: These words, in place of the share.
        held_out_noises: Noise anywhere below folders of these names is left for tests: validation
            does not hear it either.
    """

    unknown_words_share: float = 0.2
    held_out_words: tuple[str, ...] = ()
    held_out_noises: tuple[str, ...] = ()

    def check(self, where: str) -> None:
        """Raise ConfigError if a value is out of its range; `where` begins the message."""
        _check_shares(self, where, "unknown_words_share")


@dataclass(frozen=True)
class DistillationSettings:
    """How a stage learns from earlier ones (Hinton et al., 2015, arXiv 1503.02531).

    Attributes:
        weight: Share of the loss that is the distance from the teachers; the rest is the labels'.
        temperature: By which logits are divided before both sides are compared.
    """

    weight: float = 0.5
    temperature: float = 2.0

    def check(self, where: str) -> None:
        """Raise ConfigError if a value is out of its range; `where` begins the message."""
        _check_shares(self, where, "weight")
        if self.temperature <= 0:
            raise ConfigError(f"{where}temperature = {self.temperature}: must be above 0")


def _check_shares(settings: object, where: str, *names: str) -> None:
    for name in names:
        value = getattr(settings, name)
        if not 0 <= value <= 1:
            raise ConfigError(f"{where}{name} = {value}: a share lies between 0 and 1")
