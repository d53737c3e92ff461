"""Errors of the export, each with the exit code that the command ends with."""

from kws_live.errors import InputError, KwsLiveError


class CheckpointError(InputError):
    """The run folder can't be exported: missing, incomplete, or of a kind that isn't known."""


class TargetError(KwsLiveError):
    """The folder to write is in use for something else."""

    exit_code = 2


class ExportFault(KwsLiveError):
    """What was exported doesn't work as it must; nothing was written."""

    exit_code = 70


class ParityError(ExportFault):
    """The exported graph doesn't compute what the checkpoint computes."""


class StreamingError(ExportFault):
    """Encoder and head don't compute what the whole graph computes."""
