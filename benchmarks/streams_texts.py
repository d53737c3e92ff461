"""What stands in the section on the default model's words in streams, word by word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import cells
from benchmarks.model_texts import of_shipped

FA_PER_HOUR = 1.0
"""Of each word: the target whose thresholds are shown."""


def streams_words(folder: Path) -> str:
    """Return misses and false accepts of each word, under thresholds chosen elsewhere and as shipped."""
    figures = of_shipped("operating_point")
    if figures is None:
        return cells.not_yet("operating_point")
    chosen = next(one for one in figures["targets"] if one["target_fa_per_hour"] == FA_PER_HOUR)
    conditions = {name: cells.condition(name) for name in figures["conditions"]}
    clean = next(iter(conditions))

    def row(word: str) -> list[str]:
        counts: Mapping[str, Mapping[str, Any]] = {
            name: chosen["conditions"][name]["keywords"][word] for name in conditions
        }
        shipped = figures["shipped"]["conditions"][clean]["keywords"][word]
        return [
            word,
            *(cells.missed(count) for count in counts.values()),
            cells.false_accepts(counts[clean]),
            cells.missed(shipped),
            cells.false_accepts(shipped),
        ]

    return "\n".join(
        [
            f"Thresholds for {FA_PER_HOUR:g} false accept an hour and word, chosen on other speakers; behind them, "
            "those that are shipped:",
            "",
            *cells.table(
                [
                    "word",
                    *(f"missed, {name}" for name in conditions.values()),
                    "set off wrongly",
                    f"as shipped: missed, {conditions[clean]}",
                    "set off wrongly",
                ],
                map(row, chosen["keywords"]),
            ),
            "",
            cells.when(figures),
        ]
    )
