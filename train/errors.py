"""The one error that only the training commands have; the others are those of `kws_live.errors`."""

from typing import ClassVar

from kws_live.errors import KwsLiveError


class FlagError(KwsLiveError):
    """A command-line flag contradicts what is there, such as a run folder that is in use."""

    exit_code: ClassVar[int] = 2
