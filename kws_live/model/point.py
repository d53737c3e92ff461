"""The operating point that a model is shipped with, as `kws.json` describes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from kws_live.config.schema import settings_of
from kws_live.config.settings import DecoderConfig, GateConfig, KeywordConfig
from kws_live.model.fields import Fields

_GATE = ("mode", "onset_s", "hangover_s", "preroll_s")
_DECODER = ("smoothing_s", "hold_s")
_KEYWORD = ("threshold", "release", "refractory_s")


def read_operating_point(document: Fields, keywords: Sequence[str]) -> Mapping[str, Any]:
    """Return the gate, decoder and keyword settings of `kws.json` that are to be used, in its layout.

    Args:
        document: all of it.
        keywords: those of the labels; each must have its settings.

    Raises:
        ModelError: one is missing, or is none that a configuration file could have.
    """
    point = document.table("operating_points").table(document.text("operating_point"))
    settings = point.table("keywords")
    if settings.fields() != set(keywords):
        odd = ", ".join(sorted(settings.fields() ^ set(keywords)))
        raise point.complaint("keywords", f"does not match labels: {odd}")
    return {
        "gate": _checked(point.table("gate"), GateConfig, _GATE),
        "decoder": _checked(point.table("decoder"), DecoderConfig, _DECODER),
        "keywords": {
            label: _checked(settings.table(label), KeywordConfig, _KEYWORD) for label in keywords
        },
    }


def _checked(fields: Fields, table: type, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Check values by the rules of the configuration's own settings."""
    checked = {}
    for name in names:
        try:
            checked[name] = settings_of(table)[name].check(fields.get(name))
        except ValueError as error:
            raise fields.complaint(name, str(error)) from error
    if checked.get("release", 0.0) >= checked.get("threshold", 1.0):
        raise fields.complaint("release", "must be below its threshold")
    return checked
