"""The result on the terminal."""

from collections.abc import Sequence

from rich.console import Console

from kws_live.eval.evaluation import SweepPoint
from kws_live.eval.report.figures import (
    LATENCY_HEADINGS,
    RATE_HEADINGS,
    between,
    bound_per_hour,
    hours,
    latency_cells,
    percent,
    rate,
    rate_cells,
)
from kws_live.eval.report.measured import Measured, rows
from kws_live.eval.report.terminal import print_lines, print_table

_WIDE_COLUMNS = 108
"""From this width on, latencies stand beside the rates, else in a table of their own."""
_CONFUSIONS_SHOWN = 6
_TARGETS_PER_HOUR = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def table(measured: Measured, console: Console) -> str:
    """Return what was measured: rates and latencies per keyword, what went wrong, and other thresholds.

    Args:
        measured: what to tell.
        console: the terminal to fit it to; nothing is written to it.
    """
    # Not printed by rich, which makes an end of its own of a pipe that was closed.
    with console.capture() as capture:
        _print(measured, console)
    return capture.get()


def _print(measured: Measured, console: Console) -> None:
    print_lines(console, _summary(measured))
    wide = console.width >= _WIDE_COLUMNS
    names = [name for name, _ in rows(measured.evaluation.counts)]
    if wide:
        print_table(
            console,
            ("keyword", *RATE_HEADINGS, *LATENCY_HEADINGS),
            [(n, *rate_cells(measured, n), *latency_cells(measured, n)) for n in names],
        )
    else:
        print_table(
            console, ("keyword", *RATE_HEADINGS), [(n, *rate_cells(measured, n)) for n in names]
        )
        print_table(
            console,
            ("keyword", *LATENCY_HEADINGS),
            [(n, *latency_cells(measured, n)) for n in names],
        )
    print_lines(console, _notes(measured))
    _print_sweep(measured.sweep, console)


def _summary(measured: Measured) -> list[str]:
    counts, settings = measured.evaluation.counts, measured.settings
    recordings = len(measured.evaluation.recordings)
    changed = f", changed: {', '.join(settings.changed)}" if settings.changed else ""
    return [
        f"{hours(measured.duration_s)} in {recordings} recording{'s' * (recordings != 1)}, "
        f"{counts.words} words; model {measured.model.name} ({measured.model.runtime}){changed}",
        "",
    ]


def _notes(measured: Measured) -> list[str]:
    counts = measured.evaluation.counts
    keywords = counts.keywords.values()
    gate = f"The gate let {percent(measured.open_s / measured.duration_s, 0)} of the audio through."
    bound = bound_per_hour(measured)
    if bound is not None:
        gate += (
            " A keyword without any false accept here has fewer than "
            f"{rate(bound)} an hour (95 %, one-sided)."
        )
    lines = [
        "FRR: share of the words that were missed. FA/h: false accepts an hour; that of all is the "
        "sum of the keywords'. again: detections of a word that was detected already. p50, p95, p99: "
        "ms of audio from the end of the word to the decision, without what the machine adds.",
        gate,
    ]
    if counts.words == 0:
        lines.append("None of the keywords is labelled: no share of misses can be measured here.")
    if any(count.negative_h <= 0 for count in keywords):
        lines.append("A keyword that may be said all the time has no FA/h, and so all have none.")
    if counts.ignored:
        lines.append(f"{counts.ignored} detections where the word may have been said don't count.")
    if embedded := measured.embedded()[:_CONFUSIONS_SHOWN]:
        shown = ", ".join(f"{word} → {keyword} {n}×" for word, keyword, n in embedded)
        lines.append(f"False accepts in words that contain the keyword: {shown}.")
    if taken := _substitutions(measured)[:_CONFUSIONS_SHOWN]:
        lines.append(f"Taken for another keyword: {', '.join(taken)}.")
    return [*lines, ""]


def _substitutions(measured: Measured) -> list[str]:
    return [
        f"{said} → {detected} {count}×"
        for said, detected, count in measured.confusions()
        if said is not None and detected is not None
    ]


def sweep_at_targets(sweep: Sequence[SweepPoint]) -> list[SweepPoint]:
    """Return for some rates of false accepts the lowest threshold that keeps to each, lowest rate first."""
    found: dict[float, SweepPoint] = {}
    for target in _TARGETS_PER_HOUR:
        for point in sorted(sweep, key=lambda one: one.threshold):
            fa_per_hour = point.counts.fa_per_hour
            if fa_per_hour is not None and fa_per_hour <= target:
                found.setdefault(point.threshold, point)
                break
    return list(found.values())


def _print_sweep(sweep: Sequence[SweepPoint], console: Console) -> None:
    points = sweep_at_targets(sweep)
    if not points or points[0].counts.frr is None:
        return
    print_lines(console, ["With one threshold for all keywords:"])
    print_table(
        console,
        ("threshold", "FA/h", "95 %", "FRR", "95 %"),
        [
            (
                f"{point.threshold:.4f}",
                rate(point.counts.fa_per_hour),
                between(point.counts.fa_per_hour_ci95),
                percent(point.counts.frr),
                between(point.counts.frr_ci95, "percent"),
            )
            for point in points
        ],
    )
