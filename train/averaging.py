"""An exponential moving average of the weights, which is judged and kept in their place."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from .checkpoints import folder_of

FILE = "averaged.safetensors"


class AveragedWeights(TrainerCallback):
    """Averages a model's weights and buffers after each step; its checkpoints hold the average.

    Whole numbers among them, such as counts, are taken over as they are.

    The decay begins lower, at (1 + n) / (10 + n) after n steps, so that the first random weights
    do not linger.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Begin with a copy of the model."""

        def blend(averaged: Any, current: Any, n: torch.Tensor | int) -> None:
            if not averaged[0].is_floating_point():  # all that come together are of one dtype
                torch._foreach_copy_(averaged, current)
                return
            steps = float(n)
            now = min(decay, (1 + steps) / (10 + steps))
            get_ema_multi_avg_fn(now)(averaged, current, n)  # type: ignore[no-untyped-call]

        # The running means of normalisation layers belong to the weights that made them.
        self._averaged = AveragedModel(model, multi_avg_fn=blend, use_buffers=True)

    @contextmanager
    def in_place_of(self, model: nn.Module) -> Iterator[None]:
        """Let a model compute with the average inside the block."""
        self._swap(model)
        try:
            yield
        finally:
            self._swap(model)

    def load(self, checkpoint: Path) -> None:
        """Go on from a checkpoint."""
        self._averaged.load_state_dict(load_file(checkpoint / FILE))

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Follow the model to its device."""
        self._averaged.to(args.device)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **now: Any
    ) -> None:
        """Blend the weights in."""
        self._averaged.update_parameters(now["model"])

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Add the average to the checkpoint."""
        if state.is_world_process_zero:
            save_file(self._averaged.state_dict(), folder_of(args, state) / FILE)

    def _swap(self, model: nn.Module) -> None:
        for ours, theirs in (
            (self._averaged.module.parameters(), model.parameters()),
            (self._averaged.module.buffers(), model.buffers()),
        ):
            for a, b in zip(ours, theirs, strict=True):
                a.data, b.data = b.data, a.data
