"""Whether one core makes training examples fast enough for two that train, and how much memory its index takes.

It is about the recipe's last stage, the longest. Examples are made and collated in batches by one
thread, as a worker of `kws-train fit` does, and timed by its processor time. Beside that the stage
trains on such batches, on two threads: its teachers' forward pass, its own, backward and the
optimizer's step. The index is weighed in processes of their own, with a corpus of made clips and one
ten times as large.

    python -m benchmarks.loader
    python -m benchmarks.loader --data speech_commands --speech librispeech --noise noises
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from kws_train.cache import open_store  # type: ignore[import-untyped]
from kws_train.corpus import find_recordings  # type: ignore[import-untyped]
from kws_train.datasets import RunDataset  # type: ignore[import-untyped]
from kws_train.examples import ExampleMaker  # type: ignore[import-untyped]
from kws_train.fit import Corpora  # type: ignore[import-untyped]
from kws_train.holdout import choose_splits  # type: ignore[import-untyped]
from kws_train.networks import (  # type: ignore[import-untyped]
    Network,
    Teachers,
    start_network,
)
from kws_train.objectives import objective_of  # type: ignore[import-untyped]
from kws_train.recipe import Chain, Stage, load_recipe  # type: ignore[import-untyped]
from kws_train.rooms import ROOMS, open_rooms  # type: ignore[import-untyped]
from torch.utils.data import default_collate

from benchmarks.common import ROOT, publish
from benchmarks.loader_corpus import write_corpus

Batch = dict[str, torch.Tensor]

THREADS = 2
TARGET_RATIO = 3.0
INDEX_CLIPS = (1_000, 10_000)


def main() -> None:
    """Measure all of it, and print and keep the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.loader",
        description="How fast training examples are made, beside how fast they are trained on.",
        epilog="Without --data a small corpus of tones is made.",
    )
    for flag in ("--data", "--speech", "--noise"):
        parser.add_argument(flag, metavar="DIR", action="append", type=Path, default=[])
    parser.add_argument("--recipe", default="default", help="as for kws-train fit")
    parser.add_argument("--examples", type=int, default=4_096, help="to time (default: 4096)")
    parser.add_argument("--steps", type=int, default=20, help="to time (default: 20)")
    parser.add_argument("--rooms", type=int, default=ROOMS, help="how many (default: as in a run)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where decoded audio is kept")
    arguments = parser.parse_args()
    chain = load_recipe(arguments.recipe)
    stage = chain.last
    with tempfile.TemporaryDirectory() as folder:
        corpora = Corpora(arguments.data, arguments.speech, arguments.noise)
        if not arguments.data:
            corpora = write_corpus(Path(folder) / "corpus", chain.keywords, 1_000)
        cache = arguments.cache or Path(folder) / "cache"
        made, in_rooms, trained = speeds(chain, corpora, cache, arguments)
        index = [weigh(n, arguments.recipe, Path(folder) / str(n)) for n in INDEX_CLIPS]
    small, large = index
    kb_per_clip = (
        1000 * (large["anonymous_mb"] - small["anonymous_mb"]) / (large["clips"] - small["clips"])
    )
    ratio = made / trained
    publish(
        "loader",
        f"Training examples of the recipe {arguments.recipe}, stage {stage.name}, batches of "
        f"{stage.training.batch_size}",
        ["", ""],
        [
            [
                f"made on one core, {100 * stage.augment.room_share:g} % in rooms",
                f"{made:.0f} a second ({1000 / made:.2f} ms each)",
            ],
            ["all in rooms", f"{in_rooms:.0f} a second ({1000 / in_rooms:.2f} ms each)"],
            [f"trained on, {THREADS} threads", f"{trained:.0f} a second"],
            ["made ÷ trained on", f"{ratio:.1f}"],
            *([f"memory for {i['clips']:,} clips", f"{i['anonymous_mb']:.1f} MB"] for i in index),
            ["index", f"{kb_per_clip:.2f} kB a clip (of {large['audio_kb_per_clip']:.0f} kB)"],
        ],
        {
            "data": [path.name for path in arguments.data] or ["made tones"],
            "recipe": arguments.recipe,
            "stage": stage.name,
            "taught_by": list(stage.taught_by),
            "room_share": stage.augment.room_share,
            "batch_size": stage.training.batch_size,
            "made_per_s": round(made, 1),
            "made_in_rooms_per_s": round(in_rooms, 1),
            "trained_per_s": round(trained, 1),
            "threads": THREADS,
            "index": index,
            "index_kb_per_clip": round(kb_per_clip, 3),
            "targets": {"ratio": TARGET_RATIO},
        },
    )


