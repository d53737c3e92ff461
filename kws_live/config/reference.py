"""The generated parts of docs/configuration.md: an example file and a table of every setting.

`python -m kws_live.config.reference docs/configuration.md` writes them anew; a test holds the page
to them.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from kws_live.config.render import toml_value
from kws_live.config.schema import (
    HOOK,
    Setting,
    env_name,
    is_required,
    scalar_settings,
    settings_of,
    tables,
)
from kws_live.config.settings import SCHEMA

_EXAMPLE_KEYWORD = "stop"
_WIDTH = 88


def example() -> str:
    """Return a file with every setting, its meaning and its default.

    Lines that begin with `#` and no space are settings left to the model, or tables nobody has by
    default: without the `#`, they load too.
    """
    return "\n".join(_example_lines()) + "\n"


def _example_lines() -> Iterator[str]:
    yield "# The version of this file's format."
    yield f"schema = {SCHEMA}"
    for table_name, table in tables():
        name = table_name.replace("NAME", _EXAMPLE_KEYWORD)
        optional = name == HOOK or "." in name
        yield ""
        if name:
            yield from _comment(_summary(table))
            header = f"[[{name}]]" if name == HOOK else f"[{name}]"
            yield f"#{header}" if optional else header
        for setting in settings_of(table).values():
            off = optional or setting.default is None
            yield from _comment(setting.meta.help)
            yield f"{'#' if off else ''}{setting.name} = {toml_value(_example_value(setting))}"


def _summary(table: type) -> str:
    """Return what a table is for: the first paragraph of its docstring."""
    return (inspect.getdoc(table) or "").partition("\n\n")[0]


def _comment(text: str) -> Iterator[str]:
    for line in textwrap.wrap(text, _WIDTH - 2):
        yield f"# {line}"


def _example_value(setting: Setting) -> object:
    return setting.meta.example if setting.meta.example is not None else setting.default


def reference() -> str:
    """Return the settings as Markdown tables."""
    return "\n".join(_reference_lines()).strip() + "\n"


def _reference_lines() -> Iterator[str]:
    for table_name, table in tables():
        brackets = f"[[{table_name}]]" if table_name == HOOK else f"[{table_name}]"
        yield from ("", f"### {f'`{brackets}`' if table_name else 'Top level'}", "")
        if table_name:
            yield from (_summary(table), "")
        yield "| Key | Value | Default | Elsewhere | Meaning |"
        yield "| --- | --- | --- | --- | --- |"
        for setting in settings_of(table).values():
            key = f"{table_name}.{setting.name}" if table_name else setting.name
            cells = [f"`{setting.name}`", setting.allowed, _default(setting), _elsewhere(key)]
            yield f"| {' | '.join([*cells, setting.meta.help])} |"


def _default(setting: Setting) -> str:
    if is_required(setting):
        return "required"
    return "the model's" if setting.default is None else f"`{toml_value(setting.default)}`"


def _elsewhere(key: str) -> str:
    """Return the variable and the flag of a setting."""
    if key not in scalar_settings():
        return "`--hook`" if key in {f"{HOOK}.keyword", f"{HOOK}.command"} else ""
    flag = scalar_settings()[key].meta.flag
    return ", ".join(f"`{name}`" for name in (env_name(key), flag) if name)


def update(page: str) -> str:
    """Return the page with the parts between `<!-- NAME: … -->` and `<!-- end of NAME -->` anew.

    Raises:
        ValueError: the page lacks one of the parts.
    """
    for name, text in (("example", f"```toml\n{example()}```\n"), ("reference", reference())):
        match = re.search(
            rf"<!-- {name}: .*?-->\n(.*?)(?=<!-- end of {name} -->)", page, flags=re.DOTALL
        )
        if match is None:
            raise ValueError(f"the page has no part {name!r}")
        page = f"{page[: match.start(1)]}\n{text}\n{page[match.end(1) :]}"
    return page


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(update(path.read_text(encoding="utf-8")), encoding="utf-8")
