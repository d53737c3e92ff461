"""A training run from folders to a Hugging Face model folder."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from safetensors import SafetensorError

from kws_live.errors import ConfigError, OutputError

from . import manifest, processes, run_folder
from .cache import open_store
from .calibrate import calibrate_run
from .chain import Chain
from .chain_rules import check_chain
from .checkpoints import last_whole, remove_unsealed, step_of
from .checks import require_no_silence_folder, require_readable, require_words
from .corpus import find_recordings
from .errors import FlagError
from .examples import ExampleMaker
from .holdout import choose_splits
from .networks import check_networks
from .plan import pools_of
from .progress import DecodingLines
from .rooms import open_rooms
from .stages import StageRunner, require_tensorboard
from .stopping import StopOnSignal
from .trainer import batch_of_a_pass
from .validation import validation_windows

log = logging.getLogger(__name__)

#: What torch says in a RuntimeError of a checkpoint that it could not write.
_WRITE_FAULTS = ("PytorchStreamWriter", "inline_container", "iostream error")


@dataclass(frozen=True)
class Corpora:
    """The folders of a run: word clips, longer speech without keywords, noise."""

    data: Sequence[Path]
    speech: Sequence[Path] = ()
    noise: Sequence[Path] = ()


def fit(
    chain: Chain,
    corpora: Corpora,
    run: Path,
    *,
    cache_dir: Path,
    resume: bool = False,
    init: str | None = None,
    workers: int = 1,
    tensorboard: bool = False,
) -> int | None:
    """Train the stages of a chain and keep the last one's best model in the run folder.

    Earlier stages are kept in `stages/NAME` in it. Each folder holds a loadable model, the best
    by validation accuracy, from its stage's first evaluation on. SIGINT or SIGTERM ends the run
    after the current step with a checkpoint that `resume` continues from. Call it on the main
    thread; where torchrun or accelerate launch started several processes, in each of them.

    Args:
        chain: Every choice of the run.
        corpora: Where the recordings are.
        run: The folder to write, the same one for all processes; docs/training.md lists its files.
        cache_dir: Where decoded audio is kept.
        resume: Continue from the run's last checkpoint.
        init: A local checkpoint or a model name that the first Wav2Vec2 stage starts with, in
            place of its own start.
        workers: Processes that make examples beside this one; the result does not depend on it.
        tensorboard: Log for TensorBoard too, in `tensorboard` in the run folder.

    Returns:
        None if the run ended, else the number of the signal that interrupted it.

    Raises:
        FlagError: The run folder holds a run and `resume` is false, or the reverse; or that run
            has another recipe or other recordings; or the processes cannot share the run.
        InputError: A folder, recording or checkpoint is missing or unusable.
        ConfigError: The recipe describes no Wav2Vec2, or training has diverged.
        OutputError: The cache or the run folder cannot be written.
    """
    if tensorboard:
        require_tensorboard()
    state = processes.join()
    for stage in chain.stages:
        batch_of_a_pass(stage)  # refused now rather than after hours
    if init:
        # What a run starts from is part of its recipe: kept beside the weights, compared on resuming.
        chain = _starting_from(init, chain)
    with state.local_main_process_first():
        check_networks(chain)
    processes.on_main(lambda: run_folder.prepare(run, chain, resume))
    if not run.is_dir():
        raise FlagError(f"--out {run} is not there for all processes: put it on a shared disk")
    found = find_recordings(corpora.data, corpora.speech, corpora.noise)
    require_no_silence_folder(found)
    recordings = choose_splits(found, chain.last)
    room_share = max(stage.augment.room_share for stage in chain.stages)
    with state.local_main_process_first():
        store = open_store(recordings, cache_dir, DecodingLines())
        rooms = open_rooms(room_share, chain.seed, cache_dir)
    processes.require_same(manifest.recordings_hash(store), "recordings")
    if resume:
        processes.on_main(lambda: manifest.require_same_recordings(run, store))
    faults = ", ".join(f"{n} {fault}" for fault, n in sorted(store.fault_counts().items()))
    log.info("%d recordings; left out: %s", len(store), faults or "none")
    require_readable(store, chain.last)
    training = pools_of(store, chain.last, "training")
    validation = pools_of(store, chain.last, "validation")
    require_words(store, chain.last, training, validation)
    # The first stage has the run's own seed: all stages are judged by the same windows.
    windows = validation_windows(store, chain.stages[0], validation)
    log.info("%d validation windows", len(windows))
    folders = run_folder.stage_folders(run, chain)

    def begin() -> None:
        manifest.write_manifest(run, store, chain.last, windows.sources)
        maker = ExampleMaker(store, chain.last, 0, rooms)
        run_folder.write_windows(run, maker, chain.last, store, training, windows)
        run_folder.write_recipe(run, chain)

    try:
        if not resume:
            processes.on_main(begin)
        with StopOnSignal() as stop:
            runner = StageRunner(
                chain,
                folders,
                store,
                rooms,
                windows,
                stop,
                workers,
                run / "tensorboard" if tensorboard else None,
            )
            if _run(runner, run, resume):
                processes.on_main(partial(calibrate_run, run))
        return stop.stopped_by
    except (OSError, SafetensorError, RuntimeError) as error:
        # torch says that the disk is full with a RuntimeError, as it says everything else.
        if isinstance(error, RuntimeError) and not any(f in str(error) for f in _WRITE_FAULTS):
            raise
        for folder in folders.values() if processes.is_main() else ():
            remove_unsealed(folder)
        raise OutputError(
            f"--out {run}: {error}. If the disk is full, free some space; "
            "the same command with --resume then goes on"
        ) from error


def _starting_from(init: str, chain: Chain) -> Chain:
    changed = chain.starting_from(init)
    try:
        check_chain(changed)
    except ConfigError as error:
        raise ConfigError(f"--init {init}: {error}") from error
    return changed


def _run(runner: StageRunner, run: Path, resume: bool) -> bool:
    """Train those stages that are not finished, until a signal comes; return whether none did."""
    for stage in runner.chain.stages:
        folder = runner.folders[stage.name]
        if processes.on_main(partial(run_folder.is_finished, folder)):
            log.info("stage %s is finished", stage.name)
            continue
        checkpoint = None
        if resume:
            resume = False  # the stages after this one have not begun
            checkpoint = processes.on_main(partial(last_whole, folder))
            if checkpoint is None:
                log.info("no checkpoint yet: starting stage %s from the beginning", stage.name)
            step = step_of(checkpoint)
            processes.on_main(partial(manifest.note_resumption, run, stage.name, step))
        finished = runner.train(stage, checkpoint)
        # One that came after the last step is not yet known to all processes.
        if runner.stop.agreed() is not None or not finished:
            return False
    return True
