"""Recipes: everything that decides a training run, read from TOML and checked."""

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from kws_live.errors import ConfigError, InputError

from .chain import SEEDS_A_STAGE, Chain, Goal, NetworkKind, Recipe, Stage
from .chain_rules import check_chain
from .settings import (
    AugmentSettings,
    DistillationSettings,
    MixSettings,
    TrainingSettings,
    ValidationSettings,
)
from .tables import as_table, check_keys, make, one_of, typed, values_of

__all__ = ["SCHEMA", "Chain", "Recipe", "Stage", "load_recipe", "parse_recipe"]

SCHEMA = 1

#: What one stage can be given; a table of the same name at the top holds for all stages.
_STAGE_TABLES: dict[str, type] = {
    "training": TrainingSettings,
    "mix": MixSettings,
    "augment": AugmentSettings,
}
_STAGE_KEYS = {
    "name": str,
    "network": str,
    "starts_from": str,
    "pretrained": str,
    "learns": str,
    "taught_by": tuple[str, ...],
}


def load_recipe(name_or_path: str) -> Chain:
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


def parse_recipe(raw: dict[str, Any]) -> Chain:
    """Return the chain that a TOML document describes, every key, type and range checked.

    Raises:
        ConfigError: A key is unknown or missing, a value is of a wrong type or out of range, or
            stages do not fit together.
    """
    raw = dict(raw)
    schema = raw.pop("schema", None)
    if schema != SCHEMA:
        raise ConfigError(f"schema = {schema!r}, but this version reads schema = {SCHEMA}")
    check_keys(raw, ("seed", "keywords", "validation", "networks", *_STAGE_TABLES, "stages"), "")
    for name in ("seed", "keywords", "stages"):
        if name not in raw:
            raise ConfigError(f"{name} is missing")
    seed = typed(raw["seed"], int, "seed", "")
    keywords = typed(raw["keywords"], tuple[str, ...], "keywords", "")
    networks = _networks(raw.get("networks", {}))
    validation = make(
        ValidationSettings,
        values_of(raw.get("validation", {}), ValidationSettings, "", "validation"),
        "[validation] ",
    )
    for_all = {k: values_of(raw.get(k, {}), kind, "", k) for k, kind in _STAGE_TABLES.items()}
    if not isinstance(raw["stages"], list) or not raw["stages"]:
        raise ConfigError("stages: must be one or more tables [[stages]]")
    stages: list[Stage] = []
    for table in raw["stages"]:
        common = {
            "seed": seed + SEEDS_A_STAGE * len(stages),
            "keywords": keywords,
            "validation": validation,
        }
        stages.append(_stage(table, common, for_all, networks, stages))
    chain = Chain(seed, keywords, networks, tuple(stages), validation)
    check_chain(chain)
    return chain


def _networks(table: Any) -> dict[str, dict[str, Any]]:
    networks = {}
    for name, arguments in as_table(table, "", "networks").items():
        as_table(arguments, "[networks] ", name)
        others = {key: value for key, value in arguments.items() if key != "kind"}
        kind = arguments.get("kind", NetworkKind.WAV2VEC2)
        networks[name] = {
            "kind": one_of(NetworkKind, kind, "kind", f"[networks.{name}] "),
            **others,
        }
    return networks


def _stage(
    table: Any,
    common: dict[str, Any],
    for_all: dict[str, dict[str, Any]],
    networks: dict[str, dict[str, Any]],
    earlier: list[Stage],
) -> Stage:
    """Make a stage of its table and of what holds for all; the chain's rules are checked later."""
    as_table(table, "", "stages")
    name = typed(table.get("name", ""), str, "name", "[[stages]] ")
    where = f"stage {name!r} "
    check_keys(table, (*_STAGE_KEYS, *_STAGE_TABLES, "distillation"), where)
    plain = {k: typed(table[k], hint, k, where) for k, hint in _STAGE_KEYS.items() if k in table}
    settings: dict[str, Any] = {
        key: make(
            kind,
            for_all[key] | values_of(table.get(key, {}), kind, where, key),
            f"{where}[{key}] ",
        )
        for key, kind in _STAGE_TABLES.items()
    }
    if "distillation" in table:
        if not plain.get("taught_by"):
            raise ConfigError(f"{where}[distillation]: name its teachers with taught_by")
        settings["distillation"] = make(
            DistillationSettings,
            values_of(table["distillation"], DistillationSettings, where, "distillation"),
            f"{where}[distillation] ",
        )
    if "learns" in plain:
        plain["learns"] = one_of(Goal, plain["learns"], "learns", where)
    kinds = {stage.name: stage.kind for stage in earlier}
    kind = kinds.get(plain.get("starts_from", ""), NetworkKind.WAV2VEC2)
    if plain.get("network") in networks:
        kind = networks[plain["network"]]["kind"]
    return Stage(**common, **settings, **{"name": name} | plain, kind=kind)
