"""Reading the configuration file, with the line of each key."""

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from kws_live.config.layers import (
    Given,
    Layer,
    Table,
    hook_command,
    missing_keys,
    raise_problems,
)
from kws_live.config.schema import HOOK, KEYWORDS, Setting, sections, settings_of
from kws_live.config.settings import SCHEMA, Config, HookSpec, KeywordConfig
from kws_live.errors import ConfigError, did_you_mean

Location = tuple[str | int, ...]
"""Where something is in a TOML document: `("hook", 0, "command")`."""


def default_path(env: Mapping[str, str]) -> Path | None:
    """Return where the user's file is looked for: `$XDG_CONFIG_HOME/kws-live/config.toml`.

    As the XDG specification has it, an empty or relative XDG_CONFIG_HOME counts as unset, which
    leaves `~/.config`. None where there is no home either.
    """
    base = env.get("XDG_CONFIG_HOME", "")
    if not base.startswith("/"):
        home = env.get("HOME", "")
        if not home.startswith("/"):
            return None
        base = f"{home}/.config"
    return Path(base) / "kws-live" / "config.toml"


def read_file(path: Path) -> Layer:
    """Return what the file sets.

    Raises:
        ConfigError: the file can't be read, isn't TOML, or sets something wrong or unknown.
        FileNotFoundError: there is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(str(path)) from None
    except OSError as error:
        raise ConfigError(f"can't read the configuration file {path}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} isn't UTF-8 text (byte {error.start}). Save it as UTF-8."
        ) from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Layer:
    """Return what a file with this text sets; `name` is the file in messages and origins.

    Raises:
        ConfigError: it isn't TOML, or sets something wrong or unknown.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{name} isn't valid TOML: {error}.") from None
    reader = _Reader(name, _lines(text))
    reader.read(document)
    raise_problems(reader.problems)
    return reader.layer


