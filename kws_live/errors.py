"""Errors a user can meet, each with the exit code that the command ends with.

A message says what went wrong, which value, and what to do next. The codes follow sysexits.h.
"""

from collections.abc import Iterable
from typing import ClassVar


class KwsLiveError(Exception):
    """Base of every expected error; `exit_code` is what the process returns."""

    exit_code: ClassVar[int] = 70


class InputError(KwsLiveError):
    """An input or a model is missing, unreadable, empty, truncated or corrupt."""

    exit_code = 66


class ModelError(InputError):
    """A model folder can't be used: missing, corrupt, of another format or with other labels."""


class DeviceError(KwsLiveError):
    """No usable audio device: none, unknown, ambiguous, or no PortAudio."""

    exit_code = 69


class OutputError(KwsLiveError):
    """A write failed (disk full, permission), other than to a standard output that was closed."""

    exit_code = 74


class ConfigError(KwsLiveError):
    """The configuration file or environment is wrong."""

    exit_code = 78


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest of `known`, or "" when none is near."""
    import difflib  # noqa: PLC0415  (needed after a mistake only)

    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" Did you mean {matches[0]!r}?" if matches else ""
