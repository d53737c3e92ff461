"""Progress of a run as plain lines, readable on a terminal and in a log file alike."""

import logging
import math
import time
from collections import deque
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .settings import TrainingSettings

log = logging.getLogger(__name__)

LINE_EVERY_S = 20.0
#: Speed is taken over the last five minutes: other work on the machine comes and goes.
SPEED_OVER_LINES = 15


def format_duration(seconds: float) -> str:
    """Return a duration as a person would say it, such as `1 h 05 min` or `40 s`."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


class DecodingLines:
    """Logs how far decoding is every 20 s; silent when it takes less."""

    def __init__(self) -> None:
        """Start the clock."""
        self._spoke_s = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Note that `done` of `total` recordings are decoded."""
        if time.monotonic() - self._spoke_s >= LINE_EVERY_S:
            self._spoke_s = time.monotonic()
            log.info("decoded %d of %d recordings", done, total)


class ProgressLines(TrainerCallback):
    """Log epoch, step, loss, speed and time left every 20 s, and each evaluation's result."""

    def __init__(self, training: TrainingSettings, metric: str) -> None:
        """Note the stage's shape, to speak of epochs rather than steps, and what it is judged by."""
        self._metric = metric
        self._steps_per_epoch, self._batch_size = training.steps_per_epoch, training.batch_size
        self._loss: float | None = None
        self._spoke_s = 0.0
        self._marks: deque[tuple[float, int]] = deque(maxlen=SPEED_OVER_LINES)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self._spoke_s = time.monotonic()
        self._marks.append((self._spoke_s, state.global_step))
        if state.global_step:
            log.info("resuming at step %d of %d", state.global_step, state.max_steps)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        """Remember the running loss."""
        self._loss = (logs or {}).get("loss", self._loss)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Log a line if the last one is 20 s old."""
        now = time.monotonic()
        if now - self._spoke_s < LINE_EVERY_S:
            return
        self._spoke_s = now
        then, step = self._marks[0]
        self._marks.append((now, state.global_step))
        speed = (state.global_step - step) / (now - then)
        left = format_duration((state.max_steps - state.global_step) / speed)
        log.info(
            "epoch %d/%d  step %d/%d  loss %s  %.0f clips/s  %s left",
            (state.global_step - 1) // self._steps_per_epoch + 1,
            math.ceil(state.max_steps / self._steps_per_epoch),
            state.global_step,
            state.max_steps,
            "-" if self._loss is None else f"{self._loss:.3f}",
            speed * self._batch_size,
            left,
        )

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **now: Any
    ) -> None:
        """Log the validation result."""
        log.info(
            "epoch %d done: validation %s %.2f %%, loss %.3f",
            state.global_step // self._steps_per_epoch,
            self._metric,
            100 * now["metrics"][f"eval_{self._metric}"],
            now["metrics"]["eval_loss"],
        )
