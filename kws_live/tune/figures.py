"""What is told of a tuning: as JSON for programs, as `measured` of a model, as a comment in a configuration."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kws_live.config import GateSettings
from kws_live.eval.counts import Count, Counts
from kws_live.eval.predict import CONFIDENCE, Prediction
from kws_live.tune.report import figure, rate, span
from kws_live.tune.tuning import Tuning

JsonObject = dict[str, Any]


def as_json(tuning: Tuning) -> JsonObject:
    """Return all that the report tells, units in the names."""
    target, choice, check = tuning.target, tuning.choice, tuning.check
    return {
        "target": {
            "fa_per_hour": target.fa_per_hour,
            "of": "all keywords together" if target.total else "each keyword",
            "supported": choice.supported,
            "hours_needed": round(target.needed_h, 3),
            "exceeding": list(choice.exceeding),
        },
        "confidence": CONFIDENCE,
        "background_hours": round(tuning.hours, 4),
        "heard_hours": round(tuning.heard_h, 4),
        "smoothing_s": {"old": tuning.before.smoothing_s, "new": tuning.after.smoothing_s},
        "misses_by_smoothing_s": {f"{s:g}": n for s, n in tuning.misses_by_smoothing.items()},
        "keywords": {keyword: _keyword(tuning, keyword) for keyword in tuning.after.keywords},
        "all": {**_expected(choice.prediction), **_missed(tuning.words)},
        "check": None
        if check is None
        else {
            "false_accepts": list(check.false_accepts),
            "expected": [list(limits) for limits in check.expected],
            "hours": round(check.hours, 4),
            "agrees": check.agrees,
        },
    }


def as_point(tuning: Tuning, gate: GateSettings, point: JsonObject, recordings: str) -> JsonObject:
    """Return the operating point for a model's `kws.json`, `measured` included.

    Args:
        tuning: what was found.
        gate: what it holds for.
        point: the model's operating point until now; keywords that aren't enabled keep theirs.
        recordings: what they were, for the model card.
    """
    expected = _expected(tuning.choice.prediction)
    enabled = tuning.after.keywords
    none = {"words": 0, "misses": 0, "false_accepts": 0, "negative_hours": 0.0}
    return {
        "gate": {
            "mode": gate.mode,
            "onset_s": gate.onset_s,
            "hangover_s": gate.hangover_s,
            "preroll_s": gate.preroll_s,
        },
        "decoder": {"smoothing_s": tuning.after.smoothing_s, "hold_s": tuning.after.hold_s},
        "keywords": {
            keyword: _settings(tuning, keyword) if keyword in enabled else dict(own)
            for keyword, own in point["keywords"].items()
        },
        "measured": {
            "data": recordings,
            "chosen_on": "the same recordings: false_accepts were counted there, fa_per_hour is what to "
            "expect of others like them",
            "intervals": "95 %, of counting and of choosing",
            "negative_hours": round(tuning.hours, 3),
            "false_accepts": sum(one.false_accepts for one in tuning.choice.keywords.values()),
            "fa_per_hour": expected["fa_per_hour"],
            "fa_per_hour_ci95": expected["fa_per_hour_ci95"],
            **_missed(tuning.words),
            "keywords": {
                keyword: {
                    "words": tuning.words.keywords[keyword].words,
                    "misses": tuning.words.keywords[keyword].misses,
                    "false_accepts": tuning.choice.keywords[keyword].false_accepts,
                    "negative_hours": round(tuning.choice.keywords[keyword].hours, 3),
                }
                if keyword in enabled
                else none
                for keyword in point["keywords"]
            },
        },
    }


def as_comment(tuning: Tuning, model: str, recordings: str, now: datetime) -> Sequence[str]:
    """Return the lines that tell in a configuration where its numbers are from."""
    target = tuning.target
    lines = [
        f"{now:%Y-%m-%d %H:%M}, model {model}, on {recordings}",
        f"asked for {rate(target.fa_per_hour)} of "
        + ("all keywords together" if target.total else "each keyword"),
    ]
    if not tuning.choice.supported:
        lines.append(
            f"which {span(tuning.hours)} can't show: it takes {span(target.needed_h)}; no threshold "
            "was lowered"
        )
    for keyword in tuning.keywords:
        prediction = tuning.choice.keywords[keyword].prediction
        lines.append(f"{keyword}: expect {_rate(prediction)}{_of_words(tuning, keyword)}")
    lines.append(f"all: expect {_rate(tuning.choice.prediction)}")
    return lines


def _keyword(tuning: Tuning, keyword: str) -> JsonObject:
    one, before = tuning.choice.keywords[keyword], tuning.before.keywords[keyword]
    event = one.stopped_by
    return {
        "tuned": keyword in tuning.keywords,
        "old": {
            "threshold": before.threshold,
            "release": before.release,
            "refractory_s": before.refractory_s,
        },
        "new": _settings(tuning, keyword),
        "false_accepts": one.false_accepts,
        "negative_hours": round(one.hours, 4),
        **_expected(one.prediction),
        **_missed(tuning.words.keywords[keyword]),
        "decided_by": None
        if event is None
        else {
            "recording": str(event.path),
            "time_s": round(event.time_s, 2),
            "score": round(event.score, 6),
        },
    }


def _settings(tuning: Tuning, keyword: str) -> JsonObject:
    own = tuning.after.keywords[keyword]
    return {
        "threshold": own.threshold,
        "release": own.release,
        "refractory_s": own.refractory_s,
    }


def _expected(prediction: Prediction) -> JsonObject:
    return {
        "fa_per_hour": round(prediction.per_hour, 4),
        "fa_per_hour_ci95": [round(limit, 4) for limit in prediction.per_hour_interval],
        "fa_per_hour_bound95": round(prediction.per_hour_bound, 4),
    }


def _missed(count: Count | Counts) -> JsonObject:
    told: JsonObject = {"words": count.words}
    if count.frr is not None and count.frr_ci95 is not None:
        told |= {
            "misses": count.misses,
            "frr": round(count.frr, 4),
            "frr_ci95": [round(limit, 4) for limit in count.frr_ci95],
        }
    return told


def _rate(prediction: Prediction) -> str:
    low, high = prediction.per_hour_interval
    at_most = "at most " if prediction.low < prediction.high else ""
    return (
        f"{at_most}{figure(prediction.per_hour)} false accepts per hour "
        f"(95 %: {figure(low)} to {figure(high)})"
    )


def _of_words(tuning: Tuning, keyword: str) -> str:
    count = tuning.words.keywords[keyword]
    return f", missed {count.misses} of {count.words}" if count.words else ""