def speeds(
    chain: Chain, corpora: Corpora, cache: Path, arguments: argparse.Namespace
) -> tuple[float, float, float]:
    """Return how many examples a second are made, are made in rooms alone, and are trained on.

    They are those of the chain's last stage.
    """
    stage = chain.last
    network = untrained(chain, stage)
    teachers = [untrained(chain, s) for s in chain.stages if s.name in stage.taught_by]
    found = find_recordings(corpora.data, corpora.speech, corpora.noise)
    store = open_store(choose_splits(found, stage), cache)
    rooms = open_rooms(1.0, chain.seed, cache, arguments.rooms)
    wet = replace(stage, augment=replace(stage.augment, room_share=1.0))
    own, roomy = (
        RunDataset(
            ExampleMaker(store, some, network.frames, rooms),
            1,
            some.training.examples_per_epoch,
            normalize=network.normalize,
            masks=network.frames > 0,
            windows=network.normalize and not all(t.normalize for t in teachers),
        )
        for some in (stage, wet)
    )
    size = stage.training.batch_size
    return (
        making_speed(own, size, arguments.examples),
        making_speed(roomy, size, arguments.examples),
        training_speed(own, stage, network, teachers, arguments.steps),
    )


def untrained(chain: Chain, stage: Stage) -> Network:
    """Return a stage's network as if nothing were trained before: weights don't change how long it takes."""
    origin = stage
    while origin.starts_from is not None:
        origin = next(s for s in chain.stages if s.name == origin.starts_from)
    start = {"network": origin.network, "pretrained": origin.pretrained, "starts_from": None}
    return start_network(chain, replace(stage, **start), {})


def batches(run: RunDataset, size: int, examples: int) -> Iterator[Batch]:
    """Yield a stage's first batches, as its loader makes them."""
    for first in range(0, examples - size + 1, size):
        yield default_collate([run[i % len(run)] for i in range(first, first + size)])


def making_speed(run: RunDataset, size: int, examples: int) -> float:
    """Return how many examples are made and collated in a second of processor time of one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        next(batches(run, size, size))  # plans the epoch, maps the audio
        began_s = time.process_time()
        made = sum(len(batch["labels"]) for batch in batches(run, size, examples))
        return made / (time.process_time() - began_s)
    finally:
        torch.set_num_threads(threads)


def training_speed(
    run: RunDataset, stage: Stage, network: Network, teachers: Sequence[Network], steps: int
) -> float:
    """Return how many examples a second two threads train on, by the median step."""
    torch.set_num_threads(THREADS)
    model = network.model.train()
    objective = objective_of(stage, Teachers(teachers, torch.device("cpu")) if teachers else None)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    size = stage.training.batch_size
    ready = list(batches(run, size, 4 * size))
    took_s = []
    for step in range(steps + 2):
        began_s = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=stage.training.bf16):
            loss, _ = objective.loss(model, ready[step % len(ready)])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        took_s.append(time.perf_counter() - began_s)
    return float(size / statistics.median(took_s[2:]))


def weigh(clips: int, recipe: str, folder: Path) -> dict[str, float]:
    """Return what a process needs that makes examples of a made corpus, besides its programs.

    Args:
        clips: How many the corpus has.
        recipe: Whose examples; rooms, which are no part of the index, are left out.
        folder: Where the corpus and its decoded audio go.

    Returns:
        `clips`, `anonymous_mb` (memory of its own: the mapped audio is the system's to take back)
        and `audio_kb_per_clip`.
    """
    chain = load_recipe(recipe)
    frames = untrained(chain, chain.last).frames
    write_corpus(folder / "corpus", chain.keywords, clips)
    command = [sys.executable, "-m", "benchmarks.loader_index", str(folder), recipe, str(frames)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # fills the cache
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    weighed: dict[str, float] = json.loads(done.stdout)
    return weighed


if __name__ == "__main__":
    main()
