"""Checkpoints: when they are written, and which of them can be trusted to go on from."""

import hashlib
import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR

from . import processes
from .files import write_json
from .stopping import StopOnSignal

log = logging.getLogger(__name__)

#: With this, and steps of up to two minutes, nobody loses more than ten minutes.
CHECKPOINT_EVERY_S = 480.0
KEPT = 2
SEAL = "sealed.json"


class Checkpointing(TrainerCallback):
    """Asks for a checkpoint every eight minutes and on a signal, in all processes at once.

    What the Trainer has written is then sealed with the size and hash of each file. A checkpoint
    without its seal is one whose writing was cut off.
    """

    def __init__(self, stop: StopOnSignal) -> None:
        """Note who knows of signals."""
        self._stop = stop
        self._saved_s = time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock."""
        self._saved_s = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Ask for a checkpoint if it is time, and for the end if a signal came."""
        due = time.monotonic() - self._saved_s >= CHECKPOINT_EVERY_S
        signal_number, due_anywhere = processes.highest(self._stop.stopped_by or 0, due)
        if signal_number:
            self._stop.stopped_by = signal_number
            control.should_training_stop = True
        if signal_number or due_anywhere:
            # With the loss logged up to here, a resumed run knows each epoch's mean.
            control.should_save = control.should_log = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Seal the checkpoint when every process has written its part."""
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            seal(folder_of(args, state))
        self._saved_s = time.monotonic()


def folder_of(args: TrainingArguments, state: TrainerState) -> Path:
    """Return the folder of the checkpoint that is being written."""
    return Path(str(args.output_dir)) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"


def seal(checkpoint: Path) -> None:
    """Declare a checkpoint whole: note each file's size and SHA-256 in it."""
    files = sorted(p for p in checkpoint.iterdir() if p.is_file() and p.name != SEAL)
    write_json(checkpoint / SEAL, {p.name: [p.stat().st_size, _sha256(p)] for p in files})


def last_whole(folder: Path) -> Path | None:
    """Return the newest whole checkpoint in a stage's folder, or None; newer broken ones go.

    They are removed so that they cannot take the place of whole ones when old ones are cleared
    away. The log names each.
    """
    for checkpoint in sorted(_found(folder), key=step_of, reverse=True):
        fault = _fault_of(checkpoint)
        if fault is None:
            return checkpoint
        log.warning("%s %s: removed, going on from the one before", checkpoint, fault)
        shutil.rmtree(checkpoint)
    return None


def remove_unsealed(folder: Path) -> None:
    """Remove what remains of a checkpoint that could not be written: it holds up disk space."""
    for checkpoint in _found(folder):
        if not (checkpoint / SEAL).is_file():
            shutil.rmtree(checkpoint, ignore_errors=True)


def step_of(checkpoint: Path | None) -> int:
    """Return after how many steps a checkpoint was written; 0 for none."""
    return int(checkpoint.name.split("-")[1]) if checkpoint else 0


def state_of(checkpoint: Path) -> TrainerState:
    """Return what the Trainer noted of a checkpoint's run."""
    state: TrainerState = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))
    return state


def warn_of_other_processes(checkpoint: Path) -> None:
    """Log a warning if another number of processes wrote a checkpoint than goes on from it.

    Each wrote the state of its random numbers; with others, dropout is drawn otherwise.
    """
    state = PartialState()
    n = int(state.num_processes)
    expected = {"rng_state.pth"} if n == 1 else {f"rng_state_{i}.pth" for i in range(n)}
    found = {file.name for file in checkpoint.glob("rng_state*.pth")}
    if found != expected and state.is_main_process:
        log.warning(
            "%s was written by %d processes, and %d go on: dropout is drawn anew, so the run will not "
            "end with the very same weights as one that was never stopped",
            *(checkpoint, len(found), n),
        )


def _found(folder: Path) -> list[Path]:
    return list((folder / "checkpoints").glob(f"{PREFIX_CHECKPOINT_DIR}-*"))


def _fault_of(checkpoint: Path) -> str | None:
    try:
        sealed = json.loads((checkpoint / SEAL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return "was not finished"
    except (OSError, ValueError):
        return f"is damaged ({SEAL})"
    for name, (size, digest) in sealed.items():
        file = checkpoint / name
        if not file.is_file() or file.stat().st_size != size or _sha256(file) != digest:
            return f"is damaged ({name})"
    return None


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
