"""The Hugging Face Trainer as stages use it."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import PartialState
from torch import nn
from torch.nn import functional as F
from transformers import EvalPrediction, Trainer, TrainingArguments

from kws_live.errors import ConfigError

from .averaging import AveragedWeights
from .chain import Stage
from .checkpoints import KEPT
from .errors import FlagError
from .networks import Teachers


class StageTrainer(Trainer):
    """Trains on examples in the order of their plan, from labels and teachers.

    Where weights are averaged, evaluation sees the average.
    """

    def __init__(
        self,
        stage: Stage,
        teachers: Teachers | None,
        average: AveragedWeights | None,
        **arguments: Any,
    ) -> None:
        """Take what `Trainer` takes besides."""
        super().__init__(**arguments)
        self._stage, self._teachers, self._average = stage, teachers, average
        # The loss is a mean over a batch: the Trainer divides it by the passes of one step.
        self.model_accepts_loss_kwargs = False

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[Any]:
        return torch.utils.data.SequentialSampler(train_dataset)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the mean loss of a batch: (1 − w) · cross entropy + w · T² · KL(teachers ‖ model).

        Cross entropy is that of the smoothed labels; both sides of the divergence are at
        temperature T, whose square keeps the gradients' size (Hinton et al., 2015).
        """
        inputs = dict(inputs)
        labels = inputs.pop("labels")
        windows = inputs.pop("windows", inputs["input_values"])
        outputs = model(**inputs)
        logits = outputs.logits.float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self._stage.training.label_smoothing)
        if self._teachers is not None:
            weight, t = self._stage.distillation.weight, self._stage.distillation.temperature
            with self.accelerator.autocast():
                taught = self._teachers.posteriors(windows, t)
            distance = F.kl_div(F.log_softmax(logits / t, dim=-1), taught, reduction="batchmean")
            loss = (1 - weight) * loss + weight * t * t * distance
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *arguments: Any, **named: Any) -> dict[str, float]:
        """Return the metrics of the validation windows, by the averaged weights if there are any."""
        model: Any = self.model
        with self._average.in_place_of(model) if self._average else nullcontext():
            metrics: dict[str, float] = super().evaluate(*arguments, **named)
        return metrics

    def prediction_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Return the logits and labels of a batch; what they are worth is said of all at once."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad():
            logits = model(input_values=inputs["input_values"]).logits.float()
        return None, logits, inputs["labels"]


def batch_of_a_pass(stage: Stage) -> int:
    """Return how many examples one process takes at a time.

    Raises:
        FlagError: The batch cannot be shared evenly by the processes.
    """
    t, processes = stage.training, int(PartialState().num_processes)
    share, left = divmod(t.batch_size, processes * t.gradient_accumulation_steps)
    if left:
        raise FlagError(
            f"stage {stage.name!r}: a batch of {t.batch_size} examples in "
            f"{t.gradient_accumulation_steps} passes cannot be shared by {processes} processes; "
            f"start a number that divides {t.batch_size // t.gradient_accumulation_steps}"
        )
    return share


def training_arguments(stage: Stage, folder: Path, workers: int) -> TrainingArguments:
    """Return the Trainer's arguments for a stage that is kept in a folder.

    Raises:
        FlagError: The batch cannot be shared evenly by the processes.
        ConfigError: This device cannot compute in bfloat16.
    """
    t = stage.training
    total_steps = t.steps_per_epoch * t.epochs
    try:
        arguments = TrainingArguments(
            output_dir=str(folder / "checkpoints"),
            max_steps=total_steps,
            per_device_train_batch_size=batch_of_a_pass(stage),
            per_device_eval_batch_size=t.batch_size // t.gradient_accumulation_steps,
            gradient_accumulation_steps=t.gradient_accumulation_steps,
            learning_rate=t.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=round(t.warmup_share * total_steps),
            weight_decay=t.weight_decay,
            max_grad_norm=t.max_grad_norm,
            bf16=t.bf16,
            use_cpu=not torch.cuda.is_available(),
            eval_strategy="steps",
            eval_steps=t.steps_per_epoch,
            # The last step is saved; what lies between is Checkpointing's affair.
            save_strategy="steps",
            save_steps=total_steps,
            save_total_limit=KEPT,
            logging_steps=min(20, max(1, t.steps_per_epoch // 10)),
            disable_tqdm=True,
            report_to="none",
            seed=stage.seed,
            dataloader_num_workers=workers,
            remove_unused_columns=False,
            label_names=["labels"],
        )
    except ValueError as error:
        if t.bf16 and "bf16" in str(error):
            raise ConfigError(
                f"stage {stage.name!r} [training] bf16 = true: this device cannot; set it to false"
            ) from error
        raise
    # With several GPUs in sight of one process the Trainer would multiply the batch by their number.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def metrics_of(prediction: EvalPrediction) -> dict[str, float]:
    """Return accuracy, and mean cross entropy in nats, of logits [n, labels] and labels [n]."""
    logits = torch.from_numpy(np.asarray(prediction.predictions, np.float32))
    labels = torch.from_numpy(np.asarray(prediction.label_ids))
    return {
        "accuracy": float((logits.argmax(dim=-1) == labels).double().mean()),
        "cross_entropy": float(F.cross_entropy(logits, labels)),
    }
