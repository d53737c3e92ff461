"""One stage of a chain: a network trained from its start to its end, or to a signal."""

import logging
from dataclasses import dataclass
from pathlib import Path

from torch import nn
from transformers import TrainerCallback
from transformers.trainer_callback import PrinterCallback

from . import processes, run_folder
from .averaging import AveragedWeights
from .cache import ClipStore
from .callbacks import EndIfDiverged, HoldBack, KeepBest
from .chain import Chain, Goal, Stage
from .checkpoints import Checkpointing, state_of, step_of, warn_of_other_processes
from .datasets import RunDataset, WindowDataset
from .errors import FlagError
from .examples import ExampleMaker
from .networks import Network, Teachers, load_network, start_network
from .objectives import objective_of
from .progress import ProgressLines
from .rooms import RoomBank
from .spectrum import SpectrumLearner
from .stopping import StopOnSignal
from .trainer import StageTrainer, training_arguments
from .validation import LabelledWindows

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageRunner:
    """Trains any stage of a run.

    Attributes:
        chain: The run's recipe.
        folders: Where each stage is kept, by name.
        store: The decoded recordings.
        rooms: Where speech is heard, if a stage wants that.
        windows: What validation accuracy is of.
        stop: Knows of signals.
        workers: Processes that make examples.
        tensorboard: Where TensorBoard finds the run, if it is to.
    """

    chain: Chain
    folders: dict[str, Path]
    store: ClipStore
    rooms: RoomBank | None
    windows: LabelledWindows
    stop: StopOnSignal
    workers: int
    tensorboard: Path | None = None

    def train(self, stage: Stage, checkpoint: Path | None) -> bool:
        """Train a stage and keep its best model, by validation accuracy, in its folder.

        Args:
            stage: Whose earlier stages are finished.
            checkpoint: Where to go on from; None begins.

        Returns:
            Whether it has come to its end. If not, a signal came, and there is a checkpoint.

        Raises:
            FlagError: The batch cannot be shared evenly by the processes.
            InputError: A checkpoint or an earlier stage cannot be loaded.
            ConfigError: The recipe describes no such network, or what this device cannot compute;
                or training has diverged.
        """
        folder = self.folders[stage.name]
        arguments = training_arguments(stage, folder, self.workers)
        network = start_network(self.chain, stage, self.folders)
        teachers = self._teachers(stage)
        millions = sum(p.numel() for p in network.model.parameters()) / 1e6
        place = f"{self.chain.stages.index(stage) + 1} of {len(self.chain.stages)}"
        log.info("stage %s, %s: %.1f M parameters", place, stage.name, millions)

        learner: nn.Module = network.model
        if stage.learns == Goal.LOG_MEL:
            learner = SpectrumLearner(network.model)  # type: ignore[arg-type]
        average = None
        if stage.training.ema_decay:
            average = AveragedWeights(learner, stage.training.ema_decay)
            if checkpoint:
                average.load(checkpoint)
        objective = objective_of(stage, Teachers(teachers, arguments.device) if teachers else None)
        keep_best = KeepBest(
            folder,
            stage.training,
            objective.metric,
            lambda: run_folder.write_model(folder, network),
        )
        if checkpoint:
            warn_of_other_processes(checkpoint)
            keep_best.recall(state_of(checkpoint))
        progress = ProgressLines(stage.training, objective.metric)
        trainer = StageTrainer(
            objective,
            average,
            model=learner,
            args=arguments,
            train_dataset=self._examples(stage, network, any(not t.normalize for t in teachers)),
            eval_dataset=WindowDataset(self.windows, network.normalize),
            callbacks=[progress, *self._callbacks(stage, keep_best, average, step_of(checkpoint))],
        )
        trainer.remove_callback(PrinterCallback)
        if not keep_best.stopped_early:
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        finished = keep_best.stopped_early or trainer.state.global_step >= trainer.state.max_steps
        if finished:
            processes.on_main(lambda: run_folder.write_finished(folder, keep_best.best))
        return finished

    def _callbacks(
        self,
        stage: Stage,
        keep_best: KeepBest,
        average: AveragedWeights | None,
        from_step: int,
    ) -> list[TrainerCallback]:
        callbacks: list[TrainerCallback] = [EndIfDiverged(stage.name, stage.training), keep_best]
        if average:
            callbacks.append(average)  # before the checkpoint that it is a part of is sealed
        callbacks.append(Checkpointing(self.stop))
        if stage.training.head_only_epochs or stage.training.feature_encoder_frozen_epochs > 0:
            callbacks.append(HoldBack(stage.training))
        if self.tensorboard and processes.is_main():
            callbacks.append(_tensorboard(self.tensorboard / stage.name, from_step))
        return callbacks

    def _examples(self, stage: Stage, network: Network, raw_wanted: bool) -> RunDataset:
        t = stage.training
        return RunDataset(
            ExampleMaker(self.store, stage, network.frames, self.rooms),
            t.epochs,
            t.steps_per_epoch * t.batch_size,
            normalize=network.normalize,
            masks=network.frames > 0 and stage.learns == Goal.WORDS,
            windows=network.normalize and raw_wanted,
        )

    def _teachers(self, stage: Stage) -> list[Network]:
        by_name = {s.name: s for s in self.chain.stages}
        return [
            load_network(self.folders[name], by_name[name].kind, stage.labels)
            for name in stage.taught_by
        ]


def require_tensorboard() -> None:
    """Make sure that logs for TensorBoard can be written.

    Raises:
        FlagError: It is not installed.
    """
    try:
        import torch.utils.tensorboard  # noqa: F401, PLC0415
    except ImportError as error:
        raise FlagError(
            f"--tensorboard: {error}. Install it with pip install 'kws-live[tensorboard]', "
            "or leave the flag out"
        ) from error


def _tensorboard(folder: Path, from_step: int) -> TrainerCallback:
    from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - an extra
    from transformers.integrations.integration_utils import (  # noqa: PLC0415
        TensorBoardCallback,
    )

    # What an interrupted run logged after its last checkpoint is taken back.
    writer = SummaryWriter(folder, purge_step=from_step + 1)
    return TensorBoardCallback(writer)  # type: ignore[no-untyped-call]
