"""Checks of a configuration against the world: the model's keywords and the programs of hooks."""

import os
import shutil
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from kws_live.config.layers import FlagError
from kws_live.config.load import Resolved, fail
from kws_live.config.schema import HOOK, KEYWORDS
from kws_live.config.settings import ANY_KEYWORD, HookSpec, KeywordConfig
from kws_live.errors import did_you_mean


def check_keywords(resolved: Resolved, known: Collection[str]) -> None:
    """Check that every keyword named is one of `known`, the model's.

    Raises:
        ConfigError: the file names another.
        FlagError: a flag names another.
    """
    for name in resolved.config.keywords:
        if name not in known:
            key = f"{KEYWORDS}.{name}"
            fail(resolved, [key], f"{resolved.origins[key]}: [{key}]: {_unknown(name, known)}")
    for index, hook in enumerate(resolved.config.hooks):
        if hook.keyword not in known and hook.keyword != ANY_KEYWORD:
            key = f"{HOOK}[{index}].keyword"
            text = _unknown(hook.keyword, known)
            fail(resolved, [key], f"{resolved.origins[key]}: hook {hook.text!r}: {text}")


def select_keywords(resolved: Resolved, names: Sequence[str], known: Collection[str]) -> Resolved:
    """Return the configuration with only `names` of the model's keywords `known` enabled.

    This is what `--keyword` asks for. Without names nothing changes.

    Raises:
        FlagError: a name isn't one of the model's keywords.
    """
    if not names:
        return resolved
    for name in names:
        if name not in known:
            raise FlagError(f"--keyword: {_unknown(name, known)}")
    keywords = dict(resolved.config.keywords)
    origins = dict(resolved.origins)
    for name in known:
        keywords[name] = replace(keywords.get(name, KeywordConfig()), enabled=name in names)
        origins.setdefault(f"{KEYWORDS}.{name}", "--keyword")
        origins[f"{KEYWORDS}.{name}.enabled"] = "--keyword"
    return Resolved(replace(resolved.config, keywords=keywords), origins)


def _unknown(name: str, known: Collection[str]) -> str:
    hint = did_you_mean(name, known)
    return f"the model has no keyword {name!r}.{hint} It has: {', '.join(sorted(known))}."


def check_hook_programs(resolved: Resolved, search_path: str | None = None) -> None:
    """Check that the program of each hook that runs without a shell is there and may be executed.

    Args:
        resolved: the configuration.
        search_path: folders to look in, as `PATH` has them; None for `PATH` itself.

    Raises:
        ConfigError: the program of a hook in the file is missing.
        FlagError: the program of a hook given by a flag is missing.
    """
    for index, hook in enumerate(resolved.config.hooks):
        program = hook.argv[0]
        if shutil.which(program, path=search_path) is None:
            key = f"{HOOK}[{index}].command"
            fail(
                resolved,
                [key],
                f"{resolved.origins[key]}: hook for {hook.keyword!r}: {_missing(hook, program)}",
            )


def _missing(hook: HookSpec, program: str) -> str:
    if os.path.isdir(program):
        return f"{program!r} is a folder. Give the path of a program."
    if os.path.dirname(program) and os.path.exists(program):
        return f"{program!r} isn't executable. Run: chmod +x {program}"
    if program.startswith("~"):
        return (
            f"there is no program {program!r}: `~` means nothing without a shell. Write "
            f"{str(Path(program).expanduser())!r}, or set shell = true in the file."
        )
    if os.path.dirname(program):
        return f"there is no program {program!r}. Correct the path in {hook.text!r}."
    return (
        f"there is no program {program!r} on PATH. Install it, write its full path, or, if it is "
        f"a shell's own command, set shell = true in the file."
    )
