"""Errors that only the training commands have; the others are those of `kws_live.errors`."""

from typing import ClassVar

from kws_live.errors import KwsLiveError


class FlagError(KwsLiveError):
    """A command-line flag contradicts what is there, such as a run folder that is in use."""

    exit_code: ClassVar[int] = 2


class EndedElsewhereError(KwsLiveError):
    """Another process of the same run ended with an error, which it told itself."""

    def __init__(self, exit_code: int) -> None:
        """Take over the other's exit code."""
        super().__init__("another process of this run ended with an error")
        self.exit_code = exit_code  # type: ignore[misc]  # of the class for all other errors
