"""Writing an operating point into the user's configuration file: nothing else in it changes."""

import os
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from kws_live.config import SCHEMA, DecoderSettings, effective, load
from kws_live.errors import ConfigError, KwsLiveError, OutputError
from kws_live.files import atomic

MARK = "# tune: "
"""Begins each line that says where the numbers are from; such lines are replaced the next time."""


def edited(
    text: str, decoder: DecoderSettings, keywords: Sequence[str], comment: Sequence[str]
) -> str:
    """Return the configuration `text` with the smoothing and the settings of `keywords` in it.

    Args:
        text: a valid configuration file, or nothing.
        decoder: what to write.
        keywords: those of its keywords to write.
        comment: lines to begin with, without their mark.

    Raises:
        ConfigError: the text is no TOML, or is laid out so that these settings can't be put in.
    """
    kept = "".join(
        line
        for line in text.removeprefix("\ufeff").splitlines(keepends=True)
        if not line.startswith(MARK)
    )
    try:
        document = tomlkit.parse(kept)
        if "schema" not in document:
            document["schema"] = SCHEMA
        _table(document, "decoder")["smoothing_s"] = decoder.smoothing_s
        words = _table(document, "keywords", super_table=True)
        for keyword in keywords:
            own, table = decoder.keywords[keyword], _table(words, keyword)
            table["threshold"] = own.threshold
            table["release"] = own.release
            table["refractory_s"] = own.refractory_s
        body = tomlkit.dumps(document)
    except (TOMLKitError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"the operating point can't be put into the configuration: {error}. Use --dry-run and copy it"
        ) from error
    return "".join(f"{MARK}{line}\n" for line in comment) + body.rstrip() + "\n"


def write_config(
    path: Path,
    decoder: DecoderSettings,
    keywords: Sequence[str],
    comment: Sequence[str],
    point: Mapping[str, Any],
    now: datetime,
) -> Path | None:
    """Put the operating point into the file at `path`, which is made if there is none.

    What is written is read back as the daemon would before it takes the file's place, at once. A
    link stays a link: the file that it leads to is replaced.

    Args:
        path: the configuration file.
        decoder: what to write.
        keywords: those of its keywords to write.
        comment: see `edited`.
        point: the model's operating point, to check with.
        now: names the copy of the former file.

    Returns:
        The copy of the former file, beside it; None if there was none.

    Raises:
        ConfigError: the file is no valid configuration, or can't hold the settings.
        OutputError: it can't be written.
    """
    target = Path(os.path.realpath(path))
    newline = "\n"
    try:
        with target.open(encoding="utf-8") as former:
            text = former.read()
            if former.newlines == "\r\n":
                newline = "\r\n"
    except FileNotFoundError:
        text = None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"can't read the configuration file {path}: {error}.") from error
    if text is not None and not os.access(target, os.W_OK):
        raise OutputError(
            f"can't write {path}: it is read-only. Make it writable, give another one with --config, or a "
            "copy of the model with --out"
        )
    backup = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic(target) as waiting:
            with waiting.open("w", encoding="utf-8", newline=newline) as file:
                file.write(edited(text or "", decoder, keywords, comment))
                file.flush()
                os.fsync(file.fileno())
            _check(waiting, path, decoder, keywords, point)
            if text is not None:
                shutil.copymode(target, waiting)
                backup = target.with_name(f"{target.name}.{now:%Y%m%d-%H%M%S}.bak")
                shutil.copy2(target, backup)
    except OSError as error:
        raise OutputError(
            f"can't write {path}: {error.strerror}. The file is as it was. Give another one with "
            "--config, or a copy of the model with --out"
        ) from error
    return backup


def _table(parent: Any, name: str, *, super_table: bool = False) -> Any:
    """Return the table `name` of a TOML container, made if it isn't there."""
    if name not in parent:
        parent[name] = tomlkit.table(super_table)
    return parent[name]


def _check(
    written: Path,
    path: Path,
    decoder: DecoderSettings,
    keywords: Sequence[str],
    point: Mapping[str, Any],
) -> None:
    """Raise a ConfigError unless the file means what was to be written."""
    try:
        found = effective(load(written, {}, {}).config, point).decoder
    except KwsLiveError as error:
        message = str(error).replace(str(written), str(path))
        raise ConfigError(f"nothing was written: {message}") from error
    same = found.smoothing_s == decoder.smoothing_s and all(
        found.keywords.get(keyword) == decoder.keywords[keyword] for keyword in keywords
    )
    if not same:
        raise ConfigError(
            f"the operating point can't be put into {path}: its layout would change its meaning. Use "
            "--dry-run and copy it"
        )
