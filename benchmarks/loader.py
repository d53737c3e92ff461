"""Whether one core makes training examples fast enough for two that train, and how much memory its index takes.

Examples are made and collated in batches by one thread, as a worker of `kws-train fit` does, and
timed by its processor time. Beside that the recipe's network trains on such batches: forward,
backward and the optimizer's step, on two threads. The index is weighed in processes of their own,
with a corpus of made clips and one ten times as large.

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
from kws_train.networks import start_network  # type: ignore[import-untyped]
from kws_train.recipe import Chain, Recipe, load_recipe  # type: ignore[import-untyped]
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
    recipe = chain.last
    with tempfile.TemporaryDirectory() as folder:
        corpora = Corpora(arguments.data, arguments.speech, arguments.noise)
        if not arguments.data:
            corpora = write_corpus(Path(folder) / "corpus", recipe.keywords, 1_000)
        cache = arguments.cache or Path(folder) / "cache"
        made, in_rooms, trained = speeds(chain, corpora, cache, arguments)
        index = [weigh(n, recipe.keywords, Path(folder) / str(n)) for n in INDEX_CLIPS]
    small, large = index
    kb_per_clip = (
        1000 * (large["anonymous_mb"] - small["anonymous_mb"]) / (large["clips"] - small["clips"])
    )
    ratio = made / trained
    publish(
        "loader",
        f"Training examples of the recipe {arguments.recipe}, batches of {recipe.training.batch_size}",
        ["", ""],
        [
            ["made on one core", f"{made:.0f} a second ({1000 / made:.2f} ms each)"],
            ["all in rooms", f"{in_rooms:.0f} a second ({1000 / in_rooms:.2f} ms each)"],
            [f"trained on, {THREADS} threads", f"{trained:.0f} a second"],
            ["made ÷ trained on", f"{ratio:.1f}"],
            *([f"memory for {i['clips']:,} clips", f"{i['anonymous_mb']:.1f} MB"] for i in index),
            ["index", f"{kb_per_clip:.2f} kB a clip (of {large['audio_kb_per_clip']:.0f} kB)"],
        ],
        {
            "data": [path.name for path in arguments.data] or ["made tones"],
            "recipe": arguments.recipe,
            "batch_size": recipe.training.batch_size,
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
    """Return how many examples a second are made, are made in rooms, and are trained on.

    They are those of the chain's first Wav2Vec2.
    """
    recipe = next(stage for stage in chain.stages if stage.kind == "wav2vec2")
    network = start_network(chain, recipe, {})
    found = find_recordings(corpora.data, corpora.speech, corpora.noise)
    store = open_store(choose_splits(found, recipe), cache)
    dry, wet = (
        replace(recipe, augment=replace(recipe.augment, room_share=share)) for share in (0.0, 1.0)
    )
    maker = ExampleMaker(store, dry, network.frames)
    roomy = ExampleMaker(
        store, wet, network.frames, open_rooms(1.0, wet.seed, cache, arguments.rooms)
    )
    return (
        making_speed(maker, dry, arguments.examples),
        making_speed(roomy, wet, arguments.examples),
        training_speed(maker, dry, network.model, arguments.steps),
    )


def batches(maker: ExampleMaker, recipe: Recipe, examples: int) -> Iterator[Batch]:
    """Yield a run's first batches, as its loader makes them."""
    run = RunDataset(maker, 1, recipe.training.examples_per_epoch, normalize=False)
    size = recipe.training.batch_size
    for first in range(0, examples - size + 1, size):
        yield default_collate([run[i % len(run)] for i in range(first, first + size)])


def making_speed(maker: ExampleMaker, recipe: Recipe, examples: int) -> float:
    """Return how many examples are made and collated in a second of processor time of one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        next(batches(maker, recipe, recipe.training.batch_size))  # plans the epoch, maps the audio
        began_s = time.process_time()
        made = sum(len(batch["labels"]) for batch in batches(maker, recipe, examples))
        return made / (time.process_time() - began_s)
    finally:
        torch.set_num_threads(threads)


def training_speed(
    maker: ExampleMaker, recipe: Recipe, model: torch.nn.Module, steps: int
) -> float:
    """Return how many examples a second two threads train on, by the median step."""
    torch.set_num_threads(THREADS)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    size = recipe.training.batch_size
    ready = list(batches(maker, recipe, 4 * size))
    took_s = []
    for step in range(steps + 2):
        began_s = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.training.bf16):
            loss = model(**ready[step % len(ready)]).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        took_s.append(time.perf_counter() - began_s)
    return float(size / statistics.median(took_s[2:]))


def weigh(clips: int, keywords: Sequence[str], folder: Path) -> dict[str, float]:
    """Return what a process needs that makes examples of a made corpus, besides its programs.

    Args:
        clips: How many the corpus has.
        keywords: The corpus's words that are spotted.
        folder: Where the corpus and its decoded audio go.

    Returns:
        `clips`, `anonymous_mb` (memory of its own: the mapped audio is the system's to take back)
        and `audio_kb_per_clip`.
    """
    write_corpus(folder / "corpus", keywords, clips)
    command = [sys.executable, "-m", "benchmarks.loader_index", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # fills the cache
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    weighed: dict[str, float] = json.loads(done.stdout)
    return weighed


if __name__ == "__main__":
    main()
