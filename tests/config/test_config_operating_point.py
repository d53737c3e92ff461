"""What gate and decoder run with."""

from typing import Any

import pytest

from kws_live.config import (
    Config,
    DecoderConfig,
    GateConfig,
    GateSettings,
    KeywordConfig,
    KeywordSettings,
    effective,
)
from kws_live.errors import ConfigError

POINT: dict[str, Any] = {
    "gate": {"mode": 2, "onset_s": 0.06, "hangover_s": 0.6, "preroll_s": 0.3},
    "decoder": {"smoothing_s": 0.3, "hold_s": 0.4},
    "keywords": {
        "yes": {"threshold": 0.8, "release": 0.4, "refractory_s": 1.0},
        "no": {"threshold": 0.5, "release": 0.3, "refractory_s": 2.0},
    },
}


def test_the_default_configuration_is_the_operating_point() -> None:
    """With nothing configured the model's values are used exactly, and nothing is changed."""
    settings = effective(Config(), POINT)

    assert settings.gate == GateSettings(True, 2, 0.06, 0.6, 0.3)
    assert (settings.decoder.smoothing_s, settings.decoder.hold_s) == (0.3, 0.4)
    assert settings.decoder.keywords == {
        "yes": KeywordSettings(0.8, 0.4, 1.0),
        "no": KeywordSettings(0.5, 0.3, 2.0),
    }
    assert settings.changed == ()


def test_a_keywords_own_value_comes_before_that_for_all() -> None:
    """[keywords.NAME] comes before [decoder], which comes before the model."""
    config = Config(
        decoder=DecoderConfig(threshold=0.6, refractory_s=0.5),
        keywords={"yes": KeywordConfig(threshold=0.7)},
    )

    settings = effective(config, POINT)

    assert settings.decoder.keywords["yes"].threshold == 0.7
    assert settings.decoder.keywords["yes"].refractory_s == 0.5
    assert settings.decoder.keywords["no"].threshold == 0.6


def test_the_release_is_scaled_with_a_threshold_that_comes_alone() -> None:
    """A threshold without a release keeps the model's ratio of the two."""
    settings = effective(Config(decoder=DecoderConfig(threshold=0.4)), POINT)

    assert settings.decoder.keywords["yes"].release == pytest.approx(0.2)
    assert settings.decoder.keywords["no"].release == pytest.approx(0.24)


def test_a_release_of_the_users_is_kept() -> None:
    """A release that was set is used as it is."""
    config = Config(decoder=DecoderConfig(threshold=0.4, release=0.1))

    assert effective(config, POINT).decoder.keywords["no"] == KeywordSettings(0.4, 0.1, 2.0)


def test_changed_settings_are_named_by_the_keys_that_changed_them() -> None:
    """Each key with another value than the operating point's is named once."""
    config = Config(
        gate=GateConfig(enabled=False, mode=3, onset_s=0.06),
        decoder=DecoderConfig(threshold=0.6, hold_s=0.1),
        keywords={"yes": KeywordConfig(refractory_s=9.0)},
    )

    assert effective(config, POINT).changed == (
        "gate.enabled",
        "gate.mode",
        "decoder.hold_s",
        "decoder.threshold",
        "keywords.yes.refractory_s",
    )


def test_a_value_equal_to_the_models_is_no_change() -> None:
    """Setting what the model has anyway leaves its figures standing."""
    config = Config(
        gate=GateConfig(mode=2), keywords={"yes": KeywordConfig(threshold=0.8, release=0.4)}
    )

    assert effective(config, POINT).changed == ()


def test_disabled_keywords_are_left_out() -> None:
    """A disabled keyword isn't decoded, nor does its own threshold count as a change."""
    config = Config(keywords={"no": KeywordConfig(enabled=False, threshold=0.1)})

    settings = effective(config, POINT)

    assert list(settings.decoder.keywords) == ["yes"]
    assert settings.changed == ()


def test_something_has_to_be_enabled() -> None:
    """A configuration in which nothing could be detected is refused."""
    off = KeywordConfig(enabled=False)

    with pytest.raises(ConfigError, match=r"no keyword is enabled.*at least one of: yes, no"):
        effective(Config(keywords={"yes": off, "no": off}), POINT)


def test_a_release_has_to_be_below_the_models_threshold() -> None:
    """A release alone is checked against the threshold in force."""
    with pytest.raises(ConfigError, match=r"release of keyword 'no' is 0.6 .*threshold, 0.5"):
        effective(Config(decoder=DecoderConfig(release=0.6)), POINT)
