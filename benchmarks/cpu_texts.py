"""What stands in the generated section on the cost of listening."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import cells
from benchmarks.common import newest
from benchmarks.cpu_chart import CHART

_CONDITIONS = {
    "silence": "in a quiet room",
    "mix": "with one tenth speech",
    "speech": "in continuous speech",
}
_OURS = "kws-live"


def cpu(folder: Path) -> str:
    """Return kws-live beside what one would run instead, with the chart of all."""
    figures = newest("cpu")
    if figures is None:
        return cells.not_yet("cpu")
    systems = figures["systems"]
    return "\n".join(
        [
            f"CPU, in percent of one core, {figures['seconds']:g} seconds of each in real time "
            f"({'recordings of people' if figures['speech'] else 'the words of the bundled demo'}); in the "
            "last column, how often a second it wakes up:",
            "",
            *cells.table(
                ["", *_CONDITIONS.values(), "wake-ups"],
                (
                    [
                        _system(name, figures),
                        *(f"{row[condition]['percent']:.2f} %" for condition in _CONDITIONS),
                        " / ".join(f"{row[each]['wake_ups_hz']:.0f}" for each in _CONDITIONS),
                    ]
                    for name, row in systems.items()
                ),
            ),
            "",
            *_cheaper(systems),
            *_troubles(figures["troubles"]),
            _bars(figures),
            "",
            "The first row holds everything, the recording from the sound server included; pocketsphinx "
            "and the wake words are handed their audio and record nothing, which favours them. Without "
            "capture, kws-live is its main process in the same run, handed its audio as they are; with whole "
            "windows it runs the same model uncut. pocketsphinx searches all it hears, or, behind its "
            f"Endpointer, what it takes for speech. The wake word is "
            f"“{figures['wake_word'].replace('_', ' ')}”. The gate of kws-live was open "
            + ", ".join(
                f"{100 * figures['gate_open_share'][condition]:.0f} % of the time {where}"
                for condition, where in _CONDITIONS.items()
            )
            + ".",
            "",
            f"![CPU of kws-live and of others, three kinds of sound]({os.path.relpath(CHART, folder)})",
            "",
            cells.when(figures),
        ]
    )


def _troubles(troubles: Sequence[str]) -> list[str]:
    """Return what kept a system from doing all its work, and so makes it look cheaper; mostly nothing."""
    return [f"**Not all was listened to:** {'; '.join(troubles)}.", ""] if troubles else []


def _bars(figures: Mapping[str, Any]) -> str:
    """Return what was asked of kws-live: in percent of a core, and beside pocketsphinx in both its forms."""
    systems, targets = figures["systems"], figures["targets"]
    ours = systems[_OURS]
    alone = [
        cells.Bar(where, ours[condition]["percent"], "≤", targets["percent"][condition], " %", 2)
        for condition, where in _CONDITIONS.items()
        if condition in targets["percent"]
    ]
    beside = [
        cells.Bar(
            f"with one tenth speech, ÷ {name}",
            ours["mix"]["percent"] / row["mix"]["percent"],
            "≤",
            targets["mix_of_pocketsphinx"],
            "",
            2,
        )
        for name, row in systems.items()
        if name.startswith("pocketsphinx")
    ]
    return cells.bars([*alone, *beside])


def _system(name: str, figures: Mapping[str, Any]) -> str:
    """Return a system's name with the version of its package and how many words it listens for."""
    package, _, form = name.partition(", ")
    version = figures["versions"].get(package)
    words = figures["systems"][name]["words"]
    return " ".join(
        filter(
            None,
            (
                package,
                version,
                form and f"– {form}",
                "(one word)" if words == 1 else f"({words} words)",
            ),
        )
    )


def _cheaper(systems: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence on who takes less than kws-live and where; nothing if nobody does."""
    found = []
    for name, row in systems.items():
        where = [
            said
            for condition, said in _CONDITIONS.items()
            if row[condition]["percent"] < systems[_OURS][condition]["percent"]
        ]
        if where and not name.startswith(_OURS):
            found.append(f"{name} ({', '.join(where)})")
    return [f"Cheaper than kws-live: {'; '.join(found)}.", ""] if found else []
