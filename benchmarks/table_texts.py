"""What stands in the generated sections: Markdown made from the newest results."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import cells
from benchmarks.common import newest
from benchmarks.det_chart import CHART


def operating_points(folder: Path) -> str:
    """Return what thresholds do on speakers they were not chosen on."""
    figures = newest("operating_point", "summed", "shipped")
    if figures is None:
        return cells.not_yet("operating_point")
    targets = figures["targets"]
    words = targets[0]["keywords"]
    return "\n".join(
        [
            *by_target(figures),
            "",
            "Missed and set off wrongly, word by word, all conditions together:",
            "",
            *cells.table(
                ["word", *(f"{target['target_fa_per_hour']:g} an hour" for target in targets)],
                (
                    [
                        word,
                        *(
                            f"{cells.missed(target['keywords'][word])}; "
                            f"{cells.false_accepts(target['keywords'][word])}"
                            for target in targets
                        ),
                    ]
                    for word in words
                ),
            ),
            "",
            cells.when(figures),
        ]
    )


def detection(folder: Path) -> str:
    """Return kws-live beside pocketsphinx, with the chart of both."""
    figures = newest("detection")
    if figures is None:
        return cells.not_yet("detection")
    names = list(figures["curves"])
    kinds = {
        "one_threshold": "the same for all words",
        "threshold_per_word": "one a word, chosen on other speakers",
    }
    return "\n".join(
        [
            f"The same {figures['words']:,} words in the same {figures['hours']:.1f} hours; "
            f"pocketsphinx {figures['versions']['pocketsphinx']} with its own model of English. Words "
            f"missed at so many false accepts per hour, all {len(figures['keywords'])} "
            "words together (95 % intervals):",
            "",
            *cells.table(
                ["false accepts", "thresholds", *names],
                (
                    [
                        f"≤ {bar['fa_per_hour']} an hour",
                        kinds[kind],
                        *(cells.frr_at(bar[kind][name]) for name in names),
                    ]
                    for bar in figures["bars"]
                    for kind in kinds
                ),
            ),
            "",
            f"![Words missed against false accepts per hour: kws-live and pocketsphinx]"
            f"({os.path.relpath(CHART, folder)})",
            "",
            cells.when(figures),
        ]
    )


_ALONE = {
    "sparse": "one by one, quiet",
    "sparse10": "one by one, steady noise at 10 dB",
    "speech 10": "speech, 10 dB",
}
"""Conditions of benchmarks/gate.py whose names don't say what they are."""


def gate(folder: Path) -> str:
    """Return what the shipped gate costs in words, and saves in work."""
    figures = newest("gate")
    if figures is None:
        return cells.not_yet("gate")
    shipped = figures["gates"][0]
    words = {name: row for name, row in shipped["conditions"].items() if "words" in row}
    speech = {name: row for name, row in shipped["conditions"].items() if "words" not in row}
    cpu = figures["mix_cpu_percent_of_a_core"]
    return "\n".join(
        [
            *cells.table(
                ["words", "said", "found only without the gate", "only with it", "lost, points"],
                (
                    [
                        _ALONE.get(name, cells.condition(name)),
                        f"{row['words']:,}",
                        f"{row['lost']}",
                        f"{row['won']}",
                        "{:.2f} ({:.2f} – {:.2f})".format(
                            *(100 * share for share in (row["lost_share"], *row["lost_share_ci95"]))
                        ),
                    ]
                    for name, row in words.items()
                ),
            ),
            "",
            *cells.table(
                ["speech without the words", "false accepts with the gate", "without"],
                (
                    [
                        _ALONE.get(name, name),
                        *(
                            cells.false_accepts(
                                {"false_accepts": row[key], "negative_hours": row["hours"]}
                            )
                            for key in ("false_accepts", "false_accepts_without_gate")
                        ),
                    ]
                    for name, row in speech.items()
                ),
            ),
            "",
            f"It lets {100 * shipped['noise_open_share']:.0f} % of plain noise and "
            f"{100 * shipped['mix_open_share']:.0f} % of a mix of typical use through. Over that mix the "
            f"program takes {cpu['with_gate']:.1f} % of a core with the gate and "
            f"{cpu['without_gate']:.1f} % without.",
            "",
            cells.when(figures),
        ]
    )


