"""Merging defaults, file, environment and flags into one configuration."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from kws_live.config.file import default_path, read_file
from kws_live.config.layers import FlagError, Layer, Table, from_env, from_flags
from kws_live.config.schema import HOOK, KEYWORDS, scalar_settings, sections, settings_of
from kws_live.config.settings import Config, DecoderConfig, HookSpec, KeywordConfig
from kws_live.errors import ConfigError

DEFAULT = "default"
MODEL_DEFAULT = "model default"

SHARED = tuple(name for name in settings_of(KeywordConfig) if name in settings_of(DecoderConfig))
"""Settings that a keyword may have for itself and that `[decoder]` has for all keywords."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A configuration and where each value came from.

    Attributes:
        config: the merged configuration.
        origins: by dotted key ("gate.mode", "keywords.stop.threshold", "hook[0].command") and by
            table ("keywords.stop", "hook[0]"): "default", "model default",
            "/path/config.toml:3", "KWS_LIVE_GATE_MODE" or "--threshold".
    """

    config: Config
    origins: Mapping[str, str]


def load(path: Path | None, env: Mapping[str, str], flags: Mapping[str, object]) -> Resolved:
    """Return the merged configuration: defaults < file < environment < flags.

    A later layer's `decoder.threshold` (release, refractory_s) also replaces those of single
    keywords in earlier layers; within a layer the keyword's own value holds. Hooks add up, the
    file's first.

    Args:
        path: the file; None for the user's default file, which may be missing.
        env: the environment, for `KWS_LIVE_*`, `XDG_CONFIG_HOME` and `HOME`.
        flags: dotted key → value, None for "not given"; `hook` takes a sequence of
            "KEYWORD=COMMAND".

    Raises:
        ConfigError: file or environment are wrong.
        FlagError: a flag is wrong, also in relation to a value from elsewhere.
    """
    resolved = merge([_file_layer(path, env), from_env(env), from_flags(flags)])
    _check_releases(resolved)
    return resolved


def _file_layer(path: Path | None, env: Mapping[str, str]) -> Layer:
    file = path or default_path(env)
    if file is None:
        return Layer()
    try:
        return read_file(file)
    except FileNotFoundError:
        if path is None:
            return Layer()
        raise ConfigError(
            f"there is no configuration file {path}. Give --config the path of an existing file."
        ) from None


def merge(layers: Iterable[Layer]) -> Resolved:
    """Return the configuration of the layers, later ones before earlier ones."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for key, setting in scalar_settings().items():
        values[key] = setting.default
        origins[key] = MODEL_DEFAULT if setting.default is None else DEFAULT
    keywords: dict[str, Table] = {}
    hooks: list[Table] = []
    for layer in layers:
        for key, given in layer.scalars.items():
            values[key], origins[key] = given
        for shared in SHARED:
            if f"decoder.{shared}" in layer.scalars:
                for table in keywords.values():
                    table.values.pop(shared, None)
        for name, table in layer.keywords.items():
            entry = keywords.setdefault(name, Table(table.origin))
            entry.values |= table.values
        hooks += layer.hooks
    for name, table in keywords.items():
        origins |= _table_origins(f"{KEYWORDS}.{name}", table, KeywordConfig)
    for index, table in enumerate(hooks):
        origins |= _table_origins(f"{HOOK}[{index}]", table, HookSpec)
    config = Config(
        model=values["model"],
        **{
            section: table(**{name: values[f"{section}.{name}"] for name in settings_of(table)})
            for section, table in sections().items()
        },
        keywords={name: KeywordConfig(**_plain(table)) for name, table in keywords.items()},
        hooks=tuple(HookSpec(**_plain(table)) for table in hooks),
    )
    return Resolved(config, origins)


def _plain(table: Table) -> dict[str, Any]:
    return {name: given.value for name, given in table.values.items()}


def _table_origins(prefix: str, table: Table, cls: type) -> Iterator[tuple[str, str]]:
    yield prefix, table.origin
    for name, setting in settings_of(cls).items():
        if name in table.values:
            yield f"{prefix}.{name}", table.values[name].origin
        else:
            yield f"{prefix}.{name}", MODEL_DEFAULT if setting.default is None else DEFAULT


def _check_releases(resolved: Resolved) -> None:
    decoder = resolved.config.decoder
    pairs = [("decoder.threshold", decoder.threshold, "decoder.release", decoder.release)]
    for name, keyword in resolved.config.keywords.items():
        own = f"{KEYWORDS}.{name}"
        pairs.append(
            (
                *(
                    (f"{own}.threshold", keyword.threshold)
                    if keyword.threshold is not None
                    else ("decoder.threshold", decoder.threshold)
                ),
                *(
                    (f"{own}.release", keyword.release)
                    if keyword.release is not None
                    else ("decoder.release", decoder.release)
                ),
            )
        )
    for threshold_key, threshold, release_key, release in pairs:
        if threshold is not None and release is not None and release >= threshold:
            origins = resolved.origins
            fail(
                resolved,
                (threshold_key, release_key),
                f"{release_key} is {release:g} ({origins[release_key]}) and must be below "
                f"{threshold_key}, which is {threshold:g} ({origins[threshold_key]}). "
                f"Lower the release, or leave it out to have the model's scaled.",
            )


def fail(resolved: Resolved, keys: Iterable[str], text: str) -> NoReturn:
    """Raise the error of wrong values: of a flag if any of the keys was set by one."""
    if any(resolved.origins[key].startswith("--") for key in keys):
        raise FlagError(text)
    raise ConfigError(text)
