"""What the stages of a chain must agree on."""

import re
from collections.abc import Sequence

from kws_live.errors import ConfigError, did_you_mean

from .chain import Chain, Goal, NetworkKind, Stage
from .words import problem_with_keywords

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def check_chain(chain: Chain) -> None:
    """Make sure that every value is in its range and that the stages fit together.

    Raises:
        ConfigError: A value is out of range; or a stage has no start or several, or names a
            network or stage that is not there, or comes later; or something is used by nothing;
            or the last stage is no Wav2Vec2.
    """
    if chain.seed < 0:
        raise ConfigError(f"seed = {chain.seed}: must be 0 or more")
    if problem := problem_with_keywords(chain.keywords):
        raise ConfigError(f"keywords: {problem}")
    chain.validation.check("[validation] ")
    names = [stage.name for stage in chain.stages]
    for i, stage in enumerate(chain.stages):
        if not _NAME.fullmatch(stage.name):
            raise ConfigError(
                f"[[stages]] name = {stage.name!r}: name each stage with letters, digits, _ and -"
            )
        if stage.name in names[:i]:
            raise ConfigError(f"[[stages]] name = {stage.name!r}: two stages have this name")
        _check_start(chain, stage)
        for key in ("starts_from", "taught_by"):
            for other in _mentioned(stage, key):
                _check_earlier(stage, key, other, names, i)
        _check_objective(stage, chain.stages[:i])
        _check_settings(stage)
    _check_all_used(chain)
    if chain.last.kind != NetworkKind.WAV2VEC2:
        raise ConfigError(
            f"stage {chain.last.name!r} is the last one, whose model is exported: its network "
            f"must be of kind {NetworkKind.WAV2VEC2}, not {chain.last.kind}"
        )
    if chain.last.learns != Goal.WORDS:
        raise ConfigError(
            f"stage {chain.last.name!r} is the last one, whose model is exported: it must learn "
            f"{Goal.WORDS}, not {chain.last.learns}"
        )


def _check_start(chain: Chain, stage: Stage) -> None:
    starts = [k for k in ("network", "starts_from", "pretrained") if getattr(stage, k) is not None]
    if len(starts) != 1:
        found = f"it has {' and '.join(starts)}" if starts else "it has none of them"
        raise ConfigError(
            f"stage {stage.name!r}: give one of network, starts_from and pretrained; {found}"
        )
    if stage.network is not None and stage.network not in chain.networks:
        hint = did_you_mean(stage.network, chain.networks)
        raise ConfigError(
            f"stage {stage.name!r} network = {stage.network!r}: there is no table "
            f"[networks.{stage.network}].{hint}"
        )


def _check_earlier(stage: Stage, key: str, other: str, names: list[str], place: int) -> None:
    if other in names[:place]:
        return
    where = f"stage {stage.name!r} {key}: {other!r}"
    if other == stage.name:
        raise ConfigError(f"{where} is the stage itself; name an earlier one")
    if other in names:
        raise ConfigError(f"{where} comes later; a stage can build on earlier ones only")
    raise ConfigError(f"{where} is no stage.{did_you_mean(other, names)}")


def _check_objective(stage: Stage, earlier: Sequence[Stage]) -> None:
    where = f"stage {stage.name!r} "
    for other in earlier:
        if other.name in stage.taught_by and other.learns != Goal.WORDS:
            raise ConfigError(
                f"{where}taught_by: {other.name!r} learns {other.learns} and knows no words"
            )
    if stage.learns == Goal.WORDS:
        return
    if stage.kind != NetworkKind.WAV2VEC2:
        raise ConfigError(
            f"{where}learns = '{stage.learns}': only a network of kind {NetworkKind.WAV2VEC2} has "
            f"to; this one is {stage.kind}"
        )
    if stage.taught_by:
        raise ConfigError(
            f"{where}learns = '{stage.learns}': no teacher knows that; leave taught_by"
        )
    for key in ("feature_encoder_frozen_epochs", "head_only_epochs"):
        if getattr(stage.training, key):
            raise ConfigError(
                f"{where}[training] {key} = {getattr(stage.training, key)}: nothing but the "
                f"convolutions learns {stage.learns}"
            )


def _check_settings(stage: Stage) -> None:
    where = f"stage {stage.name!r} "
    for key in ("training", "mix", "augment", "distillation"):
        getattr(stage, key).check(f"{where}[{key}] ")
    if len(set(stage.taught_by)) != len(stage.taught_by):
        raise ConfigError(f"{where}taught_by = {list(stage.taught_by)}: name each teacher once")
    if stage.kind != NetworkKind.WAV2VEC2:
        for key in ("feature_encoder_frozen_epochs", "head_only_epochs"):
            if getattr(stage.training, key):
                raise ConfigError(
                    f"{where}[training] {key} = {getattr(stage.training, key)}: only networks of "
                    f"kind {NetworkKind.WAV2VEC2} can be held back so; this one is {stage.kind}"
                )


def _check_all_used(chain: Chain) -> None:
    for stage in chain.stages[:-1]:
        if not any(
            stage.name in _mentioned(other, key)
            for other in chain.stages
            for key in ("starts_from", "taught_by")
        ):
            raise ConfigError(
                f"stage {stage.name!r} would be trained for nothing: no later stage names it in "
                "starts_from or taught_by"
            )
    used = {stage.network for stage in chain.stages}
    for name in chain.networks:
        if name not in used:
            raise ConfigError(f"[networks.{name}]: no stage has network = {name!r}")


def _mentioned(stage: Stage, key: str) -> tuple[str, ...]:
    value = getattr(stage, key)
    return (value,) if isinstance(value, str) else tuple(value or ())
