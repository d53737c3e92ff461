"""How often the model names a clip rightly: as recorded, in noise, in rooms, in synthetic voices.

The model runs as the daemon runs it, in float32 and in int8, on the same windows: clips of a test
folder, padded or cut to one second,

* as they are, with the calibration of the posteriors;
* in three kinds of noise that nothing was trained or developed with, at 10 dB;
* in simulated rooms (RT60 0.3 to 0.8 s, 1 to 4 m);

and the ten words in synthetic voices that were held out of training. Posteriors are those of the
model itself, without the weight that the daemon gives `_unknown_` in running speech.

    python -m benchmarks.accuracy --test speech_commands_test --noise noise/dev

The same command on the same clips gives the same figures.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import Progress

from benchmarks import accuracy_conditions as conditions
from benchmarks.accuracy_figures import FLOAT32, INT8, calibration_figures, condition_figures
from benchmarks.accuracy_voices import ACCENTS, STRETCHES, spoken_windows, voices
from benchmarks.accuracy_windows import (
    Windows,
    find_test_clips,
    known_speakers,
    read_windows,
    sha256_of,
)
from benchmarks.common import publish
from kws_live.errors import KwsLiveError
from kws_live.eval.rooms import draw_rooms
from kws_live.eval.word_clips import WordClip
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.model.classifier import softmax
from kws_live.types import SILENCE_LABEL, Float32Array, Int16Array

NOISE_KINDS = "chainsaw,baby_cry,rain"

Infer = Callable[[Int16Array], Float32Array]
"""Gives the posteriors [labels] of one window, int16 [window]."""


def main() -> None:
    """Measure all conditions, and print and keep the figures."""
    arguments = _parse()
    folder = load_model_folder(find_model("default"))
    try:
        runtimes = open_runtimes(folder)
        clips = find_test_clips(arguments.test)
        with Progress(console=Console(stderr=True), transient=True) as progress:
            windows = prepare(clips, arguments, folder, progress)
            task = progress.add_task("model", total=2 * sum(map(len, windows.values())))
            posteriors = {
                condition: {
                    name: _posteriors(infer, some, lambda: progress.advance(task))
                    for name, infer in runtimes.items()
                }
                for condition, some in windows.items()
            }
    except (KwsLiveError, click.ClickException) as error:
        raise SystemExit(str(error)) from error
    found = {
        condition: condition_figures(some, posteriors[condition], folder.labels)
        for condition, some in windows.items()
    }
    calibration = {
        name: calibration_figures(windows["clean"], posteriors["clean"][name]) for name in runtimes
    }
    publish(
        "accuracy",
        f"Clips of {arguments.test.name} named rightly",
        ["", "windows", FLOAT32, INT8, "lost, points"],
        [
            [
                condition,
                f"{figures['windows']}",
                *(f"{100 * figures['runtimes'][name]['accuracy']:.2f} %" for name in runtimes),
                f"{100 * figures['lost']['share']:.2f}",
            ]
            for condition, figures in found.items()
        ]
        + [
            ["calibration error", f"{len(clips)}"]
            + [f"{100 * calibration[name]['ece']:.2f} %" for name in runtimes]
            + [""]
        ],
        {
            "model": folder.name,
            "sha256": dict(sorted(folder.sha256.items())),
            "labels": list(folder.labels),
            "test": {
                "folder": arguments.test.name,
                "clips": len(clips),
                "speakers": known_speakers(windows["clean"]),
                "sha256": sha256_of(arguments.test, clips),
            },
            "noise": {
                "folders": ["/".join(path.resolve().parts[-2:]) for path in arguments.noise],
                "kinds": arguments.noise_kinds,
                "snr_db": conditions.SNR_DB,
            },
            "rooms": {
                "count": conditions.ROOMS,
                "rt60_s": conditions.RT60_S,
                "distance_m": conditions.DISTANCE_M,
            },
            "voices": {"accents": ACCENTS, "stretches": STRETCHES},
            "conditions": found,
            "calibration": calibration,
        },
    )


def open_runtimes(folder: ModelFolder) -> dict[str, Infer]:
    """Return the model as the daemon runs it, in float32 and in int8.

    Raises:
        ModelError: a file is missing or corrupt, or a runtime fails its self-test on this CPU.
        SystemExit: the folder lacks one of the two.
    """
    found: dict[str, Infer] = {}
    for kind in (FLOAT32, INT8):
        some = tuple(runtime for runtime in folder.runtimes if kind in runtime.name)
        if not some:
            raise SystemExit(
                f"{folder.path} has no {kind} runtime: {', '.join(r.name for r in folder.runtimes)}"
            )
        found[kind] = _infer(Classifier(replace(folder, runtimes=some)))
    return found


def prepare(
    clips: Sequence[WordClip],
    arguments: argparse.Namespace,
    folder: ModelFolder,
    progress: Progress,
) -> dict[str, Windows]:
    """Return the windows of all conditions.

    Raises:
        InputError: a clip or a noise is missing or can't be read, or pyroomacoustics is not installed.
        SpeechError: a synthetic voice is not installed.
    """
    window_samples = folder.window_samples
    noises = conditions.find_noise(arguments.noise, arguments.noise_kinds, window_samples)
    clean = read_windows(clips, folder.labels, window_samples)
    task = progress.add_task("voices", total=len(voices()))
    spoken = spoken_windows(
        folder.keywords, folder.labels, window_samples, lambda: progress.advance(task)
    )
    task = progress.add_task("rooms", total=conditions.ROOMS)
    rooms = draw_rooms(
        conditions.ROOMS,
        rt60_s=conditions.RT60_S,
        distance_m=conditions.DISTANCE_M,
        seed=conditions.ROOM_SEED,
        progress=lambda: progress.advance(task),
    )
    return {
        "clean": clean,
        "noise": conditions.in_noise(clean, noises, folder.labels.index(SILENCE_LABEL)),
        "rooms": conditions.in_rooms(clean, rooms),
        "voices": spoken,
    }


def _infer(classifier: Classifier) -> Infer:
    return lambda window: softmax(classifier.logits(window))


def _posteriors(infer: Infer, windows: Windows, progress: Callable[[], None]) -> Float32Array:
    found = []
    for window in windows.samples:
        found.append(infer(window))
        progress()
    return np.stack(found)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description="How often the default model names a clip rightly, in float32 and in int8.",
    )
    parser.add_argument(
        "--test",
        metavar="DIR",
        type=Path,
        required=True,
        help="test clips, CLASS/clip, with _unknown_ and _silence_ among the classes; by speakers "
        "that nothing was trained on",
    )
    parser.add_argument(
        "--noise",
        metavar="DIR",
        type=Path,
        nargs="+",
        required=True,
        help="recordings of noise",
    )
    parser.add_argument(
        "--noise-kinds",
        metavar="NAMES",
        type=lambda text: text.split(","),
        default=NOISE_KINDS.split(","),
        help="those that nothing was trained or developed with, by the name of their folder or a "
        f"pattern of their files' names (default: {NOISE_KINDS})",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
