"""What stands in the sections about the default model, made from its `kws.json`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import cells
from benchmarks.common import ROOT, newest
from benchmarks.table_texts import by_target
from kws_live.eval.card import point_lines

MODEL = ROOT / "models" / "default"


def model_quality(folder: Path) -> str:
    """Return what a user may expect of the default model, for the README."""
    point = _point(manifest())
    measured = point["measured"]
    if not measured:
        return "The thresholds of the default model have not been measured."
    counts: Mapping[str, Mapping[str, Any]] = measured["keywords"]
    frr_low, frr_high = measured["frr_ci95"]
    fa_low, fa_high = measured["fa_per_hour_ci95"]
    hours = max(count["negative_hours"] for count in counts.values())
    accuracy = of_shipped("accuracy")
    clips = accuracy["conditions"]["clean"]["runtimes"] if accuracy else {}
    best = sorted(counts, key=lambda word: _rate(counts[word]))[:2]
    lines = [
        "As shipped, through the whole program (gate, windows, smoothing, thresholds):",
        "",
        f"* **It misses {100 * measured['frr']:.0f} of 100** words said on purpose (95 % interval "
        f"{100 * frr_low:.0f} to {100 * frr_high:.0f}; {measured['words']:,} words).",
        f"* **Expect it to be set off {cells.times(measured['fa_per_hour'])} in an hour** of people talking "
        f"without a pause (95 % interval {cells.number(fa_low)} to {cells.number(fa_high)}; all "
        f"{len(counts)} words together). On the recordings that the thresholds were chosen on it was "
        f"{measured['false_accepts']} times in {hours:.1f} hours, which flatters: the choice is part of "
        f"the expectation. A quiet room costs nothing: the gate is closed. "
        f"Name the few words you need with `--keyword`: “{best[0]}” and “{best[1]}” alone are set "
        f"off {cells.times(sum(_rate(counts[word]) for word in best))} in an hour.",
        "",
        *_provenance(measured),
        "",
        *cells.table(
            [
                "word",
                "threshold",
                "missed",
                "set off wrongly, as counted",
                *(f"test clips named rightly, {name}" for name in clips),
            ],
            (
                [
                    word,
                    f"{point['keywords'][word]['threshold']:.2f}",
                    cells.missed(count),
                    cells.false_accepts(count),
                    *(cells.clips(found["classes"].get(word)) for found in clips.values()),
                ]
                for word, count in counts.items()
            ),
        ),
    ]
    return "\n".join(lines)


def operating_point(folder: Path) -> str:
    """Return the settings the default model ships with and what was measured, for its card."""
    crossed = newest("operating_point", "summed", "shipped")
    chosen_elsewhere = (
        [
            "",
            "Chosen on one half of the speakers and counted on the other:",
            "",
            *by_target(crossed),
        ]
        if crossed
        else []
    )
    return "\n".join([*point_lines(_point(manifest())), *chosen_elsewhere])


def manifest() -> dict[str, Any]:
    """Return the `kws.json` of the default model."""
    found: dict[str, Any] = json.loads((MODEL / "kws.json").read_text(encoding="utf-8"))
    return found


def of_shipped(benchmark: str) -> dict[str, Any] | None:
    """Return what was last published by a benchmark of the model's files; None if they have changed since."""
    figures = newest(benchmark, "sha256")
    return figures if figures and figures["sha256"] == manifest()["sha256"] else None


def _point(manifest: Mapping[str, Any]) -> dict[str, Any]:
    point: dict[str, Any] = manifest["operating_points"][manifest["operating_point"]]
    return point


def _provenance(measured: Mapping[str, Any]) -> Iterator[str]:
    told = {"data": "Measured on", "chosen_on": "Thresholds chosen on", "intervals": "Intervals"}
    yield (
        ". ".join(f"{said}: {measured[key]}" for key, said in told.items() if key in measured) + "."
    )


def _rate(count: Mapping[str, Any]) -> float:
    rate: float = count["false_accepts"] / count["negative_hours"]
    return rate
