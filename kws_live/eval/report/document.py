"""The result as JSON: docs/evaluation.md describes each field."""

from dataclasses import asdict
from typing import Any

from kws_live import __version__
from kws_live.eval.counts import Count, Counts
from kws_live.eval.match import LATEST_S
from kws_live.eval.report.measured import ALL, Measured, rows

SCHEMA = 1


def document(measured: Measured) -> dict[str, Any]:
    """Return everything that was measured, as values that JSON knows."""
    evaluation = measured.evaluation
    return {
        "schema": SCHEMA,
        "kind": "stream",
        "kws_live": __version__,
        "model": asdict(measured.model),
        "settings": settings_of(measured),
        "duration_s": measured.duration_s,
        "gate_open_s": measured.open_s,
        "point": counts_of(evaluation.counts),
        "latency_s": {
            name: None if (found := measured.latency(name)) is None else asdict(found)
            for name, _ in rows(evaluation.counts)
        },
        "sweep": [
            {"threshold": point.threshold, **counts_of(point.counts)} for point in measured.sweep
        ],
        "confusion": [
            {"said": said, "detected": detected, "count": count}
            for (said, detected), count in evaluation.confusion.items()
        ],
        "embedded": [
            {"word": word, "keyword": keyword, "count": count}
            for word, keyword, count in measured.embedded()
        ],
        "recordings": [
            {
                "path": str(stored.path),
                "duration_s": stored.duration_s,
                "gate_open_s": stored.open_s,
                "outcomes": [asdict(one) for one in found],
            }
            for (stored, _), found in zip(evaluation.recordings, measured.outcomes, strict=True)
        ],
    }


def settings_of(measured: Measured) -> dict[str, Any]:
    """Return what gate, decoder and matching ran with."""
    settings = measured.settings
    return {
        "gate": asdict(settings.gate),
        "decoder": asdict(settings.decoder),
        "changed": list(settings.changed),
        "latest_s": LATEST_S,
    }


def counts_of(counts: Counts) -> dict[str, Any]:
    """Return the counts and rates of each keyword by name, and those of all."""
    return {
        "keywords": {name: _count(count) for name, count in rows(counts) if name != ALL},
        "all": _count(counts),
    }


def _count(count: Count | Counts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "words": count.words,
        "misses": count.misses,
        "frr": count.frr,
        "frr_ci95": count.frr_ci95,
        "false_accepts": count.false_accepts,
        "fa_per_hour": count.fa_per_hour,
        "fa_per_hour_ci95": count.fa_per_hour_ci95,
        "duplicates": count.duplicates,
        "ignored": count.ignored,
    }
    if isinstance(count, Count):
        found["negative_h"] = count.negative_h
    return found
