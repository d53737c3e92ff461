"""Writing a configuration as TOML, each value with its origin: what `--print-config` shows."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kws_live.config.load import MODEL_DEFAULT, SHARED, Resolved
from kws_live.config.operating_point import EffectiveSettings
from kws_live.config.schema import HOOK, KEYWORDS, scalar_settings, sections, settings_of
from kws_live.config.settings import SCHEMA, HookSpec, KeywordConfig

_COMMENT_COLUMN = 36


def render(resolved: Resolved, effective: EffectiveSettings | None = None) -> str:
    """Return the configuration as TOML that loads again to the same configuration.

    A value that the model decides is a line that begins with `#`, so that saving the text pins
    nothing; it shows the value in force where `effective`, made from this configuration, is given.
    """
    return "\n".join(_lines(resolved, effective)) + "\n"


def _lines(resolved: Resolved, effective: EffectiveSettings | None) -> Iterator[str]:
    in_force = _in_force(effective) if effective else {}
    yield f"schema = {SCHEMA}"
    yield _line("model", resolved.config.model, resolved.origins["model"])
    for section in sections():
        yield from ("", f"[{section}]")
        yield from _section_lines(resolved, section, in_force)
    for keyword in resolved.config.keywords:
        yield from ("", f"[{KEYWORDS}.{toml_key(keyword)}]")
        yield from _keyword_lines(resolved, keyword, in_force)
    for keyword in effective.decoder.keywords if effective else ():
        if keyword not in resolved.config.keywords:
            yield from ("", f"#[{KEYWORDS}.{toml_key(keyword)}]")
            yield from _shared_lines(resolved, keyword, in_force)
    for index, hook in enumerate(resolved.config.hooks):
        yield from ("", f"[[{HOOK}]]")
        for name in settings_of(HookSpec):
            yield _line(name, getattr(hook, name), resolved.origins[f"{HOOK}[{index}].{name}"])


def _section_lines(
    resolved: Resolved, section: str, in_force: Mapping[str, object]
) -> Iterator[str]:
    for name in settings_of(sections()[section]):
        key = f"{section}.{name}"
        value = getattr(getattr(resolved.config, section), name)
        if value is not None:
            yield _line(name, value, resolved.origins[key])
        elif section == "decoder" and name in SHARED:
            yield _line(name, None, f"{MODEL_DEFAULT} of each keyword", off=True)
        else:
            yield _line(name, in_force.get(key), MODEL_DEFAULT, off=True)


def _keyword_lines(
    resolved: Resolved, keyword: str, in_force: Mapping[str, object]
) -> Iterator[str]:
    own = resolved.config.keywords[keyword]
    for name in settings_of(KeywordConfig):
        value = getattr(own, name)
        if value is not None:
            yield _line(name, value, resolved.origins[f"{KEYWORDS}.{keyword}.{name}"])
    if own.enabled:
        unset = [name for name in SHARED if getattr(own, name) is None]
        yield from _shared_lines(resolved, keyword, in_force, unset)


def _shared_lines(
    resolved: Resolved,
    keyword: str,
    in_force: Mapping[str, object],
    names: Iterable[str] = SHARED,
) -> Iterator[str]:
    """Yield the values of a keyword that aren't its own: those of `[decoder]` or of the model."""
    for name in names:
        origin = resolved.origins[f"decoder.{name}"]
        if origin != MODEL_DEFAULT:
            origin = f"decoder.{name}, {origin}"
        yield _line(name, in_force.get(f"{KEYWORDS}.{keyword}.{name}"), origin, off=True)


def _in_force(effective: EffectiveSettings) -> Mapping[str, object]:
    """Return the values of gate, decoder and enabled keywords by dotted key."""
    parts: dict[str, Any] = {"gate": effective.gate, "decoder": effective.decoder}
    values = {
        key: getattr(parts[key.split(".")[0]], setting.name)
        for key, setting in scalar_settings().items()
        if key.split(".")[0] in parts and setting.name not in SHARED
    }
    for keyword, settings in effective.decoder.keywords.items():
        for name in SHARED:
            values[f"{KEYWORDS}.{keyword}.{name}"] = getattr(settings, name)
    return values


def _line(name: str, value: object, origin: str, *, off: bool = False) -> str:
    text = f"{'#' if off else ''}{name} ={'' if value is None else ' ' + toml_value(value)}"
    comment = "".join(char if char.isprintable() else "�" for char in origin)
    return f"{text:<{_COMMENT_COLUMN - 2}}  # {comment}"


def toml_key(name: str) -> str:
    """Return a TOML key, quoted where it has to be."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else toml_value(name)


def toml_value(value: object) -> str:
    """Return a bool, number, string or sequence of these as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    raise TypeError(f"{value!r} has no place in a configuration")
