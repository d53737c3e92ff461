"""The processes that share one run: one, or those that torchrun or accelerate launch started."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather_object
from torch import nn

from kws_live.errors import KwsLiveError

from .errors import EndedElsewhereError, FlagError

_Result = TypeVar("_Result")

#: The others wait so long for one that decodes recordings or evaluates.
PATIENCE = timedelta(hours=3)


def join() -> PartialState:
    """Return this process's place among those of the run; several meet here first.

    GPUs are used where there are any (nccl), else processors (gloo).
    """
    return PartialState(cpu=not torch.cuda.is_available(), timeout=PATIENCE)


def leave() -> None:
    """Part from the other processes, if there are any."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


def is_main() -> bool:
    """Whether this process writes and logs, by what its launcher said."""
    return os.environ.get("RANK", "0") == "0"


def on_main(work: Callable[[], _Result]) -> _Result:
    """Return, in every process, what `work` returns in the main one; only that one runs it.

    Raises:
        EndedElsewhereError: In the others, if it raised.
    """
    state = PartialState()
    if state.num_processes == 1:
        return work()
    outcome: list[Any] = [None, None]  # the result, or the exit code
    fault: Exception | None = None
    if state.is_main_process:
        try:
            outcome[0] = work()
        except Exception as error:  # the others wait to hear of it, whatever it is
            fault = error
            outcome[1] = error.exit_code if isinstance(error, KwsLiveError) else 1
    broadcast_object_list(outcome)
    if fault is not None:
        raise fault
    if outcome[1] is not None:
        raise EndedElsewhereError(outcome[1])
    result: _Result = outcome[0]
    return result


def highest(*wishes: int) -> list[int]:
    """Return the highest of what the processes each say, in all of them."""
    state = PartialState()
    if state.num_processes == 1:
        return list(wishes)
    said = torch.tensor(wishes, dtype=torch.int32, device=state.device)
    dist.all_reduce(said, op=dist.ReduceOp.MAX)
    return [int(x) for x in said]


def share_buffers(model: nn.Module) -> None:
    """Give each process the main one's buffers, such as the running means of batch norm."""
    if PartialState().num_processes > 1:
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def require_same(value: str, what: str) -> None:
    """Make sure that the processes agree on something that they each read.

    Raises:
        FlagError: They do not.
    """
    if len(set(gather_object([value]))) > 1:
        raise FlagError(
            f"{what} are not the same for all processes: give each machine the same files in the "
            "same folders"
        )
