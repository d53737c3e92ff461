"""Does kws-live name what transformers names with the same model folder?

`transformers.pipeline("audio-classification")` opens the folder's checkpoint and hears test clips,
padded or cut to one second; the daemon's classifier hears the same windows in float32, of which every
posterior is compared, and in int8, of which the top label is. The daemon weighs `_unknown_` tenfold
afterwards; posteriors are compared before that, labels before and after it.

    python -m benchmarks.agreement --test speech_commands_test

It needs torch and transformers: the environment of `make test`.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from rich.console import Console
from rich.progress import Progress

from benchmarks.accuracy import open_runtimes
from benchmarks.accuracy_figures import FLOAT32, INT8
from benchmarks.accuracy_windows import find_test_clips, read_windows, sha256_of, to_float
from benchmarks.common import ROOT, publish
from kws_live.errors import KwsLiveError
from kws_live.eval.intervals import binomial_interval
from kws_live.model import ModelFolder, load_model_folder
from kws_live.types import UNKNOWN_LABEL, Float32Array, Int16Array


@dataclass(frozen=True)
class Agreement:
    """transformers and the daemon on the same windows.

    Attributes:
        windows: how many there were.
        largest_difference: of any posterior, float32 against the pipeline's.
        same_label_float32: windows on which float32 and the pipeline have the same top label.
        same_label: the same of int8.
        same_label_weighted: the same of int8, after both were given the daemon's weight of `_unknown_`.
    """

    windows: int
    largest_difference: float
    same_label_float32: int
    same_label: int
    same_label_weighted: int


def main() -> None:
    """Compare, and print and keep the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.agreement",
        description="The default model in transformers and in kws-live, on the same clips.",
    )
    parser.add_argument(
        "--test", metavar="DIR", type=Path, required=True, help="test clips, CLASS/clip"
    )
    test = parser.parse_args().test
    # Not the installed one: packages leave out the weights that transformers needs.
    folder = load_model_folder(ROOT / "models" / "default")
    try:
        clips = find_test_clips(test)
        windows = read_windows(clips, folder.labels, folder.window_samples)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("both", total=len(windows))
            found = compare(folder, windows.samples, lambda: progress.advance(task))
    except KwsLiveError as error:
        raise SystemExit(str(error)) from error
    low, high = binomial_interval(found.same_label, found.windows)
    publish(
        "agreement",
        "The pipeline of transformers and kws-live on the same clips",
        ["", "figure"],
        [
            ["windows", f"{found.windows}"],
            ["largest difference of a posterior, float32", f"{found.largest_difference:.1e}"],
            ["same top label, float32", f"{found.same_label_float32}"],
            ["same top label, int8", f"{found.same_label}"],
            ["same top label, int8, `_unknown_` weighted", f"{found.same_label_weighted}"],
        ],
        {
            "model": folder.name,
            "sha256": dict(sorted(folder.sha256.items())),
            "test": {
                "folder": test.name,
                "clips": len(clips),
                "sha256": sha256_of(test, clips),
            },
            "transformers": transformers.__version__,
            **asdict(found),
            "same_label_share": round(found.same_label / found.windows, 5),
            "same_label_ci95": [round(low, 5), round(high, 5)],
        },
    )


def compare(
    folder: ModelFolder, windows: Int16Array, progress: Callable[[], None] = lambda: None
) -> Agreement:
    """Return how far the daemon's posteriors and labels are those of transformers.

    Args:
        folder: a model folder with its `model.safetensors`, which installed packages leave out.
        windows: int16 [n, window].
        progress: called after each window.
    """
    runtimes = open_runtimes(folder)
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    pipe = transformers.pipeline("audio-classification", model=str(folder.path), top_k=None)
    weights = np.ones(len(folder.labels))
    weights[folder.labels.index(UNKNOWN_LABEL)] = folder.unknown_weight
    largest, same = 0.0, np.zeros(3, dtype=int)
    for window in windows:
        theirs = _in_order(pipe(to_float(window)), folder.labels)
        float32, int8 = runtimes[FLOAT32](window), runtimes[INT8](window)
        largest = max(largest, float(np.abs(theirs - float32).max()))
        top = theirs.argmax()
        same += (
            top == float32.argmax(),
            top == int8.argmax(),
            (theirs * weights).argmax() == (int8 * weights).argmax(),
        )
        progress()
    return Agreement(len(windows), largest, *map(int, same))


def _in_order(answer: Sequence[dict[str, Any]], labels: Sequence[str]) -> Float32Array:
    """Return the scores that a pipeline gives, [labels], in the order of the labels."""
    scores = {row["label"]: row["score"] for row in answer}
    return np.array([scores[label] for label in labels], dtype=np.float32)


if __name__ == "__main__":
    main()