class _Reader:
    """Walks one document, filling a layer and a list of problems."""

    def __init__(self, name: str, lines: Mapping[Location, int]) -> None:
        self.layer = Layer()
        self.problems: list[str] = []
        self._name = name
        self._lines = lines

    def read(self, document: Mapping[str, object]) -> None:
        self._read_schema(document)
        for name, value in document.items():
            if name == "schema":
                continue
            if name in sections():
                self._read_section(name, value)
            elif name == KEYWORDS:
                self._read_keywords(value)
            elif name == HOOK:
                self._read_hooks(value)
            elif name in settings_of(Config):
                self._read_value(settings_of(Config)[name], (name,), value, self.layer.scalars)
            else:
                known = ["schema", *settings_of(Config), *sections(), KEYWORDS, HOOK]
                self._unknown((name,), known)

    def _read_schema(self, document: Mapping[str, object]) -> None:
        schema = document.get("schema")
        if schema is None:
            self._problem((), f"it doesn't say its format. Make `schema = {SCHEMA}` its first line")
        elif type(schema) is int and schema > SCHEMA:
            raise ConfigError(
                f"{self._where(('schema',))}: schema {schema} is newer than this kws-live, which "
                f"knows {SCHEMA}. Update kws-live."
            )
        elif type(schema) is not int or schema != SCHEMA:
            self._problem(("schema",), f"schema must be {SCHEMA}, not {schema!r}")

    def _read_section(self, section: str, value: object) -> None:
        values: dict[str, Given] = {}
        self._read_table((section,), value, sections()[section], values)
        self.layer.scalars |= {f"{section}.{name}": given for name, given in values.items()}

    def _read_keywords(self, value: object) -> None:
        if not isinstance(value, dict):
            self._problem((KEYWORDS,), "keywords must be tables such as [keywords.stop]")
            return
        for name, table in value.items():
            path = (KEYWORDS, name)
            if not isinstance(table, dict) and name in settings_of(KeywordConfig):
                self._problem(
                    path,
                    f"[keywords] has no key {name!r}; set it for one keyword in "
                    f"[keywords.NAME] or for all in [decoder]",
                )
                continue
            try:
                settings_of(HookSpec)["keyword"].check(name)
            except ValueError as error:
                self._problem(path, f"the keyword's name {error}")
            entry = self.layer.keywords[name] = Table(self._where(path))
            self._read_table(path, table, KeywordConfig, entry.values)

    def _read_hooks(self, value: object) -> None:
        if not isinstance(value, list):
            self._problem((HOOK,), "a hook must be a table [[hook]], with double brackets")
            return
        for index, table in enumerate(value):
            path = (HOOK, index)
            hook = Table(self._where(path))
            before = len(self.problems)
            self._read_table(path, table, HookSpec, hook.values)
            if isinstance(table, dict):
                for key in missing_keys(HookSpec, table):
                    self._problem(path, f"[[hook]] has no `{key}`. Add one")
            if len(self.problems) == before:
                self._finish_command(path, hook)
                self.layer.hooks.append(hook)

    def _finish_command(self, path: Location, hook: Table) -> None:
        command, origin = hook.values["command"]
        shell = hook.values["shell"].value if "shell" in hook.values else False
        try:
            hook.values["command"] = Given(hook_command(command, shell), origin)
        except ValueError as error:
            self._problem((*path, "command"), f"{dotted((*path, 'command'))}: {error}")

    def _read_table(
        self, path: Location, value: object, table: type, values: dict[str, Given]
    ) -> None:
        if not isinstance(value, dict):
            self._problem(path, f"{dotted(path)} must be a table, not {value!r}")
            return
        for name, item in value.items():
            if name in settings_of(table):
                self._read_value(settings_of(table)[name], (*path, name), item, values)
            else:
                self._unknown((*path, name), settings_of(table))

    def _read_value(
        self, setting: Setting, path: Location, value: object, values: dict[str, Given]
    ) -> None:
        try:
            values[setting.name] = Given(setting.check(value), self._where(path))
        except ValueError as error:
            self._problem(path, f"{dotted(path)} {error}")

    def _unknown(self, path: Location, known: Iterable[str]) -> None:
        known = list(known)
        *table, name = path
        where = f" in [{dotted(tuple(table))}]" if table else ""
        hint = did_you_mean(str(name), known)
        if not hint:
            homes = [f"[{home}]" for home, cls in sections().items() if name in settings_of(cls)]
            hint = f" It belongs in {' or '.join(homes)}." if homes else ""
        hint = hint or f" Known keys: {', '.join(known)}."
        self._problem(path, f"unknown key {str(name)!r}{where}.{hint}")

    def _problem(self, path: Location, text: str) -> None:
        stop = "" if text.endswith((".", "?")) else "."
        self.problems.append(f"{self._where(path)}: {text}{stop}")

    def _where(self, path: Location) -> str:
        while path:
            if path in self._lines:
                return f"{self._name}:{self._lines[path]}"
            path = path[:-1]
        return self._name


def dotted(path: Location) -> str:
    """Return a path as people write it: `hook[0].command`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _lines(text: str) -> dict[Location, int]:
    """Return the line of each key and table, as far as they stand at the start of a line.

    tomllib doesn't tell positions. Each line that looks like a header or a key is given to it
    alone, so that quoted and dotted keys are read by the same rules.
    """
    lines: dict[Location, int] = {}
    table: Location = ()
    hooks = 0
    for number, line in enumerate(text.split("\n"), start=1):
        is_header = line.lstrip().startswith("[")
        source = line if is_header else f"{line.partition('=')[0]}= 0"
        try:
            found: object = tomllib.loads(source)
        except tomllib.TOMLDecodeError:
            continue
        path: Location = ()
        while isinstance(found, dict) and found:
            name, found = next(iter(found.items()))
            path = (*path, name)
        if is_header and isinstance(found, list):
            path, hooks = (*path, hooks), hooks + 1
        if is_header:
            table = path
        lines.setdefault(path if is_header else (*table, *path), number)
    return lines
