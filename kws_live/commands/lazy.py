"""A group of commands whose modules are imported when somebody asks for them."""

import importlib
from collections.abc import Mapping
from typing import Any

import click


class LazyGroup(click.Group):
    """A click group that knows its commands by the place where they are defined.

    Args:
        lazy: for each command's name "module:attribute", in the order of the help.
        options: as of `click.Group`.
    """

    def __init__(self, *, lazy: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._lazy = lazy

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(self._lazy)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Import and return the command, or None if there is none of that name."""
        if name not in self._lazy:
            return None
        module, attribute = self._lazy[name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command
