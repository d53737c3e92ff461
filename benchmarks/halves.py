"""Labelled recordings in two halves of different speakers: what the benchmarks of detection are given.

Each recording has its label track beside it, with the suffix `.txt`. Thresholds are chosen on one
half and counted on the other, then the other way round (`kws_live.eval.crossfit`).
"""

import argparse
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import Progress

from kws_live.config import Config, EffectiveSettings, effective
from kws_live.errors import InputError
from kws_live.eval.counts import Counts
from kws_live.eval.posteriors import Stored, infer
from kws_live.eval.recordings import Recording, find_recordings
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder

Half = Literal["A", "B"]
HALVES: tuple[Half, Half] = ("A", "B")


@dataclass(frozen=True)
class Model:
    """The default model, open, and the settings it is shipped with."""

    folder: ModelFolder
    classifier: Classifier
    settings: EffectiveSettings

    @classmethod
    def default(cls) -> "Model":
        """Open it."""
        folder = load_model_folder(find_model("default"))
        return cls(folder, Classifier(folder), effective(Config(), folder.operating_point))


def parse(module: str, description: str, keywords: Sequence[str]) -> dict[Half, list[Recording]]:
    """Return the recordings named on the command line, each with its labels.

    A program without them, or with one that can't be read, ends here and says what it needs.

    Args:
        module: the benchmark, for the usage: `benchmarks.detection`.
        description: its first sentence.
        keywords: the model's.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=description,
        epilog="Each recording has its label track beside it, with the suffix .txt. docs/benchmarks.md "
        "says how to make them.",
    )
    for half in HALVES:
        parser.add_argument(
            f"--{half.lower()}",
            dest=half,
            metavar="AUDIO",
            nargs="+",
            type=Path,
            required=True,
            help=f"recordings, or folders of them, of half {half} of the speakers: streams of words, "
            "and hours of speech without them",
        )
    arguments = vars(parser.parse_args())
    try:
        return {half: find_recordings(arguments[half], [], keywords) for half in HALVES}
    except InputError as error:
        parser.error(str(error))


def hours(recordings: Mapping[Half, Sequence[Recording]]) -> float:
    """Return how long all of them are."""
    lengths = (one.duration_s or 0.0 for half in recordings.values() for one in half)
    return math.fsum(lengths) / 3600


def infer_halves(
    model: Model, recordings: Mapping[Half, Sequence[Recording]]
) -> dict[Half, list[Stored]]:
    """Return what the shipped gate and the default model give for both halves, with a progress bar."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("gate and model", total=hours(recordings) * 3600)
        return {
            half: infer(
                [(one.path, one.labels) for one in some],
                model.folder,
                model.classifier,
                model.settings.gate,
                progress=lambda seconds: progress.advance(task, seconds),
            )
            for half, some in recordings.items()
        }


def figures(counts: Counts) -> dict[str, Any]:
    """Return what was counted in all, with rates and 95 % intervals, for a line of JSON."""
    return {
        "words": counts.words,
        "misses": counts.misses,
        "frr": _rounded(counts.frr),
        "frr_ci95": _rounded_pair(counts.frr_ci95),
        "false_accepts": counts.false_accepts,
        "fa_per_hour": _rounded(counts.fa_per_hour),
        "fa_per_hour_ci95": _rounded_pair(counts.fa_per_hour_ci95),
    }


def keyword_figures(counts: Counts) -> dict[str, Any]:
    """Return what was counted of each keyword: numbers only, from which all rates follow."""
    return {
        keyword: {
            "words": count.words,
            "misses": count.misses,
            "false_accepts": count.false_accepts,
            "negative_hours": round(count.negative_h, 4),
        }
        for keyword, count in counts.keywords.items()
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _rounded_pair(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else [round(value, 4) for value in pair]
