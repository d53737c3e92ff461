"""CSV cells that a spreadsheet shows instead of running them: what begins with = + - @ is a formula to it."""

import os
from pathlib import Path

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def text_cell(text: str) -> str:
    """Return a text, behind an apostrophe where it begins like a formula, as OWASP advises."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def path_cell(path: Path) -> str:
    """Return a path, behind `./` where it begins like a formula: it still names the same file."""
    text = os.fspath(path)
    return os.path.join(os.curdir, text) if text.startswith(_FORMULA) else text
