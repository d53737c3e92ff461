"""Recipes: everything that decides a training run, read from TOML and checked."""

import tomllib
from dataclasses import MISSING, dataclass, field, fields
from importlib import resources
from pathlib import Path
from typing import Any

from kws_live.errors import ConfigError, InputError, did_you_mean
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

SCHEMA = 1


@dataclass(frozen=True)
class TrainingSettings:
    """The optimiser's settings; one epoch is `examples_per_epoch` examples, not the corpus."""

    epochs: int
    examples_per_epoch: int
    batch_size: int
    learning_rate: float
    warmup_share: float = 0.08
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    max_grad_norm: float = 1.0
    bf16: bool = False
    checkpoint_every_epochs: int = 1
    freeze_feature_encoder: bool = False
    head_only_epochs: int = 0

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in an epoch; what is left over of `examples_per_epoch` is not used."""
        return max(1, self.examples_per_epoch // self.batch_size)


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


@dataclass(frozen=True)
class Recipe:
    """One training run's choices.

    Attributes:
        seed: Everything random follows from it.
        keywords: The words to spot; all others are `_unknown_`.
        model: Arguments of a Wav2Vec2Config and `gabor_start`, or `pretrained`: a checkpoint.
        training: The optimiser's settings.
        mix: Shares of the kinds of example.
        augment: How far augmentation goes.
    """

    seed: int
    keywords: tuple[str, ...]
    model: dict[str, Any]
    training: TrainingSettings
    mix: MixSettings = field(default_factory=MixSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's classes in the order of its outputs."""
        return (*self.keywords, UNKNOWN_LABEL, SILENCE_LABEL)


def load_recipe(name_or_path: str) -> Recipe:
    """Return a recipe by its built-in name, or from a TOML file.

    Raises:
        InputError: There is no such file.
        ConfigError: There is no such recipe, it is no TOML, or a key or value is wrong.
    """
    path = Path(name_or_path)
    if path.suffix == ".toml":
        if not path.is_file():
            raise InputError(f"--recipe {path}: no such file")
        text = path.read_text()
    else:
        folder = resources.files(__package__) / "recipes"
        known = sorted(p.name.removesuffix(".toml") for p in folder.iterdir())
        if name_or_path not in known:
            raise ConfigError(
                f"--recipe {name_or_path}: no such recipe. Built in are {', '.join(known)}; "
                "or give the path of a .toml file"
            )
        text = (folder / f"{name_or_path}.toml").read_text()
    try:
        return parse_recipe(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"recipe {name_or_path}: {error}") from error


def parse_recipe(raw: dict[str, Any]) -> Recipe:
    """Return the recipe that a TOML document describes, every key and range checked.

    Raises:
        ConfigError: A key is unknown or missing, or a value is out of range.
    """
    raw = dict(raw)
    schema = raw.pop("schema", None)
    if schema != SCHEMA:
        raise ConfigError(f"schema = {schema!r}, but this version reads schema = {SCHEMA}")
    _check_keys(raw, Recipe, "")
    recipe = Recipe(
        seed=raw["seed"],
        keywords=tuple(raw["keywords"]),
        model=raw["model"],
        training=_section(raw.get("training", {}), TrainingSettings, "training"),
        mix=_section(raw.get("mix", {}), MixSettings, "mix"),
        augment=_section(raw.get("augment", {}), AugmentSettings, "augment"),
    )
    if len(set(recipe.keywords)) != len(recipe.keywords) or not recipe.keywords:
        raise ConfigError(f"keywords = {list(recipe.keywords)}: name each word once, at least one")
    _check_ranges(recipe)
    return recipe


def _section(raw: dict[str, Any], kind: type, name: str) -> Any:
    _check_keys(raw, kind, f"[{name}] ")
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
    return kind(**values)


def _check_keys(raw: dict[str, Any], kind: type, where: str) -> None:
    known = {f.name: f for f in fields(kind)}
    for key in raw:
        if key not in known:
            hint = did_you_mean(key, known) or f" Known are {', '.join(known)}."
            raise ConfigError(f"{where}{key}: unknown key.{hint}")
    for name, f in known.items():
        if name not in raw and f.default is MISSING and f.default_factory is MISSING:
            raise ConfigError(f"{where}{name} is missing")


def _check_ranges(recipe: Recipe) -> None:
    t, m, a = recipe.training, recipe.mix, recipe.augment
    shares = {
        **{f"[mix] {f.name}": getattr(m, f.name) for f in fields(m)},
        **{f"[augment] {n}": getattr(a, n) for n in ("noise_share", "neighbour_share")},
        "[augment] mask_share": a.mask_share,
        "[training] warmup_share": t.warmup_share,
        "[training] label_smoothing": t.label_smoothing,
    }
    for name, value in shares.items():
        if not 0 <= value <= 1:
            raise ConfigError(f"{name} = {value}: a share lies between 0 and 1")
    for name, total in {
        "unknown + silence": m.unknown + m.silence,
        "speech_crops + fragments": m.speech_crops + m.fragments,
    }.items():
        if total > 1:
            raise ConfigError(f"[mix] {name} = {total:g}: together they must not exceed 1")
    for name in ("epochs", "examples_per_epoch", "batch_size", "checkpoint_every_epochs"):
        if getattr(t, name) < 1:
            raise ConfigError(f"[training] {name} = {getattr(t, name)}: must be 1 or more")
    if t.learning_rate <= 0:
        raise ConfigError(f"[training] learning_rate = {t.learning_rate}: must be above 0")
    for name in ("speed_range", "snr_db_range", "gain_db_range"):
        low, high = getattr(a, name)
        if low > high:
            raise ConfigError(f"[augment] {name} = [{low}, {high}]: the lower value comes first")
