"""What stands in the generated sections on training."""

from pathlib import Path

from benchmarks import cells
from benchmarks.common import newest


def loader(folder: Path) -> str:
    """Return how fast examples are made, beside how fast they are trained on, and what the index takes."""
    figures = newest("loader", "stage")
    if figures is None:
        return cells.not_yet("loader")
    made, wet, trained = (
        figures[key] for key in ("made_per_s", "made_in_rooms_per_s", "trained_per_s")
    )
    rooms, teachers = figures["room_share"], figures["taught_by"]
    large = figures["index"][-1]
    return "\n".join(
        [
            f"Recipe `{figures['recipe']}`, stage `{figures['stage']}`"
            + (f", taught by {' and '.join(f'`{name}`' for name in teachers)}" if teachers else "")
            + f", batches of {figures['batch_size']}, {', '.join(figures['data'])}:",
            "",
            *cells.table(
                ["examples", "a second", "ms each"],
                [
                    [
                        f"made on one core, {100 * rooms:g} % in rooms",
                        f"{made:.0f}",
                        f"{1000 / made:.2f}",
                    ],
                    ["made on one core, all in rooms", f"{wet:.0f}", f"{1000 / wet:.2f}"],
                    [
                        f"trained on, {figures['threads']} cores",
                        f"{trained:.0f}",
                        f"{1000 / trained:.2f}",
                    ],
                ],
            ),
            "",
            "Memory of a process that makes examples, beyond its programs: "
            + ", ".join(
                f"{i['anonymous_mb']:.1f} MB with {i['clips']:,} clips" for i in figures["index"]
            )
            + f". That is {figures['index_kb_per_clip']:.1f} kB a clip for the index, of "
            f"{large['audio_kb_per_clip']:.0f} kB of audio.",
            "",
            cells.bars(
                [
                    cells.Bar(
                        "made on one core, ÷ trained on",
                        made / trained,
                        "≥",
                        figures["targets"]["ratio"],
                        "",
                        1,
                    )
                ]
            ),
            "",
            cells.when(figures),
        ]
    )
