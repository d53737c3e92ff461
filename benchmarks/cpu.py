"""What listening costs, in percent of a core: kws-live beside what one would run instead.

All systems are played the same audio in real time: a quiet room, continuous speech, and a mix with
one tenth of speech. They take turns, a slice of each condition at a time, so that whatever else the
machine does hits all alike. Each slice starts the system anew, so that nothing else listens
meanwhile; its start and a warm-up don't count. Time comes from the scheduler (see
`benchmarks.usage`), summed over all threads and processes.

* **kws-live** is the installed command: it records from a private sound server (whose own work is
  nobody's here), with its capture process.
* **without capture** is the same run without that process: what reads its audio from a pipe, as all
  the others do. They record nothing, which favours them, and get blocks of 80 ms.
* **whole windows** is kws-live with the same model uncut: no frame serves two windows.
* **pocketsphinx** searches everything; with its **Endpointer** only while somebody speaks, as
  its `LiveSpeech` does. Both listen for the ten words of kws-live.
* **pyopen-wakeword**, **pymicro-wakeword** listen for "hey jarvis", a model of their packages.

That each really listens is shown by what it detects in synthetic speech beforehand.

    python -m benchmarks.cpu
    python -m benchmarks.cpu --speech speech.flac --mix mix.flac
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import Progress

from benchmarks.common import DEMO, ROOT, newest, publish
from benchmarks.cpu_audio import (
    CONDITIONS,
    SILENCE_DB,
    Slice,
    conditions,
    read_mono,
    slices,
)
from benchmarks.cpu_chart import draw
from benchmarks.cpu_listener import POCKETSPHINX_THRESHOLD
from benchmarks.cpu_systems import Daemon, Measured, Rival, System, measure
from benchmarks.stored import spans
from benchmarks.usage import Usage
from benchmarks.whole_windows import whole_windows
from kws_live.config import Config, effective
from kws_live.model import ModelFolder, find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

sys.path.insert(0, str(ROOT / "tests"))
from support.speech import FLITE_VOICES, say

SECONDS = 120.0
ROUNDS = 3
OURS = "kws-live"
MAIN = "kws-live, without capture"
WHOLE = "kws-live, whole windows"
WAKE_WORD = "hey_jarvis"
TARGET_PERCENT = {"silence": 1.2, "speech": 3.5}
TARGET_MIX_OF_POCKETSPHINX = 0.7


def main() -> None:
    """Measure all systems, and print and keep the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cpu", description="What listening costs, beside others."
    )
    parser.add_argument(
        "--speech", type=Path, help="people who talk without a pause (else: the demo)"
    )
    parser.add_argument("--mix", type=Path, help="typical use (else: noise, one tenth demo)")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="of each condition for each system"
    )
    arguments = parser.parse_args()
    folder = load_model_folder(find_model("default"))
    audio = conditions(arguments.seconds, arguments.speech, arguments.mix)
    played = slices(audio, ROUNDS)
    open_share = gate_open_share(played, folder)
    with tempfile.TemporaryDirectory() as uncut:
        systems = listeners(folder, whole_windows(folder.path, Path(uncut)))
        heard = {system.name: system.hears(proof()) for system in systems}
        deaf = [name for name, detections in heard.items() if not detections]
        if deaf:
            raise SystemExit(f"{', '.join(deaf)}: no word detected where all are said")
        measured, troubles = take_turns(systems, played)
    words = {system.name: len(system.words) for system in systems}
    figures = {
        OURS: by_condition(measured[OURS]) | {"words": words[OURS]},
        MAIN: by_condition(measured[OURS], main=True) | {"words": words[OURS]},
    }
    for name in heard:
        figures.setdefault(name, by_condition(measured[name]) | {"words": words[name]})
    publish(
        "cpu",
        f"% of a core, {arguments.seconds:g} s each; gate of kws-live open: "
        + ", ".join(f"{name} {open_share[name]:.0%}" for name in CONDITIONS),
        ["", *CONDITIONS, "wake-ups a second"],
        [
            [
                name,
                *(f"{row[condition]['percent']:.2f}" for condition in CONDITIONS),
                " / ".join(f"{row[condition]['wake_ups_hz']:.0f}" for condition in CONDITIONS),
            ]
            for name, row in figures.items()
        ],
        {
            "seconds": arguments.seconds,
            "targets": {
                "percent": TARGET_PERCENT,
                "mix_of_pocketsphinx": TARGET_MIX_OF_POCKETSPHINX,
            },
            "speech": arguments.speech.name if arguments.speech else None,
            "mix": arguments.mix.name if arguments.mix else None,
            "silence_db": SILENCE_DB,
            "gate_open_share": {name: round(share, 4) for name, share in open_share.items()},
            "keywords": list(folder.keywords),
            "wake_word": WAKE_WORD,
            "pocketsphinx_threshold": POCKETSPHINX_THRESHOLD,
            "versions": {
                name: version(name)
                for name in ("pocketsphinx", "pyopen-wakeword", "pymicro-wakeword", "onnxruntime")
            },
            "heard_in_proof": heard,
            "systems": figures,
            "troubles": troubles,
        },
    )
    published = newest("cpu")
    assert published is not None
    draw(published)


