"""The HTML report: one file that needs no other, by a Jinja template and charts that matplotlib draws."""

import importlib.util
import sys
from typing import Any

import click

from kws_live import __version__
from kws_live.eval.match import LATEST_S
from kws_live.eval.report.charts import det_chart, histogram_chart
from kws_live.eval.report.figures import (
    LATENCY_HEADINGS,
    RATE_HEADINGS,
    between,
    bound_per_hour,
    latency_cells,
    rate_cells,
)
from kws_live.eval.report.measured import ALL, Measured, rows
from kws_live.eval.report.players import worst_errors
from kws_live.eval.report.template import render
from kws_live.eval.report.timeline import WIDTH, describe, timeline

_TEMPLATE = "report.html.j2"
_TIMELINES_SHOWN = 100


def check_installed() -> None:
    """Find out now, not after hours of work, that a page can't be made.

    Raises:
        UsageError: a library is missing; says how to install it.
    """
    for library in ("jinja2", "matplotlib"):
        if importlib.util.find_spec(library) is None:
            raise click.UsageError(
                f"--report needs {library}, which is not installed. Install it with: "
                f"{sys.executable} -m pip install 'kws-live[eval]'"
            )


def page(measured: Measured) -> str:
    """Return the report as HTML.

    Raises:
        InputError: a recording can't be read any more.
    """
    return render("kws_live.eval.report", _TEMPLATE, _content(measured))


def _content(measured: Measured) -> dict[str, Any]:
    evaluation, decoder = measured.evaluation, measured.settings.decoder
    counts = evaluation.counts
    kinds = ("hit", "miss", "duplicate", "false")
    return {
        "version": __version__,
        "model": measured.model,
        "settings": measured.settings,
        "latest_s": LATEST_S,
        "duration_s": measured.duration_s,
        "open_s": measured.open_s,
        "open_share": measured.open_s / measured.duration_s,
        "bound": bound_per_hour(measured),
        "counts": counts,
        "frr_ci95": between(counts.frr_ci95, "percent"),
        "fa_ci95": between(counts.fa_per_hour_ci95),
        "latency": measured.latency(ALL),
        "det": _svg(det_chart([one.counts for one in measured.sweep], counts, large=True)),
        "headings": (*RATE_HEADINGS, *LATENCY_HEADINGS),
        "table": [
            (
                "all" if name == ALL else name,
                (*rate_cells(measured, name), *latency_cells(measured, name)),
            )
            for name, _ in rows(counts)
        ],
        "keywords": [
            {
                "name": name,
                "threshold": decoder.keywords[name].threshold,
                "count": count,
                "det": _svg(
                    det_chart([one.counts.keywords[name] for one in measured.sweep], count)
                ),
                "histogram": _svg(
                    histogram_chart(
                        measured.word_scores[name],
                        measured.background_scores[name],
                        decoder.keywords[name].threshold,
                    )
                ),
            }
            for name, count in counts.keywords.items()
        ],
        "confusion": _confusion(measured),
        "embedded": measured.embedded(),
        "timeline_width": WIDTH,
        "timelines_left_out": max(0, len(evaluation.recordings) - _TIMELINES_SHOWN),
        "recordings": [
            {
                "path": str(stored.path),
                "duration_s": stored.duration_s,
                "open_share": stored.open_s / stored.duration_s,
                "counts": {kind: sum(one.kind == kind for one in found) for kind in kinds},
                "timeline": timeline(stored, found, measured.keywords)
                if number < _TIMELINES_SHOWN
                else None,
            }
            for number, ((stored, _), found) in enumerate(
                zip(evaluation.recordings, measured.outcomes, strict=True)
            )
        ],
        "listening": worst_errors(
            (stored.path, one)
            for (stored, _), found in zip(evaluation.recordings, measured.outcomes, strict=True)
            for one in found
        ),
        "describe": describe,
    }


def _confusion(measured: Measured) -> list[tuple[str, list[tuple[int, float]]]]:
    """Return rows (said, [(count, share of the row)]), a column for each keyword and one for nothing."""
    found = measured.evaluation.confusion
    columns = (*measured.keywords, None)
    table = []
    for said in (*measured.keywords, None):
        line = [found.get((said, detected), 0) for detected in columns]
        total = sum(line)
        table.append((said or "nothing", [(n, n / total if total else 0.0) for n in line]))
    return table


def _svg(drawn: str | None) -> Any:
    """Return a chart of ours, which is no text to escape."""
    from markupsafe import Markup  # noqa: PLC0415

    return None if drawn is None else Markup(drawn)
