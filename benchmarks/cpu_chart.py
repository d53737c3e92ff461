"""What `benchmarks.cpu` measured in one chart, drawn from its newest result.

python -m benchmarks.cpu_chart
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, newest

CHART = ROOT / "docs" / "images" / "cpu.png"
OURS, OTHERS = "#0b5fa5", "#b3540a"
_TITLES = {"silence": "quiet room", "mix": "one tenth speech", "speech": "continuous speech"}
_ROOM = 1.22
"""Length of an axis for a longest bar of 1: its figure stands beside it."""


def main() -> None:
    """Draw the newest result again.

    Raises:
        SystemExit: there is none.
    """
    figures = newest("cpu")
    if figures is None:
        raise SystemExit("There is no result to draw; run python -m benchmarks.cpu first.")
    draw(figures)
    print(CHART)


def draw(figures: Mapping[str, Any], path: Path = CHART) -> None:
    """Write a bar for each system in each condition, as a PNG on white.

    Args:
        figures: what `benchmarks.cpu` published.
        path: where to write.
    """
    import matplotlib  # noqa: PLC0415 - of the extra [bench]
    from matplotlib.figure import Figure  # noqa: PLC0415

    systems = figures["systems"]
    names = list(systems)
    colours = [OURS if name.startswith("kws-live") else OTHERS for name in names]
    longest = max(row[condition]["percent"] for row in systems.values() for condition in _TITLES)
    with matplotlib.rc_context({"font.size": 10}):
        figure = Figure(figsize=(9.0, 0.38 * len(names) + 1.3), layout="constrained")
        panels = figure.subplots(1, len(_TITLES), sharex=True, sharey=True)
        for axes, (condition, title) in zip(panels, _TITLES.items(), strict=True):
            percents = [systems[name][condition]["percent"] for name in names]
            bars = axes.barh(range(len(names)), percents, height=0.66, color=colours)
            axes.bar_label(bars, [f"{percent:.1f}" for percent in percents], padding=3)
            axes.set_title(title, fontsize=10)
            axes.set_xlim(0, _ROOM * longest)
            axes.grid(axis="x", color="#d9d9d9", linewidth=0.8)
            axes.set_axisbelow(True)
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        panels[0].set_yticks(range(len(names)), [_label(name, systems[name]) for name in names])
        panels[0].invert_yaxis()
        figure.supxlabel("CPU, % of one core (less is better)", fontsize=10)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=160, metadata={"Software": None}, facecolor="white")


def _label(name: str, row: Mapping[str, Any]) -> str:
    return f"{name} (one word)" if row["words"] == 1 else name


if __name__ == "__main__":
    main()
