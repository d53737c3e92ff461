"""The result on clips: on the terminal, as JSON and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from kws_live import __version__
from kws_live.config import EffectiveSettings
from kws_live.eval.clip_counts import ClipCounts, Share, detected, heard_as
from kws_live.eval.match import LATEST_S
from kws_live.eval.report.csv_cells import path_cell, text_cell
from kws_live.eval.report.document import SCHEMA
from kws_live.eval.report.figures import between, percent
from kws_live.eval.report.measured import ALL, Model
from kws_live.eval.report.terminal import print_lines, print_table
from kws_live.types import SAMPLE_RATE_HZ, UNKNOWN_LABEL

_WORDS_SHOWN = 10
_CONFUSIONS_SHOWN = 8
CSV_COLUMNS = (
    "path",
    "word",
    "duration_s",
    "heard_as",
    "detected",
    "decided_s",
    "score",
    "guess",
    "posterior",
)


def clips_table(
    counts: ClipCounts, model: Model, settings: EffectiveSettings, console: Console
) -> str:
    """Return misses, false accepts and the model's own accuracy by word.

    Args:
        counts: what was counted.
        model: the model that was run.
        settings: what gate and decoder ran with.
        console: the terminal to fit it to; nothing is written to it.
    """
    with console.capture() as capture:
        _print(counts, model, settings, console)
    return capture.get()


def _print(counts: ClipCounts, model: Model, settings: EffectiveSettings, console: Console) -> None:
    changed = f", changed: {', '.join(settings.changed)}" if settings.changed else ""
    print_lines(
        console, [f"{len(counts.runs)} clips; model {model.name} ({model.runtime}){changed}", ""]
    )
    lines = [
        (name, *_cells(counts.missed[name]), *_false(counts, name), *_right(counts.right[name]))
        for name in counts.keywords
    ]
    lines += [
        (name, "–", "–", "–", "–", "–", *_right(share))
        for name, share in counts.right.items()
        if name not in counts.keywords
    ]
    total = _sum_false(counts)
    lines.append((ALL, *_cells(counts.all_missed), total, *_right(counts.all_right)))
    print_table(
        console,
        ("keyword", "clips", "missed", "FRR", "95 %", "false", "model right", "95 %", "of"),
        lines,
    )
    print_lines(
        console,
        [
            "Missed and false: through gate, smoothing and threshold, each clip as a stream of its own; "
            "false: clips of other words in which the keyword was detected. Model right: the most "
            "likely label on one window is the clip's own, by the model alone, without threshold and "
            f"without its settings for running speech; {UNKNOWN_LABEL} are the clips of all other words.",
        ],
    )
    worst = [(word, share) for word, share in counts.false_by_word.items() if share.part]
    if worst:
        shown = ", ".join(f"{w} {s.part} of {s.whole}" for w, s in worst[:_WORDS_SHOWN])
        print_lines(console, [f"False accepts by the word that was said: {shown}."])
    confused = sorted(
        (
            (n, said, heard)
            for (said, heard), n in counts.confusion.items()
            if heard not in (None, said)
        ),
        key=lambda one: (-one[0], one[1]),
    )
    if confused:
        shown = ", ".join(f"{s} → {h} {n}×" for n, s, h in confused[:_CONFUSIONS_SHOWN])
        print_lines(console, [f"Taken for a keyword: {shown}."])


def _cells(share: Share) -> tuple[str, ...]:
    return (
        str(share.whole),
        str(share.part),
        percent(share.value),
        between(share.ci95, "percent"),
    )


def _false(counts: ClipCounts, name: str) -> tuple[str]:
    return (str(counts.false[name].part),)


def _sum_false(counts: ClipCounts) -> str:
    return str(sum(share.part for share in counts.false.values()))


def _right(share: Share) -> tuple[str, ...]:
    return (percent(share.value), between(share.ci95, "percent"), str(share.whole))


def clips_document(counts: ClipCounts, model: Model, settings: EffectiveSettings) -> dict[str, Any]:
    """Return everything that was measured, as values that JSON knows: docs/evaluation.md describes each field."""
    return {
        "schema": SCHEMA,
        "kind": "clips",
        "kws_live": __version__,
        "model": asdict(model),
        "settings": {
            "gate": asdict(settings.gate),
            "decoder": asdict(settings.decoder),
            "changed": list(settings.changed),
            "latest_s": LATEST_S,
        },
        "keywords": {
            name: {"missed": _share(counts.missed[name]), "false": _share(counts.false[name])}
            for name in counts.keywords
        },
        "all": {"missed": _share(counts.all_missed)},
        "false_by_word": [
            {"word": word, **_share(share)} for word, share in counts.false_by_word.items()
        ],
        "confusion": [
            {"said": said, "detected": heard, "count": n}
            for (said, heard), n in counts.confusion.items()
        ],
        "model_right": {
            "all": _share(counts.all_right),
            "classes": {name: _share(share) for name, share in counts.right.items()},
        },
        "clips": [
            {
                "path": str(run.path),
                "word": run.word,
                "duration_s": run.duration_s,
                "heard_as": heard_as(run),
                "detections": [
                    {
                        "keyword": one.keyword,
                        "decided_s": one.decided_sample / SAMPLE_RATE_HZ,
                        "score": one.score,
                    }
                    for one in run.detections
                ],
                "guess": run.guess,
                "posterior": run.posterior,
            }
            for run in counts.runs
        ],
    }


def _share(share: Share) -> dict[str, Any]:
    return {"count": share.part, "of": share.whole, "share": share.value, "ci95": share.ci95}


def clips_csv(counts: ClipCounts) -> str:
    """Return a row for each clip, with a header; of several detections the fields hold all, between spaces."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for run in counts.runs:
        writer.writerow(
            (
                path_cell(run.path),
                text_cell(run.word),
                run.duration_s,
                text_cell(heard_as(run) or ""),
                text_cell(" ".join(detected(run))),
                _joined([one.decided_sample / SAMPLE_RATE_HZ for one in run.detections]),
                _joined([one.score for one in run.detections]),
                text_cell(run.guess),
                run.posterior,
            )
        )
    return text.getvalue()


def _joined(values: Sequence[float]) -> str:
    return " ".join(f"{value:.6g}" for value in values)
