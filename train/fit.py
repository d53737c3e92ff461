"""A training run from folders to a Hugging Face model folder."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from transformers import (
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForSequenceClassification,
)
from transformers.trainer_callback import PrinterCallback

from kws_live.errors import OutputError

from . import manifest, run_folder
from .cache import open_store
from .callbacks import HeadFirst, KeepBest, StopOnSignal
from .checks import require_no_silence_folder, require_readable, require_words
from .corpus import find_recordings
from .datasets import RunDataset, WindowDataset
from .errors import FlagError
from .examples import ExampleMaker
from .holdout import choose_splits
from .model import build_model, feature_extractor, frames_of
from .plan import pools_of
from .progress import DecodingLines, ProgressLines
from .recipe import Recipe
from .rooms import open_rooms
from .validation import LabelledWindows, validation_windows
from .windows import WINDOW_SAMPLES

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpora:
    """The folders of a run: word clips, longer speech without keywords, noise."""

    data: Sequence[Path]
    speech: Sequence[Path] = ()
    noise: Sequence[Path] = ()


def fit(
    recipe: Recipe,
    corpora: Corpora,
    run: Path,
    *,
    cache_dir: Path,
    resume: bool = False,
    init: str | None = None,
    workers: int = 1,
) -> int | None:
    """Train a model and keep the best one, by validation accuracy, in the run folder.

    The run folder holds a loadable model from the first evaluation on. SIGINT or SIGTERM ends
    the run after the current step with a checkpoint that `resume` continues from. Call it on the
    main thread.

    Args:
        recipe: Every choice of the run.
        corpora: Where the recordings are.
        run: The folder to write; docs/training.md lists its files.
        cache_dir: Where decoded audio is kept.
        resume: Continue from the run's last checkpoint.
        init: A local checkpoint or a model name to start from, in place of the recipe's model.
        workers: Processes that make examples beside this one; the result does not depend on it.

    Returns:
        None if the run ended, else the number of the signal that interrupted it.

    Raises:
        FlagError: The run folder holds a run and `resume` is false, or the reverse; or that run
            has another recipe or other recordings; or this is one of several processes.
        InputError: A folder, recording or checkpoint is missing or unusable.
        ConfigError: The recipe describes no Wav2Vec2.
        OutputError: The cache or the run folder cannot be written.
    """
    _require_one_process()
    if init:
        # What a run starts from is part of its recipe: kept beside the weights, compared on resuming.
        recipe = replace(recipe, model={"pretrained": init})
    run_folder.prepare(run, recipe, resume)
    found = find_recordings(corpora.data, corpora.speech, corpora.noise)
    require_no_silence_folder(found)
    store = open_store(choose_splits(found, recipe), cache_dir, DecodingLines())
    if resume:
        manifest.require_same_recordings(run, store)
    faults = ", ".join(f"{n} {fault}" for fault, n in sorted(store.fault_counts().items()))
    log.info("%d recordings; left out: %s", len(store), faults or "none")
    require_readable(store, recipe)
    training = pools_of(store, recipe, "training")
    validation = pools_of(store, recipe, "validation")
    require_words(store, recipe, training, validation)

    model = build_model(recipe)
    extractor = feature_extractor(recipe)
    rooms = open_rooms(recipe.augment.room_share, recipe.seed, cache_dir)
    maker = ExampleMaker(store, recipe, frames_of(model, WINDOW_SAMPLES), rooms)
    windows = validation_windows(store, recipe, validation)
    millions = sum(p.numel() for p in model.parameters()) / 1e6
    log.info("%.1f M parameters; %d validation windows", millions, len(windows))
    checkpoint = run_folder.last_checkpoint(run) if resume else None
    if resume and checkpoint is None:
        log.info("no checkpoint yet: starting from the beginning")
    try:
        if resume:
            manifest.note_resumption(run, run_folder.step_of(checkpoint))
        else:
            manifest.write_manifest(run, store, recipe, windows.sources)
            run_folder.write_windows(run, maker, recipe, store, training, windows)
            run_folder.write_recipe(run, recipe)
        return _train(recipe, run, model, extractor, maker, windows, checkpoint, workers)
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch says that the disk is full with a RuntimeError, as it says everything else.
        if isinstance(error, RuntimeError) and "PytorchStreamWriter" not in str(error):
            raise
        raise OutputError(
            f"--out {run}: {error}. If the disk is full, free some space; "
            "the same command with --resume then goes on"
        ) from error


class _InOrderTrainer(Trainer):
    """A Trainer that takes the examples as they come: the plan of each epoch has shuffled them."""

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[Any]:
        return torch.utils.data.SequentialSampler(train_dataset)


def _train(
    recipe: Recipe,
    run: Path,
    model: Wav2Vec2ForSequenceClassification,
    extractor: Wav2Vec2FeatureExtractor,
    maker: ExampleMaker,
    validation: LabelledWindows,
    checkpoint: Path | None,
    workers: int,
) -> int | None:
    t = recipe.training
    if t.freeze_feature_encoder:
        model.freeze_feature_encoder()  # type: ignore[no-untyped-call]
    stop = StopOnSignal()
    callbacks: list[TrainerCallback] = [
        ProgressLines(t.steps_per_epoch, t.batch_size),
        KeepBest(run, extractor, t.steps_per_epoch),
        stop,
    ]
    if t.head_only_epochs:
        callbacks.append(HeadFirst(t.head_only_epochs * t.steps_per_epoch))
    trainer = _InOrderTrainer(
        model=model,
        args=_arguments(recipe, run, workers),
        train_dataset=RunDataset(
            maker, t.epochs, t.steps_per_epoch * t.batch_size, extractor.do_normalize
        ),
        eval_dataset=WindowDataset(validation, extractor.do_normalize),
        compute_metrics=_accuracy,
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    with stop:
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return stop.stopped_by


def _arguments(recipe: Recipe, run: Path, workers: int) -> TrainingArguments:
    t = recipe.training
    total_steps = t.steps_per_epoch * t.epochs
    arguments = TrainingArguments(
        output_dir=str(run / "checkpoints"),
        max_steps=total_steps,
        per_device_train_batch_size=t.batch_size,
        per_device_eval_batch_size=t.batch_size,
        learning_rate=t.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=round(t.warmup_share * total_steps),
        weight_decay=t.weight_decay,
        label_smoothing_factor=t.label_smoothing,
        max_grad_norm=t.max_grad_norm,
        bf16=t.bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps",
        eval_steps=t.steps_per_epoch,
        save_strategy="steps",
        save_steps=t.steps_per_epoch * t.checkpoint_every_epochs,
        save_total_limit=2,
        logging_steps=20,
        disable_tqdm=True,
        report_to="none",
        seed=recipe.seed,
        dataloader_num_workers=workers,
        remove_unused_columns=False,
        label_names=["labels"],
    )
    # With several GPUs in sight the Trainer would multiply the batch by their number.
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


def _accuracy(prediction: EvalPrediction) -> dict[str, float]:
    guesses = np.argmax(prediction.predictions, axis=-1)
    return {"accuracy": float(np.mean(guesses == prediction.label_ids))}


def _require_one_process() -> None:
    world = os.environ.get("WORLD_SIZE", "1")
    if world != "1":
        raise FlagError(
            f"WORLD_SIZE = {world}: training runs in one process, on one GPU at most. "
            "Start kws-train itself, without torchrun or accelerate launch"
        )
