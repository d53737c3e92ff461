"""What gate and decoder run with: the configuration over a model's operating point."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kws_live.config.settings import Config, KeywordConfig
from kws_live.errors import ConfigError


@dataclass(frozen=True, slots=True)
class GateSettings:
    """As `GateConfig`, complete."""

    enabled: bool
    mode: int
    onset_s: float
    hangover_s: float
    preroll_s: float


@dataclass(frozen=True, slots=True)
class KeywordSettings:
    """As `KeywordConfig`, complete; `release` is below `threshold`."""

    threshold: float
    release: float
    refractory_s: float


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """As `DecoderConfig`, complete, with the enabled keywords (≥ 1) in the model's order."""

    smoothing_s: float
    hold_s: float
    keywords: Mapping[str, KeywordSettings]


@dataclass(frozen=True, slots=True)
class EffectiveSettings:
    """What gate and decoder run with.

    Attributes:
        gate: the gate's settings.
        decoder: the decoder's settings.
        changed: keys of the configuration ("decoder.threshold", "gate.mode") whose value isn't the
            operating point's, so that its false accepts per hour and false-reject rate no longer
            hold.
    """

    gate: GateSettings
    decoder: DecoderSettings
    changed: tuple[str, ...]


def effective(config: Config, operating_point: Mapping[str, Any]) -> EffectiveSettings:
    """Return the configuration with the operating point's values where it has none of its own.

    A keyword with a threshold but no release of the user's gets the operating point's release
    scaled by the same factor.

    Args:
        config: the configuration.
        operating_point: an entry of `operating_points` in a model's `kws.json`, complete.

    Raises:
        ConfigError: a release isn't below its threshold, or no keyword is enabled.
    """
    changed: dict[str, None] = {}

    def pick(name: str, tables: Mapping[str, object], point: Any, fallback: Any = None) -> Any:
        """Return the first table's value that isn't None, else `fallback`, else `point`."""
        for table, settings in tables.items():
            value = getattr(settings, name)
            if value is not None:
                if value != point:
                    changed[f"{table}.{name}"] = None
                return value
        return point if fallback is None else fallback

    def pick_keyword(keyword: str, point: Mapping[str, float]) -> KeywordSettings:
        tables = {
            f"keywords.{keyword}": config.keywords.get(keyword, KeywordConfig()),
            "decoder": config.decoder,
        }
        threshold = pick("threshold", tables, point["threshold"])
        factor = threshold / point["threshold"]
        return KeywordSettings(
            threshold=threshold,
            release=pick("release", tables, point["release"], point["release"] * factor),
            refractory_s=pick("refractory_s", tables, point["refractory_s"]),
        )

    gate_point = operating_point["gate"]
    gate = GateSettings(
        enabled=pick("enabled", {"gate": config.gate}, True),
        mode=pick("mode", {"gate": config.gate}, gate_point["mode"]),
        onset_s=pick("onset_s", {"gate": config.gate}, gate_point["onset_s"]),
        hangover_s=pick("hangover_s", {"gate": config.gate}, gate_point["hangover_s"]),
        preroll_s=pick("preroll_s", {"gate": config.gate}, gate_point["preroll_s"]),
    )
    decoder_point = operating_point["decoder"]
    decoder = DecoderSettings(
        smoothing_s=pick("smoothing_s", {"decoder": config.decoder}, decoder_point["smoothing_s"]),
        hold_s=pick("hold_s", {"decoder": config.decoder}, decoder_point["hold_s"]),
        keywords={
            keyword: pick_keyword(keyword, point)
            for keyword, point in operating_point["keywords"].items()
            if keyword not in config.keywords or config.keywords[keyword].enabled
        },
    )
    _check(decoder, operating_point)
    return EffectiveSettings(gate, decoder, tuple(changed))


def _check(decoder: DecoderSettings, operating_point: Mapping[str, Any]) -> None:
    if not decoder.keywords:
        raise ConfigError(
            "no keyword is enabled, so nothing could be detected. Remove `enabled = false` from at "
            f"least one of: {', '.join(operating_point['keywords'])}."
        )
    for name, keyword in decoder.keywords.items():
        if keyword.release >= keyword.threshold:
            raise ConfigError(
                f"the release of keyword {name!r} is {keyword.release:g} and must be below its "
                f"threshold, {keyword.threshold:g}. Lower the release, or leave it out to have the "
                f"model's."
            )
