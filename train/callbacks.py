"""What happens during training besides training: keeping the best model, stopping on a signal."""

import logging
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from transformers import (
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    Wav2Vec2FeatureExtractor,
)

from .files import write_json
from .run_folder import write_model

log = logging.getLogger(__name__)


class KeepBest(TrainerCallback):
    """Writes the model into the run folder whenever validation accuracy rises.

    `history.json` beside it lists accuracy and loss of each evaluation, and the mean loss of the
    training steps since the one before.
    """

    def __init__(self, run: Path, extractor: Wav2Vec2FeatureExtractor, steps_per_epoch: int):
        """Note where to write; nothing is written before the first evaluation."""
        self._run, self._extractor, self._steps_per_epoch = run, extractor, steps_per_epoch
        self._best = -1.0
        self._history: list[dict[str, float | None]] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Recall the evaluations of a resumed run."""
        for entry in state.log_history:
            if "eval_accuracy" in entry:
                self._note(entry, entry["step"], state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Have the loss logged where an epoch ends, so that no logged mean spans two epochs."""
        if state.global_step % self._steps_per_epoch == 0:
            control.should_log = True

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **now: Any,
    ) -> None:
        """Write the model if it is the best so far."""
        if self._note(now["metrics"], state.global_step, state):
            write_model(self._run, now["model"], self._extractor)
        write_json(self._run / "history.json", self._history)

    def _note(self, metrics: dict[str, float], step: float, state: TrainerState) -> bool:
        accuracy = metrics["eval_accuracy"]
        self._history.append(
            {
                "epoch": round(step / self._steps_per_epoch),
                "accuracy": accuracy,
                "loss": metrics["eval_loss"],
                "train_loss": _mean_loss(state.log_history, step - self._steps_per_epoch, step),
            }
        )
        better = accuracy > self._best
        self._best = max(self._best, accuracy)
        return better


class StopOnSignal(TrainerCallback):
    """Turns the first SIGINT or SIGTERM into a checkpoint and an orderly end.

    A context manager: the signals' handlers are this object's inside, and restored outside.
    The second signal ends the run at once, without a checkpoint.
    """

    def __init__(self) -> None:
        """Start unstopped."""
        self.stopped_by: int | None = None
        self._before: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "StopOnSignal":
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            return  # Ctrl-C reaches the workers too; the process that feeds them ends them
        if self.stopped_by is not None:
            raise KeyboardInterrupt
        self.stopped_by = number
        log.info("stopping after this step, with a checkpoint; once more ends at once, without")

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Ask the Trainer for a checkpoint and the end."""
        if self.stopped_by is not None:
            # Logged too: the loss of the steps since the last line is not in the checkpoint otherwise.
            control.should_log = control.should_save = control.should_training_stop = True


class HeadFirst(TrainerCallback):
    """Trains only the classification head during the first steps.

    A new head starts at random; its first gradients would disturb a pretrained network.
    """

    def __init__(self, steps: int) -> None:
        """Note for how many steps."""
        self._steps = steps
        self._held: list[Any] = []

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **now: Any,
    ) -> None:
        """Hold everything below the head that would be trained."""
        if state.global_step < self._steps:
            self._held = [p for p in now["model"].wav2vec2.parameters() if p.requires_grad]
            for p in self._held:
                p.requires_grad = False

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Release what was held when the time has come."""
        if self._held and state.global_step >= self._steps:
            for p in self._held:
                p.requires_grad = True
            self._held = []


def _mean_loss(log: Sequence[dict[str, float]], after: float, upto: float) -> float | None:
    """Return the mean training loss of the steps after one, up to another; None if none is logged.

    An entry of the log holds the mean over the steps since the entry before.
    """
    total, since = 0.0, after
    for entry in log:
        if "loss" in entry and after < entry["step"] <= upto:
            total += entry["loss"] * (entry["step"] - since)
            since = entry["step"]
    # Rounded, so that a run that was stopped between two entries has the same as one that was not.
    return round(total / (since - after), 4) if since > after else None
