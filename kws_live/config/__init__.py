"""Configuration: defaults < file < `KWS_LIVE_*` environment < flags, each value with its origin."""

from kws_live.config.checks import check_hook_programs, check_keywords, select_keywords
from kws_live.config.file import default_path
from kws_live.config.layers import FlagError
from kws_live.config.load import Resolved, load
from kws_live.config.operating_point import (
    DecoderSettings,
    EffectiveSettings,
    GateSettings,
    KeywordSettings,
    effective,
)
from kws_live.config.render import render
from kws_live.config.settings import (
    ANY_KEYWORD,
    SCHEMA,
    AudioConfig,
    ClipsConfig,
    Config,
    DecoderConfig,
    DisplayConfig,
    EventsConfig,
    GateConfig,
    HookSpec,
    KeywordConfig,
)

__all__ = [
    "ANY_KEYWORD",
    "SCHEMA",
    "AudioConfig",
    "ClipsConfig",
    "Config",
    "DecoderConfig",
    "DecoderSettings",
    "DisplayConfig",
    "EffectiveSettings",
    "EventsConfig",
    "FlagError",
    "GateConfig",
    "GateSettings",
    "HookSpec",
    "KeywordConfig",
    "KeywordSettings",
    "Resolved",
    "check_hook_programs",
    "check_keywords",
    "default_path",
    "effective",
    "load",
    "render",
    "select_keywords",
]
