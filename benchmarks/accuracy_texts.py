"""What stands in the sections on how often clips are named rightly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import cells
from benchmarks.accuracy_figures import FLOAT32, INT8
from benchmarks.model_texts import of_shipped

_RUNTIMES = (FLOAT32, INT8)
_SHORT = {
    "clean": "as recorded",
    "noise": "in noise",
    "rooms": "in rooms",
    "voices": "synthetic voices",
}


def accuracy(folder: Path) -> str:
    """Return the shares by condition, and the calibration, in float32 and in int8."""
    figures = of_shipped("accuracy")
    if figures is None:
        return cells.not_yet("accuracy")
    rows = []
    for condition, name in _names(figures).items():
        found = figures["conditions"][condition]
        rows.append(_row(name, found["runtimes"], points_lost(found["lost"])))
        if condition == "noise":
            rows += [
                _row(
                    f"… {kind}",
                    {each: found["runtimes"][each]["groups"][kind] for each in _RUNTIMES},
                )
                for kind in found["runtimes"][INT8]["groups"]
            ]
    test = figures["test"]
    voices = figures["conditions"]["voices"]["clusters"]["voice"]
    return "\n".join(
        [
            f"{test['clips']:,} test clips by {test['speakers']} people, and {voices} synthetic voices; "
            "all of the model's classes:",
            "",
            *cells.table(["", "windows", *_RUNTIMES, "int8 loses, points"], rows),
            "",
            "Calibration error of the clips as recorded: "
            + ", ".join(f"{each} {error(figures['calibration'][each])}" for each in _RUNTIMES)
            + ".",
            "",
            "In brackets, 95 %: of a bootstrap over speakers (with noise and rooms over their recordings and "
            "rooms too; of synthetic speech, over voices), or the exact interval of the count where that reaches "
            "further.",
            "",
            cells.when(figures),
        ]
    )


def accuracy_words(folder: Path) -> str:
    """Return the shares by class in each condition, in float32 and in int8."""
    figures = of_shipped("accuracy")
    if figures is None:
        return cells.not_yet("accuracy")
    lines = []
    for runtime in _RUNTIMES:
        classes = {
            condition: figures["conditions"][condition]["runtimes"][runtime]["classes"]
            for condition in _SHORT
        }
        lines += [
            f"By class, {runtime}:",
            "",
            *cells.table(
                ["class", *_SHORT.values()],
                (
                    [
                        f"`{label}`" if label.startswith("_") else label,
                        *(cells.clips(found.get(label)) for found in classes.values()),
                    ]
                    for label in figures["labels"]
                ),
            ),
            "",
        ]
    voices = figures["conditions"]["voices"]["runtimes"]
    lines += [
        "By synthetic voice:",
        "",
        *cells.table(
            ["voice", *_RUNTIMES],
            (
                [voice, *(cells.clips(voices[each]["groups"][voice]) for each in _RUNTIMES)]
                for voice in voices[INT8]["groups"]
            ),
        ),
    ]
    return "\n".join(lines)


def calibration(folder: Path) -> str:
    """Return how often guesses are right, by their posterior."""
    figures = of_shipped("accuracy")
    if figures is None:
        return cells.not_yet("accuracy")
    found = [figures["calibration"][each]["bins"] for each in _RUNTIMES]
    count = len(found[0])
    return "\n".join(
        cells.table(
            ["posterior of the guess", *(f"{each}: mean, right" for each in _RUNTIMES)],
            (
                [
                    f"{number / count:.2f} – {(number + 1) / count:.2f}",
                    *(_bin(bins[number]) for bins in found),
                ]
                for number in range(count)
                if any(bins[number]["n"] for bins in found)
            ),
        )
    )


def points_lost(lost: Mapping[str, Any]) -> str:
    """Return by how many points int8 names fewer windows rightly, with the interval of the pairs."""
    low, high = (100 * bound for bound in lost["ci95"])
    return f"{100 * lost['share']:.2f} ({low:.2f} – {high:.2f})"


def error(row: Mapping[str, Any]) -> str:
    """Return a calibration error with its interval."""
    low, high = row["ci95"]
    return f"{100 * row['ece']:.1f} % ({100 * low:.1f} – {100 * high:.1f})"


def _names(figures: Mapping[str, Any]) -> dict[str, str]:
    noise, rooms = figures["noise"], figures["rooms"]
    short, long = rooms["rt60_s"]
    near, far = rooms["distance_m"]
    return _SHORT | {
        "noise": f"{', '.join(noise['kinds'])} at {noise['snr_db']:g} dB",
        "rooms": f"{rooms['count']} rooms, RT60 {short:g} – {long:g} s, {near:g} – {far:g} m",
    }


def _row(name: str, runtimes: Mapping[str, Any], lost: str = "") -> list[str]:
    return [
        name,
        f"{runtimes[INT8]['n']:,}",
        *(cells.share(runtimes[each]) for each in _RUNTIMES),
        lost,
    ]


def _bin(row: Mapping[str, Any]) -> str:
    if not row["n"]:
        return cells.NONE
    right = f"{row['right']} of {row['n']}"
    return f"{row['confidence']:.2f}, {row['right'] / row['n']:.2f} ({right})"
