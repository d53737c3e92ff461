"""Reading one source of settings: the file, the environment or the flags.

A layer holds only what its source gave, each value checked and with its origin. All that is wrong
with a source is reported at once.
"""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from kws_live.config.schema import (
    ENV_PREFIX,
    HOOK,
    env_name,
    is_required,
    scalar_settings,
    settings_of,
)
from kws_live.config.settings import HookSpec
from kws_live.errors import ConfigError, did_you_mean


class FlagError(ValueError):
    """A command-line flag has a wrong value, as the message says: a usage error, exit code 2."""


class Given(NamedTuple):
    """A value and its origin: "/path/config.toml:3", "KWS_LIVE_GATE_MODE" or "--threshold"."""

    value: Any
    origin: str


@dataclass(slots=True)
class Table:
    """What a source gave for one keyword or one hook."""

    origin: str
    values: dict[str, Given] = field(default_factory=dict)


@dataclass(slots=True)
class Layer:
    """What one source gave: values by dotted key, tables by keyword, and hooks in order."""

    scalars: dict[str, Given] = field(default_factory=dict)
    keywords: dict[str, Table] = field(default_factory=dict)
    hooks: list[Table] = field(default_factory=list)


def from_env(env: Mapping[str, str]) -> Layer:
    """Return the settings in `KWS_LIVE_*` variables; an empty variable counts as unset.

    Raises:
        ConfigError: a variable is unknown or its value is wrong.
    """
    keys = {env_name(key): key for key in scalar_settings()}
    layer = Layer()
    problems = []
    for name in sorted(env):
        if not name.startswith(ENV_PREFIX):
            continue
        if name not in keys:
            problems.append(
                f"unknown environment variable {name}.{did_you_mean(name, keys)} Unset it if it "
                f"isn't meant for kws-live; keywords and hooks are set in the file."
            )
        elif env[name]:
            key = keys[name]
            try:
                layer.scalars[key] = Given(scalar_settings()[key].parse(env[name]), name)
            except ValueError as error:
                problems.append(f"environment variable {name} {error}. Change or unset it.")
    raise_problems(problems)
    return layer


def from_flags(flags: Mapping[str, object]) -> Layer:
    """Return the settings given as flags: dotted key → value, text or typed; None is "not given".

    The key `hook` takes a sequence of texts "KEYWORD=COMMAND".

    Raises:
        FlagError: a value is wrong.
        KeyError: a key has no flag (a mistake in the program, not the user's).
    """
    layer = Layer()
    for key, value in flags.items():
        if value is None:
            continue
        if key == HOOK:
            assert isinstance(value, Iterable)
            layer.hooks = [_hook_from_flag(str(text)) for text in value]
            continue
        setting = scalar_settings()[key]
        if not setting.meta.flag:
            raise KeyError(f"{key} has no flag")
        try:
            checked = setting.parse(value) if isinstance(value, str) else setting.check(value)
        except ValueError as error:
            raise FlagError(f"{setting.meta.flag} {error}.") from None
        layer.scalars[key] = Given(checked, setting.meta.flag)
    return layer


def _hook_from_flag(text: str) -> Table:
    keyword, equals, command = text.partition("=")
    try:
        if not equals or not keyword.strip():
            raise ValueError("must be 'KEYWORD=COMMAND' or '*=COMMAND'")
        settings = settings_of(HookSpec)
        keyword = settings["keyword"].check(keyword.strip())
        argv = hook_command(settings["command"].check(command), shell=False)
    except ValueError as error:
        raise FlagError(f"--hook {text!r}: {error}.") from None
    origin = "--hook"
    return Table(origin, {"keyword": Given(keyword, origin), "command": Given(argv, origin)})


def hook_command(command: tuple[str, ...] | str, shell: bool) -> tuple[str, ...] | str:
    """Return a hook's checked command as `HookSpec` holds it: a string exactly when `shell`.

    Raises:
        ValueError: a list for a shell, or a string that can't be split.
    """
    if shell:
        if not isinstance(command, str):
            raise ValueError("the command must be a string where shell = true, not a list")
        return command
    if not isinstance(command, str):
        return command
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise ValueError(f"the command can't be split ({str(error).lower()})") from None
    if not words or not words[0]:
        raise ValueError("the command must name a program, but it is empty")
    return words


def missing_keys(table: type, given: Iterable[str]) -> list[str]:
    """Return the keys that a table has to have and hasn't."""
    return [s.name for s in settings_of(table).values() if is_required(s) and s.name not in given]


def raise_problems(problems: list[str]) -> None:
    """Raise a ConfigError with all of the problems, if there are any."""
    if problems:
        raise ConfigError("\n".join(problems))
