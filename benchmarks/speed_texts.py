"""What stands in the generated sections on start, latency, throughput and the cost of a hop."""

from pathlib import Path
from typing import Any

from benchmarks import cells
from benchmarks.common import newest
from benchmarks.latency_parts import NAMES


def startup(folder: Path) -> str:
    """Return how long it takes until it listens, and in how much memory."""
    figures = newest("startup", "soak", "parts_ms")
    if figures is None:
        return cells.not_yet("startup")
    devices, targets, soak = figures["devices"], figures["targets"], figures["soak"]
    listening = devices["default"]
    names = {"demo": "`--device demo`", "default": "a microphone"}
    return "\n".join(
        [
            *cells.table(
                [
                    "",
                    "start, median",
                    f"slowest of {figures['runs']}",
                    "memory at most",
                    "processes",
                ],
                (
                    [
                        names[device],
                        f"{row['start_median_s']:.2f} s",
                        f"{row['start_max_s']:.2f} s",
                        f"{row['pss_max_mb']:.0f} MB",
                        str(row["processes"]),
                    ]
                    for device, row in devices.items()
                ),
            ),
            "",
            "With a microphone, in ms: "
            + ", ".join(f"{part} {value:.0f}" for part, value in figures["parts_ms"].items())
            + ". The capture process runs beside the rest.",
            "",
            cells.bars(
                [
                    cells.Bar(
                        "start", listening["start_median_s"], "≤", targets["start_s"], " s", 2
                    ),
                    cells.Bar("memory", listening["pss_max_mb"], "≤", targets["pss_mb"], " MB"),
                    cells.Bar(
                        f"more after {soak['minutes']:g} min of speech",
                        soak["growth_mb"],
                        "≤",
                        targets["growth_mb"],
                        " MB",
                        1,
                    ),
                ]
            ),
            "",
            cells.when(figures),
        ]
    )


def latency(folder: Path) -> str:
    """Return how long it takes from the end of a word to its hook, part by part."""
    figures = newest("latency", "mean_ms", "slowest_tenth_mean_ms")
    if figures is None:
        return cells.not_yet("latency")

    def row(name: str) -> list[str]:
        percentiles = figures[f"{name}_ms_p50_p95_p99"]
        columns = (figures["mean_ms"][name], *percentiles, figures["slowest_tenth_mean_ms"][name])
        return [name, *(f"{value:.0f}" for value in columns)]

    return "\n".join(
        [
            f"{figures['hits']} of {figures['words']} words, ms; what is negative was known before the word's end:",
            "",
            *cells.table(
                ["", "mean", "p50", "p95", "p99", "slowest tenth, mean"],
                map(row, (*NAMES, "total")),
            ),
            "",
            cells.bars(
                [
                    cells.Bar(
                        "95 % of the words",
                        figures["total_ms_p50_p95_p99"][1],
                        "≤",
                        figures["targets"]["total_p95_ms"],
                        " ms",
                        1,
                    )
                ]
            ),
            "",
            cells.when(figures),
        ]
    )


def throughput(folder: Path) -> str:
    """Return how many seconds of audio a second takes."""
    figures = newest("throughput")
    if figures is None:
        return cells.not_yet("throughput")

    def row(kind: str, entry: dict[str, Any]) -> list[str]:
        rates = entry[kind]
        return [
            {"speech": "all of it, gate off", "mix": "typical use, gate on"}[kind],
            str(entry["cores"]),
            f"{100 * rates['open_share']:.0f} %",
            f"{rates['steady_rate']:.0f} ×",
            f"{rates['whole_rate']:.0f} ×",
            f"{entry['efficiency']:.2f}" if kind == "mix" else "",
        ]

    one_core, targets = figures["by_cores"][0], figures["targets"]
    return "\n".join(
        [
            *cells.table(
                [
                    "given to the model",
                    "cores",
                    "gate open",
                    "steady",
                    "whole command",
                    "of what the gate lets expect",
                ],
                (row(kind, entry) for kind in ("speech", "mix") for entry in figures["by_cores"]),
            ),
            "",
            cells.bars(
                [
                    cells.Bar(
                        "one core, all of it, whole command",
                        one_core["speech"]["whole_rate"],
                        "≥",
                        targets["rate_1_core"],
                        " ×",
                    ),
                    cells.Bar(
                        "one core, of what the gate lets expect",
                        one_core["efficiency"],
                        "≥",
                        targets["efficiency"],
                        "",
                        2,
                    ),
                ]
            ),
            "",
            cells.when(figures),
        ]
    )


def scaling(folder: Path) -> str:
    """Return what a hop costs, beside its limit."""
    figures = newest("scaling")
    if figures is None:
        return cells.not_yet("scaling")
    rates = figures["gmac_per_s"]

    def row(cost: dict[str, Any]) -> list[str]:
        macs, limit_ms, took_ms = cost["macs"], cost["limit_ms"], cost["took_ms"]
        return [
            cost["name"],
            f"{took_ms:.2f}",
            f"{100 * took_ms / cost['hop_ms']:.2f} %",
            f"{sum(macs.values()) / 1e6:.0f}" if macs else "",
            f"{limit_ms:.2f}" if limit_ms else "",
            f"{100 * limit_ms / took_ms:.0f} %" if limit_ms else "",
        ]

    share = figures["streaming_share"]
    return "\n".join(
        [
            f"Streaming costs {share['int8']:.2f} of whole windows in int8 and {share['float32']:.2f} in float32. "
            f"This machine multiplies int8 at {rates['1']['int8']:.0f} and float32 at "
            f"{rates['1']['float32']:.0f} GMAC/s one window at a time, {rates['8']['int8']:.0f} and "
            f"{rates['8']['float32']:.0f} eight at a time.",
            "",
            *cells.table(
                ["", "ms a hop", "of a core", "MMAC a hop", "limit, ms", "limit ÷ measured"],
                map(row, figures["costs"]),
            ),
            "",
            cells.bars(
                [
                    cells.Bar(
                        "streaming, of whole windows, int8",
                        share["int8"],
                        "≤",
                        figures["targets"]["streaming_share"],
                        "",
                        2,
                    )
                ]
            ),
            "",
            cells.when(figures),
        ]
    )
