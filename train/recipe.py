"""Recipes: everything that decides a training run, read from TOML and checked."""

import math
import tomllib
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from importlib import resources
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from kws_live.errors import ConfigError, InputError, did_you_mean
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

from .words import problem_with_keywords

SCHEMA = 1

_EXPECTED = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple[str, ...]: "a list of texts",
    tuple[float, float]: "a list of two numbers",
}


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
        return self.examples_per_epoch // self.batch_size


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
    room_share: float = 0.0


@dataclass(frozen=True)
class ValidationSettings:
    """Words that training is to know nothing of: a share of those that are no keywords, or these."""

    unknown_words_share: float = 0.2
    held_out_words: tuple[str, ...] = ()


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
        validation: Which words are held out of training.
    """

    seed: int
    keywords: tuple[str, ...]
    model: dict[str, Any]
    training: TrainingSettings
    mix: MixSettings = field(default_factory=MixSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)
    validation: ValidationSettings = field(default_factory=ValidationSettings)

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
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"--recipe {path} cannot be read: {error}") from error
    else:
        folder = resources.files(__package__) / "recipes"
        known = sorted(p.name.removesuffix(".toml") for p in folder.iterdir())
        if name_or_path not in known:
            raise ConfigError(
                f"--recipe {name_or_path}: no such recipe. Built in are {', '.join(known)}; "
                "or give the path of a .toml file"
            )
        text = (folder / f"{name_or_path}.toml").read_text(encoding="utf-8")
    try:
        return parse_recipe(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"recipe {name_or_path}: {error}") from error


def parse_recipe(raw: dict[str, Any]) -> Recipe:
    """Return the recipe that a TOML document describes, every key, type and range checked.

    Raises:
        ConfigError: A key is unknown or missing, or a value is of a wrong type or out of range.
    """
    raw = dict(raw)
    schema = raw.pop("schema", None)
    if schema != SCHEMA:
        raise ConfigError(f"schema = {schema!r}, but this version reads schema = {SCHEMA}")
    recipe: Recipe = _section(raw, Recipe, "")
    _check_keywords(recipe.keywords)
    _check_shares_and_ranges(recipe)
    _check_numbers(recipe)
    return recipe


def _section(raw: dict[str, Any], kind: type, where: str) -> Any:
    """Make a settings class of a TOML table, each value of the type that its annotation says."""
    _check_keys(raw, kind, where)
    hints = get_type_hints(kind)
    return kind(**{k: _typed(v, hints[k], k, where) for k, v in raw.items()})


def _typed(value: Any, hint: Any, key: str, where: str) -> Any:
    if isinstance(hint, type) and is_dataclass(hint) and isinstance(value, dict):
        return _section(value, hint, f"[{key}] ")
    origin, of = get_origin(hint) or hint, get_args(hint)
    if origin is tuple and isinstance(value, list):
        hints = of[:1] * len(value) if of[-1] is Ellipsis else of
        if len(value) == len(hints):
            return tuple(_typed(v, h, key, where) for v, h in zip(value, hints, strict=True))
    elif origin is float:
        if type(value) in {int, float} and math.isfinite(value):
            return float(value)
    elif type(value) is origin:
        return value
    expected = _EXPECTED.get(hint, "a table")
    raise ConfigError(f"{where}{key} = {value!r}: must be {expected}")


def _check_keys(raw: dict[str, Any], kind: type, where: str) -> None:
    known = {f.name: f for f in fields(kind)}
    for key in raw:
        if key not in known:
            hint = did_you_mean(key, known) or f" Known are {', '.join(known)}."
            raise ConfigError(f"{where}{key}: unknown key.{hint}")
    for name, f in known.items():
        if name not in raw and f.default is MISSING and f.default_factory is MISSING:
            raise ConfigError(f"{where}{name} is missing")


def _check_keywords(keywords: tuple[str, ...]) -> None:
    if problem := problem_with_keywords(keywords):
        raise ConfigError(f"keywords: {problem}")


def _check_shares_and_ranges(recipe: Recipe) -> None:
    t, m, a = recipe.training, recipe.mix, recipe.augment
    shares = {
        **{f"[mix] {f.name}": getattr(m, f.name) for f in fields(m)},
        **{f"[augment] {n}": getattr(a, n) for n in ("noise_share", "neighbour_share")},
        "[augment] mask_share": a.mask_share,
        "[augment] room_share": a.room_share,
        "[validation] unknown_words_share": recipe.validation.unknown_words_share,
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
    if a.speed_range[0] <= 0:
        raise ConfigError(
            f"[augment] speed_range = {list(a.speed_range)}: speeds lie above 0; 1 is as recorded"
        )
    for name in ("speed_range", "snr_db_range", "gain_db_range"):
        low, high = getattr(a, name)
        if low > high:
            raise ConfigError(f"[augment] {name} = [{low}, {high}]: the lower value comes first")


def _check_numbers(recipe: Recipe) -> None:
    t = recipe.training
    for name in ("epochs", "examples_per_epoch", "batch_size", "checkpoint_every_epochs"):
        if getattr(t, name) < 1:
            raise ConfigError(f"[training] {name} = {getattr(t, name)}: must be 1 or more")
    if t.examples_per_epoch < t.batch_size:
        raise ConfigError(
            f"[training] examples_per_epoch = {t.examples_per_epoch}: must be batch_size = "
            f"{t.batch_size} or more"
        )
    for name, number in {
        "seed": recipe.seed,
        "[training] weight_decay": t.weight_decay,
        "[training] max_grad_norm": t.max_grad_norm,
        "[training] head_only_epochs": t.head_only_epochs,
        "[augment] mask_longest_frames": recipe.augment.mask_longest_frames,
    }.items():
        if number < 0:
            raise ConfigError(f"{name} = {number}: must be 0 or more")
    if t.learning_rate <= 0:
        raise ConfigError(f"[training] learning_rate = {t.learning_rate}: must be above 0")
