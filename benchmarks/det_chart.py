"""The DET curves of `benchmarks.detection` in one chart, drawn from its newest result.

python -m benchmarks.det_chart
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, newest

CHART = ROOT / "docs" / "images" / "detection.svg"
COLOURS = {"kws-live": "#0b5fa5", "pocketsphinx": "#b3540a"}
MARKERS = {"kws-live": "o", "pocketsphinx": "s"}
RANGE_FA_PER_HOUR = (0.1, 1000.0)


def main() -> None:
    """Draw the newest result again.

    Raises:
        SystemExit: there is none.
    """
    figures = newest("detection")
    if figures is None:
        raise SystemExit("There is no result to draw; run python -m benchmarks.detection first.")
    draw(figures)
    print(CHART)


def draw(figures: Mapping[str, Any], path: Path = CHART) -> None:
    """Write both curves, with 95 % intervals at the bars, as an SVG on white.

    The same figures give the same file, byte for byte.

    Args:
        figures: what `benchmarks.detection` published.
        path: where to write.
    """
    import matplotlib  # noqa: PLC0415 - of the extra [bench]
    from matplotlib.figure import Figure  # noqa: PLC0415

    with matplotlib.rc_context({"svg.hashsalt": "kws-live", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for name, curve in figures["curves"].items():
            colour = COLOURS[name]
            rates, misses = _steps(curve)
            missed = [100 * count / figures["words"] for count in misses]
            axes.step(rates, missed, where="post", color=colour, linewidth=1.8, label=name)
            _intervals(axes, figures["bars"], name, colour)
        axes.set_xscale("log")
        axes.set_xlim(RANGE_FA_PER_HOUR)
        axes.set_ylim(0, 100)
        axes.set_xlabel(f"false accepts per hour, all {len(figures['keywords'])} words together")
        axes.set_ylabel("words missed, %")
        axes.set_title(
            f"{figures['words']} words in {figures['hours']:.1f} hours, one threshold for all words",
            fontsize=10,
        )
        axes.xaxis.set_major_formatter("{x:g}")
        axes.grid(which="major", color="#d9d9d9", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower left")
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None}, facecolor="white")


def _steps(curve: Mapping[str, list[float]]) -> tuple[list[float], list[float]]:
    """Return the least misses that are had at each rate of false accepts, from the lowest rate on."""
    pairs = sorted(zip(curve["fa_per_hour"], curve["misses"], strict=True))
    rates: list[float] = []
    misses: list[float] = []
    for rate, missed in pairs:
        if not misses or missed < misses[-1]:
            rates.append(max(rate, RANGE_FA_PER_HOUR[0]))
            misses.append(missed)
    return [*rates, RANGE_FA_PER_HOUR[1]], [*misses, misses[-1]]


def _intervals(axes: Any, bars: list[Mapping[str, Any]], name: str, colour: str) -> None:
    for bar in bars:
        point = bar["one_threshold"][name]
        if point is None:
            continue
        low, high = point["frr_ci95"]
        axes.errorbar(
            bar["fa_per_hour"],
            100 * point["frr"],
            yerr=[[100 * (point["frr"] - low)], [100 * (high - point["frr"])]],
            color=colour,
            marker=MARKERS[name],
            markersize=5,
            capsize=3,
            linewidth=1.2,
        )


if __name__ == "__main__":
    main()