def coverage(folder: Path) -> str:
    """Return whether what `kws-live tune` predicts comes true."""
    figures = newest("coverage")
    if figures is None:
        return cells.not_yet("coverage")
    simulated = figures["simulated"]
    return "\n".join(
        [
            f"Of {simulated['streams']:,} simulated streams, the false accepts counted on another stream "
            f"of the same rate lay inside the 95 % prediction in {100 * simulated['covered']:.1f} % "
            f"({cells.percents(simulated['covered'], simulated['streams'])}).",
            "",
            f"Real recordings ({figures['data']}), {figures['fa_per_hour']:g} false accepts an hour asked "
            "of each word; predicted on one half of the speakers, counted on the other:",
            "",
            *cells.table(
                ["halves", "chosen on", "counted", "predicted, 95 %", "words inside theirs"],
                (
                    [
                        half["halves"],
                        f"{half['chosen_on_h']:.2f} h",
                        f"{half['false_accepts']} in {half['counted_in_h']:.2f} h",
                        " – ".join(map(str, half["predicted95"])),
                        f"{half['keywords_inside']} of {len(half['keywords'])}",
                    ]
                    for half in figures["halves"]
                ),
            ),
            "",
            f"At these thresholds {cells.frr(figures)} of {figures['words']:,} words were missed.",
            "",
            cells.when(figures),
        ]
    )


def eval_speed(folder: Path) -> str:
    """Return how long an evaluation takes, and on what."""
    figures = newest("eval_speed", "model_cpu_s", "after_model_s", "memory_mb")
    if figures is None:
        return cells.not_yet("eval_speed")
    hours, cpu_s, model_cpu_s = figures["hours"], figures["cpu_s"], figures["model_cpu_s"]
    return "\n".join(
        [
            f"`kws-live eval stream` on {hours:g} hours with {figures['labels']:,} labels, "
            f"{figures['thresholds']} thresholds swept: {figures['wall_s'] / 60:.1f} minutes, "
            f"{figures['after_model_s']:.1f} seconds of them after the model, for the sweep and the figures. "
            f"It takes {cpu_s / 60:.1f} minutes of processor time, the model {model_cpu_s / 60:.1f} of them, "
            f"and at most {figures['memory_mb']:.0f} MB of memory.",
            "",
            cells.bars(
                [
                    cells.Bar(
                        "an hour of audio",
                        figures["wall_s"] / hours,
                        "≤",
                        figures["targets"]["wall_s_per_hour"],
                        " s",
                        1,
                    )
                ]
            ),
            "",
            cells.when(figures),
        ]
    )


def by_target(figures: Mapping[str, Any]) -> list[str]:
    """Return misses by condition and false accepts at each target, from `benchmarks.operating_point`."""
    conditions = figures["conditions"]
    summed = figures["summed"]
    targets = {f"{target['target_fa_per_hour']:g} an hour": target for target in figures["targets"]}
    targets[f"{summed['target_fa_per_hour']:g} an hour, all words, one threshold"] = summed
    targets["as shipped, chosen on all"] = figures["shipped"] | {"supported": True}
    rows = cells.table(
        [
            "target a word",
            *(f"missed, {cells.condition(name)}" for name in conditions),
            "false accepts, all words",
        ],
        (
            [
                f"{name}{'' if target['supported'] else ' †'}",
                *(cells.frr(target["conditions"][each]) for each in conditions),
                cells.fa_per_hour(target["all"]),
            ]
            for name, target in targets.items()
        ),
    )
    if not all(target["supported"] for target in targets.values()):
        rows += ["", "† fewer hours than would show, at 95 %, that the target is kept."]
    return rows
