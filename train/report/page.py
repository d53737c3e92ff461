"""The page of a run: everything in one file, its mistakes to listen to."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from kws_live import __version__
from kws_live.eval.calibration import Reliability
from kws_live.eval.intervals import binomial_interval
from kws_live.eval.report.drawing import svg
from kws_live.eval.report.figures import between, percent
from kws_live.eval.report.template import render

from . import curves, det, mistakes, reliability
from .judged import Judged

_TEMPLATE = "run.html.j2"
_OUTLINE_HEIGHT = 24


def page(
    name: str,
    judged: Judged,
    history: Sequence[curves.Epoch],
    provenance: Mapping[str, str],
) -> str:
    """Return the report of a run as HTML that needs no other file, fetches nothing and runs no script.

    Args:
        name: What the run is called.
        judged: Its validation windows, and what the model makes of them.
        history: Its epochs, at least one.
        provenance: What it was made from and with, as the page is to show it: a text for each name.
    """
    from markupsafe import Markup  # noqa: PLC0415 - of jinja2

    def chart(draw: Callable[..., None], size: tuple[float, float], *content: Any) -> Any:
        return Markup(svg(partial(draw, *content), size))

    found = Reliability.of(judged.posteriors, judged.windows.labels)
    dets = det.det_curves(judged)
    wrong = mistakes.mistakes_of(judged)
    hits, windows = int(judged.right.sum()), len(judged.windows)
    rows = _rows(judged, {d.keyword: d.equal_error_rate for d in dets})
    return render(
        __package__,
        _TEMPLATE,
        {
            "name": name,
            "version": __version__,
            "windows": windows,
            "accuracy": hits / windows,
            "accuracy_ci95": between(binomial_interval(hits, windows), "percent"),
            "mistakes": len(wrong),
            "ece": found.ece,
            "weakest": min((r for r in rows if r["n"]), key=lambda r: r["recall"]),
            "kept": curves.kept_epoch(history),
            "epochs": history[-1].epoch,
            "loss": chart(curves.draw_loss, curves.PANEL_INCHES, history),
            "accuracy_chart": chart(curves.draw_accuracy, curves.PANEL_INCHES, history),
            "rows": rows,
            "labels": judged.labels,
            "confusion": _shares(judged),
            "dets": [
                {"curve": d, "chart": chart(det.draw_det, det.PANEL_INCHES, d, dets)} for d in dets
            ],
            "reliability": chart(reliability.draw_reliability, reliability.SIZE_INCHES, found),
            "worst": [
                {
                    "mistake": m,
                    "flac": mistakes.sound_of(m.clip),
                    "outline": mistakes.outline_path(m.clip, _OUTLINE_HEIGHT),
                }
                for m in wrong[: mistakes.SHOWN]
            ],
            "outline_height": _OUTLINE_HEIGHT,
            "provenance": provenance,
        },
    )


def _rows(judged: Judged, equal_error_rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return a row of figures for each class; None stands for what no window tells."""
    rows = []
    for number, label in enumerate(judged.labels):
        hits = int(judged.confusion[number, number])
        said, heard = (int(judged.confusion.sum(axis=a)[number]) for a in (1, 0))
        error = equal_error_rates.get(label)
        rows.append(
            {
                "label": label,
                "n": said,
                "recall": hits / said if said else None,
                "recall_ci95": between(binomial_interval(hits, said) if said else None, "percent"),
                "precision": percent(hits / heard if heard else None),
                "equal_error_rate": percent(error),
            }
        )
    return rows


def _shares(judged: Judged) -> list[tuple[str, list[tuple[int, float]]]]:
    """Return the confusion matrix as rows (said, [(count, share of the row)])."""
    table = []
    for label, row in zip(judged.labels, judged.confusion.tolist(), strict=True):
        whole = sum(row)
        table.append((label, [(n, n / whole if whole else 0.0) for n in row]))
    return table
