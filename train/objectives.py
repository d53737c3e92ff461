"""What a stage learns: the loss of a batch, and how its validation is judged."""

from typing import Any, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import EvalPrediction

from .chain import Goal, Stage
from .networks import Teachers

Inputs = dict[str, Any]


class Objective(Protocol):
    """What a trainer asks for.

    Attributes:
        metric: Name of the share that validation gives, the higher the better.
    """

    metric: str

    def loss(self, model: nn.Module, inputs: Inputs) -> tuple[torch.Tensor, Any]:
        """Return the mean loss of a batch, and the model's outputs."""
        ...

    def judge(self, model: nn.Module, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what is to be known of each window of a batch, and its labels."""
        ...

    def metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """Return `metric` and `loss` of all windows, of what `judge` gave for each."""
        ...


class Words:
    """To tell words apart, from labels and from teachers.

    The loss is (1 − w) · cross entropy + w · T² · KL(teachers ‖ model). Cross entropy is that of
    the smoothed labels; both sides of the divergence are at temperature T, whose square keeps the
    gradients' size (Hinton et al., 2015).
    """

    metric = "accuracy"

    def __init__(self, stage: Stage, teachers: Teachers | None) -> None:
        """Note how much of either."""
        self._stage, self._teachers = stage, teachers

    def loss(self, model: nn.Module, inputs: Inputs) -> tuple[torch.Tensor, Any]:
        """Return the mean loss of a batch, and the model's outputs."""
        inputs = dict(inputs)
        labels = inputs.pop("labels")
        windows = inputs.pop("windows", inputs["input_values"])
        outputs = model(**inputs)
        logits = outputs.logits.float()
        loss = F.cross_entropy(logits, labels, label_smoothing=self._stage.training.label_smoothing)
        if self._teachers is not None:
            weight, t = self._stage.distillation.weight, self._stage.distillation.temperature
            taught = self._teachers.posteriors(windows, t)
            distance = F.kl_div(F.log_softmax(logits / t, dim=-1), taught, reduction="batchmean")
            loss = (1 - weight) * loss + weight * t * t * distance
        return loss, outputs

    def judge(self, model: nn.Module, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits [batch, labels] and labels [batch]."""
        return model(input_values=inputs["input_values"]).logits.float(), inputs["labels"]

    def metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """Return accuracy, and mean cross entropy in nats."""
        logits = torch.from_numpy(np.asarray(prediction.predictions, np.float32))
        labels = torch.from_numpy(np.asarray(prediction.label_ids))
        return {
            "accuracy": float((logits.argmax(dim=-1) == labels).double().mean()),
            "loss": float(F.cross_entropy(logits, labels)),
        }


class Spectrum:
    """To tell the log-mel energies around each frame (`kws_train.spectrum.SpectrumLearner`)."""

    metric = "explained"

    def loss(self, model: nn.Module, inputs: Inputs) -> tuple[torch.Tensor, Any]:
        """Return the mean squared error of a batch, and the model's outputs."""
        squares = model(inputs["input_values"])
        return squares[:, 0].mean(), squares

    def judge(self, model: nn.Module, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean squared error and mean square of the energies [batch, 2], and labels [batch]."""
        return model(inputs["input_values"]), inputs["labels"]

    def metrics(self, prediction: EvalPrediction) -> dict[str, float]:
        """Return the share of the energies' variance that is told, and the mean squared error."""
        error, power = np.asarray(prediction.predictions, np.float64).mean(axis=0)
        return {"explained": float(1 - error / power), "loss": float(error)}


def objective_of(stage: Stage, teachers: Teachers | None) -> Objective:
    """Return what a stage learns."""
    return Words(stage, teachers) if stage.learns == Goal.WORDS else Spectrum()
