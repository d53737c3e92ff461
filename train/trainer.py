"""The Hugging Face Trainer as stages use it."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from torch import nn
from transformers import Trainer, TrainingArguments

from kws_live.errors import ConfigError

from . import processes
from .averaging import AveragedWeights
from .chain import Stage
from .checkpoints import KEPT
from .errors import FlagError
from .objectives import Objective
from .stopping import start_deaf


class StageTrainer(Trainer):
    """Trains on examples in the order of their plan, which workers make that no signal ends.

    Where weights are averaged, evaluation sees the average.
    """

    def __init__(
        self, objective: Objective, average: AveragedWeights | None, **arguments: Any
    ) -> None:
        """Take what `Trainer` takes besides."""
        super().__init__(compute_metrics=objective.metrics, **arguments)
        self._objective, self._average = objective, average
        # The loss is a mean over a batch: the Trainer divides it by the passes of one step.
        self.model_accepts_loss_kwargs = False

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[Any]:
        return torch.utils.data.SequentialSampler(train_dataset)

    def _get_dataloader(self, *arguments: Any, **named: Any) -> torch.utils.data.DataLoader[Any]:
        loader: Any = super()._get_dataloader(*arguments, **named)
        # The inner one starts the workers; a resumed run copies its arguments.
        inner = loader.base_dataloader
        inner.worker_init_fn = partial(start_deaf, then=inner.worker_init_fn)
        return loader  # type: ignore[no-any-return]

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """Return the objective's mean loss of a batch."""
        with self.accelerator.autocast():
            loss, outputs = self._objective.loss(model, inputs)
        return (loss, outputs) if return_outputs else loss

    def evaluate(self, *arguments: Any, **named: Any) -> dict[str, float]:
        """Return the metrics of the validation windows, by the averaged weights if there are any.

        Several processes judge their shares by the same network: each has running means of its own
        batches, but those of the first one are kept.
        """
        model: Any = self.model
        with self._average.in_place_of(model) if self._average else nullcontext():
            processes.share_buffers(model)
            metrics: dict[str, float] = super().evaluate(*arguments, **named)
        return metrics

    def prediction_step(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        prediction_loss_only: bool,
        ignore_keys: list[str] | None = None,
    ) -> tuple[None, torch.Tensor, torch.Tensor]:
        """Return what the objective judges a batch by; what it is worth is said of all at once."""
        inputs = self._prepare_inputs(inputs)
        with torch.no_grad():
            judged, labels = self._objective.judge(model, inputs)
        return None, judged, labels


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
            logging_nan_inf_filter=False,  # it would hide what `EndIfDiverged` looks for
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
