"""`--print-config`: TOML that loads again, with the origin of each value."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kws_live.config import Config, HookSpec, KeywordConfig, effective, load, render
from kws_live.config.file import parse
from kws_live.config.load import Resolved, merge
from kws_live.config.schema import Setting, sections, settings_of

TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12
)
POINT: dict[str, Any] = {
    "gate": {"mode": 2, "onset_s": 0.06, "hangover_s": 0.6, "preroll_s": 0.3},
    "decoder": {"smoothing_s": 0.3, "hold_s": 0.4},
    "keywords": {
        "yes": {"threshold": 0.7, "release": 0.35, "refractory_s": 1.0},
        "no": {"threshold": 0.7, "release": 0.35, "refractory_s": 1.0},
    },
}


def values(setting: Setting) -> st.SearchStrategy[Any]:
    """Any valid value of a setting, None among them where the model may decide."""
    meta = setting.meta
    if setting.choices:
        found: st.SearchStrategy[Any] = st.sampled_from(setting.choices)
    elif setting.kind is bool:
        found = st.booleans()
    elif setting.kind is int:
        found = st.integers(int(meta.at_least or 0), int(meta.at_most or 0))
    elif setting.kind is float:
        low = meta.at_least if meta.above is None else meta.above
        high = meta.at_most if meta.below is None else meta.below
        found = st.floats(
            low, high, exclude_min=meta.above is not None, exclude_max=meta.below is not None
        )
    else:
        found = TEXT
    return st.none() | found if setting.default is None else found


def table(cls: type) -> st.SearchStrategy[Any]:
    """Any instance of a table of scalars, with its release below its threshold."""
    built = st.builds(cls, **{name: values(item) for name, item in settings_of(cls).items()})
    return built.filter(
        lambda it: (
            getattr(it, "release", None) is None
            or (it.threshold is not None and it.release < it.threshold)
        )
    )


ARGV = st.tuples(TEXT.filter(str.strip)) | st.lists(TEXT | st.just(""), min_size=1, max_size=3).map(
    lambda words: ("program", *words)
)
HOOKS = st.builds(HookSpec, keyword=TEXT, command=ARGV) | st.builds(
    HookSpec,
    keyword=st.just("*"),
    command=TEXT.filter(str.strip),
    shell=st.just(True),
    timeout_s=values(settings_of(HookSpec)["timeout_s"]),
    max_running=values(settings_of(HookSpec)["max_running"]),
)
CONFIGS = st.builds(
    Config,
    model=TEXT,
    keywords=st.dictionaries(TEXT, table(KeywordConfig), max_size=3),
    hooks=st.lists(HOOKS, max_size=3).map(tuple),
    **{name: table(cls) for name, cls in sections().items()},
)


class EveryOrigin(dict[str, str]):
    """Origins that name the same awkward file for every value."""

    def __missing__(self, key: str) -> str:
        return "/tmp/a\nb # [x]\x00.toml:1"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(CONFIGS)
def test_any_configuration_loads_again_as_it_was(config: Config) -> None:
    """What is printed is a file with the same configuration, whatever the values and origins."""
    text = render(Resolved(config, EveryOrigin()))

    assert merge([parse(text, "printed")]).config == config


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from(["yes", "no"]), table(KeywordConfig)))
def test_values_in_force_do_not_change_what_loads(keywords: dict[str, KeywordConfig]) -> None:
    """The model's values are shown as comments: saving the text pins none of them."""
    config = Config(keywords={**keywords, "no": KeywordConfig()})
    text = render(Resolved(config, EveryOrigin()), effective(config, POINT))

    assert merge([parse(text, "printed")]).config == config


def test_each_value_is_printed_with_its_origin(tmp_path: Path) -> None:
    """Every line names the file and line, variable or flag it is from, or the default."""
    path = tmp_path / "c.toml"
    path.write_text(
        'schema = 1\n[keywords.no]\nenabled = false\n[[hook]]\nkeyword = "yes"\n'
        'command = "beep -f 2"\n'
    )
    resolved = load(path, {"KWS_LIVE_GATE_MODE": "1"}, {"decoder.threshold": 0.5})

    text = render(resolved, effective(resolved.config, POINT)).replace(str(path), "FILE")

    assert [" ".join(line.split()) for line in text.splitlines() if line] == [
        "schema = 1",
        'model = "default" # default',
        "[audio]",
        'device = "default" # default',
        "block_ms = 100 # default",
        "[gate]",
        "enabled = true # default",
        "mode = 1 # KWS_LIVE_GATE_MODE",
        "#onset_s = 0.06 # model default",
        "#hangover_s = 0.6 # model default",
        "#preroll_s = 0.3 # model default",
        "[decoder]",
        "threshold = 0.5 # --threshold",
        "#smoothing_s = 0.3 # model default",
        "#release = # model default of each keyword",
        "#refractory_s = # model default of each keyword",
        "#hold_s = 0.4 # model default",
        "[display]",
        'enabled = "auto" # default',
        "refresh_hz = 10 # default",
        "[events]",
        "stats_interval_s = 10.0 # default",
        "[clips]",
        'directory = "" # default',
        "max_mb = 200 # default",
        "max_age_days = 30.0 # default",
        "preroll_s = 1.0 # default",
        "[keywords.no]",
        "enabled = false # FILE:3",
        "#[keywords.yes]",
        "#threshold = 0.5 # decoder.threshold, --threshold",
        "#release = 0.25 # model default",
        "#refractory_s = 1.0 # model default",
        "[[hook]]",
        'keyword = "yes" # FILE:5',
        'command = ["beep", "-f", "2"] # FILE:6',
        "shell = false # default",
        "timeout_s = 10.0 # default",
        "max_running = 4 # default",
    ]


@pytest.mark.parametrize("name", ["a b", 'quo"te', "tab\t", "ünï", "del\x7f", "a.b"])
def test_keywords_with_odd_names_load_again(name: str) -> None:
    """A keyword's name may be anything, also what TOML has to quote."""
    config = Config(keywords={name: KeywordConfig(threshold=0.5)})

    assert (
        merge([parse(render(Resolved(config, EveryOrigin())), "printed")]).config.keywords
        == config.keywords
    )