def listeners(folder: ModelFolder, whole: Path) -> list[System]:
    """Return all systems, in the order of their turns.

    Args:
        folder: our model.
        whole: the model folder that runs whole windows.
    """
    words = folder.keywords
    return [
        Daemon(OURS, str(folder.path), words),
        Daemon(WHOLE, str(whole), words),
        Rival("pocketsphinx", "pocketsphinx", words),
        Rival("pocketsphinx, Endpointer", "pocketsphinx-endpointer", words),
        Rival("pyopen-wakeword", "pyopen-wakeword", (WAKE_WORD,)),
        Rival("pymicro-wakeword", "pymicro-wakeword", (WAKE_WORD,)),
    ]


def proof() -> Int16Array:
    """Return speech that holds every system's words: the demo, then the wake word in two voices."""
    pause = np.zeros(SAMPLE_RATE_HZ, np.int16)
    pieces = [read_mono(DEMO), pause]
    for voice in FLITE_VOICES:
        spoken = say(WAKE_WORD.replace("_", " "), voice)
        loudest = np.abs(spoken).max()
        pieces += [np.round(spoken / loudest * 16_000).astype(np.int16), pause]
    return np.concatenate(pieces)


def take_turns(
    systems: Sequence[System], played: Sequence[Slice]
) -> tuple[dict[str, list[Measured]], list[str]]:
    """Return what each system used in each stretch, and what kept any from its work."""
    measured: dict[str, list[Measured]] = defaultdict(list)
    troubles = []
    with Progress() as bar:
        task = bar.add_task("listening", total=len(played) * len(systems))
        for turn, slice_ in enumerate(played):
            for system in systems:
                stretches, trouble = measure(system, slice_)
                measured[system.name] += stretches
                if trouble:
                    troubles.append(f"{system.name}, slice {turn + 1}: {trouble}")
                bar.advance(task)
    return measured, troubles


def by_condition(measured: Sequence[Measured], *, main: bool = False) -> dict[str, Any]:
    """Return the figures of a system, or of its main process alone, in each condition."""
    figures: dict[str, Any] = {}
    for condition in CONDITIONS:
        those = [each for each in measured if each.condition == condition]
        used = [each.main if main else each.used for each in those]
        together = Usage(
            sum(part.elapsed_s for part in used),
            tuple(thread for part in used for thread in part.threads),
        )
        figures[condition] = {
            "percent": round(together.percent, 3),
            "percent_by_slice": [round(part.percent, 3) for part in used],
            "wake_ups_hz": round(together.wake_ups_hz, 1),
            "preemptions_hz": round(together.preemptions_hz, 2),
            "elapsed_s": round(together.elapsed_s, 1),
            "detections": sum(each.detections for each in those),
        }
    return figures


def gate_open_share(played: Sequence[Slice], folder: ModelFolder) -> dict[str, float]:
    """Return how much of each condition passes the gate of kws-live as shipped, 0..1."""
    gate = effective(Config(), folder.operating_point).gate
    passed = dict.fromkeys(CONDITIONS, 0.0)
    total = dict.fromkeys(CONDITIONS, 0.0)
    for slice_ in played:
        found = spans(slice_.samples, gate)
        for stretch in slice_.stretches:
            total[stretch.condition] += stretch.end_s - stretch.start_s
            passed[stretch.condition] += sum(
                max(
                    0.0,
                    min(stretch.end_s, span.end_sample / SAMPLE_RATE_HZ)
                    - max(stretch.start_s, span.start_sample / SAMPLE_RATE_HZ),
                )
                for span in found
            )
    return {name: passed[name] / total[name] for name in CONDITIONS}


if __name__ == "__main__":
    main()
