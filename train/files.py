"""Writing files so that a reader sees the old one or the new one, never a part."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path to write to, whose file takes the place of `path` when the block ends.

    If the block fails, what it wrote is removed and `path` stays as it was.
    """
    waiting = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield waiting
        os.replace(waiting, path)
    finally:
        waiting.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with replacing(path) as waiting:
        waiting.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")
