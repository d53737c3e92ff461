"""Writing what a run leaves: a reader sees the old file or the new one, never a part."""

import json
from pathlib import Path
from typing import Any

from kws_live.files import atomic


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all; of a file's name that is none, escapes.

    Raises:
        OSError: Writing fails. `fit` alone knows how a run that this ends is gone on with.
    """
    with atomic(path) as waiting:
        waiting.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False) + "\n")
