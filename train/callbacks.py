"""What happens during training besides training: keeping the best model, holding layers back, giving up."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from kws_live.errors import ConfigError

from .files import write_json
from .settings import TrainingSettings


class KeepBest(TrainerCallback):
    """Keeps the model whenever its validation is better, and ends a run in which it is not.

    `history.json` in the stage's folder lists accuracy (or what else the stage learns) and loss of
    each evaluation, and the mean of what the training steps since the one before made small.
    """

    def __init__(
        self,
        folder: Path,
        training: TrainingSettings,
        metric: str,
        write_model: Callable[[], None],
    ) -> None:
        """Note what decides, where to write and how; nothing is written before an evaluation."""
        self._folder, self._training, self._write_model = folder, training, write_model
        self._metric = metric
        self._history: list[dict[str, Any]] = []

    @property
    def best(self) -> dict[str, Any]:
        """Epoch, metric and loss of the evaluation whose model is kept: the first of the best."""
        return max(self._history, key=lambda entry: entry[self._metric])

    @property
    def stopped_early(self) -> bool:
        """Whether it has not been better for so long that the stage has come to its end."""
        patience = self._training.stop_after_epochs_without_gain
        if not patience or not self._history:
            return False
        return bool(self._history[-1]["epoch"] - self.best["epoch"] >= patience)

    def recall(self, state: TrainerState) -> None:
        """Take over the evaluations of the run that a checkpoint's state is of."""
        for entry in state.log_history:
            if f"eval_{self._metric}" in entry:
                self._note(entry, entry["step"], state)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Have the loss logged where an epoch ends, so that no logged mean spans two epochs."""
        if state.global_step % self._training.steps_per_epoch == 0:
            control.should_log = True

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **now: Any,
    ) -> None:
        """Write the model if it is the best so far; ask for the end if none has been for long."""
        entry = self._note(now["metrics"], state.global_step, state)
        if state.is_world_process_zero:
            if self.best is entry:
                self._write_model()
            write_json(self._folder / "history.json", self._history)
        if self.stopped_early:
            control.should_training_stop = control.should_save = True

    def _note(self, metrics: dict[str, float], step: float, state: TrainerState) -> dict[str, Any]:
        before = step - self._training.steps_per_epoch
        entry = {
            "epoch": round(step / self._training.steps_per_epoch),
            self._metric: metrics[f"eval_{self._metric}"],
            "loss": metrics["eval_loss"],
            "train_loss": _mean_loss(state.log_history, before, step),
        }
        self._history.append(entry)
        return entry


class EndIfDiverged(TrainerCallback):
    """Ends a run whose loss or gradient is no finite number, before anything is kept of it.

    Every evaluation and every checkpoint follows a line of the log at the same step.
    """

    def __init__(self, stage: str, training: TrainingSettings) -> None:
        """Note what to name."""
        self._stage, self._training = stage, training

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Raise ConfigError, with what to change, if a figure of the last steps is not finite."""
        for figure in ("loss", "grad_norm", "eval_loss"):
            value = (logs or {}).get(figure, 0.0)
            if not math.isfinite(value):
                epoch = (state.global_step - 1) // self._training.steps_per_epoch + 1
                raise ConfigError(
                    f"stage {self._stage!r}, epoch {epoch}: {figure} is {value}, training has "
                    f"diverged. Begin a new run with a lower [training] learning_rate than "
                    f"{self._training.learning_rate:g}; the best model and the last checkpoints "
                    "before this are still there"
                )


class HoldBack(TrainerCallback):
    """Keeps a Wav2Vec2's convolutions, or all below its head, as they are for the first epochs.

    A new head starts at random; its first gradients would disturb a pretrained network. Layers
    are held only once the optimiser and the other processes know of them, so that they can learn
    later.
    """

    def __init__(self, training: TrainingSettings) -> None:
        """Note for how many steps each part is held."""
        per_epoch = training.steps_per_epoch
        self._head_only = training.head_only_epochs * per_epoch
        self._frozen = max(0, training.feature_encoder_frozen_epochs) * per_epoch
        self._held: list[nn.Parameter] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **now: Any
    ) -> None:
        """Hold what is to be held at this step."""
        self._hold(now["model"], state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **now: Any
    ) -> None:
        """Release what has been held long enough."""
        if state.global_step in (self._head_only, self._frozen):
            self._hold(now["model"], state.global_step)

    def _hold(self, model: Any, step: int) -> None:
        for parameter in self._held:
            parameter.requires_grad = True
        below = model.wav2vec2
        part = below if step < self._head_only else below.feature_extractor
        if step < max(self._head_only, self._frozen):
            self._held = [p for p in part.parameters() if p.requires_grad]
            for parameter in self._held:
                parameter.requires_grad = False
        else:
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
