"""Where the configuration comes from, and which source wins."""

import subprocess
import sys
from pathlib import Path

import pytest

from kws_live.config import Config, HookSpec, KeywordConfig, load


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(
        tmp_path / "my.toml",
        """\
schema = 1
model = "from-file"

[gate]
mode = 1

[decoder]
threshold = 0.6

[keywords.stop]
threshold = 0.8
refractory_s = 2

[[hook]]
keyword = "stop"
command = "playerctl 'pause all'"

[[hook]]
keyword = "*"
command = "echo $KWS_KEYWORD | tee log"
shell = true
timeout_s = 3
""",
    )


def test_nothing_given_is_the_defaults() -> None:
    """Without a file, variables or flags the configuration is the dataclasses' defaults."""
    resolved = load(None, {}, {})

    assert resolved.config == Config()
    assert resolved.origins["audio.device"] == "default"
    assert resolved.origins["gate.mode"] == "model default"


def test_later_sources_win(file: Path) -> None:
    """Flags override variables, which override the file, which overrides defaults."""
    env = {"KWS_LIVE_MODEL": "from-env", "KWS_LIVE_GATE_MODE": "3"}

    resolved = load(file, env, {"model": "from-flag", "decoder.threshold": None})

    assert resolved.config.model == "from-flag"
    assert resolved.config.gate.mode == 3
    assert resolved.config.decoder.threshold == 0.6
    assert resolved.config.audio.device == "default"
    assert resolved.origins["model"] == "--model"
    assert resolved.origins["gate.mode"] == "KWS_LIVE_GATE_MODE"
    assert resolved.origins["decoder.threshold"] == f"{file}:8"


def test_a_keyword_has_values_of_its_own(file: Path) -> None:
    """Within the file a keyword's own threshold stands beside that for all, numbers as floats."""
    config = load(file, {}, {}).config

    assert config.decoder.threshold == 0.6
    assert config.keywords == {"stop": KeywordConfig(threshold=0.8, refractory_s=2.0)}
    assert type(config.keywords["stop"].refractory_s) is float


def test_a_later_value_for_all_keywords_replaces_earlier_ones_for_single_keywords(
    file: Path,
) -> None:
    """`--threshold` counts for all keywords, also for those with a threshold in the file."""
    resolved = load(file, {}, {"decoder.threshold": 0.5})

    assert resolved.config.decoder.threshold == 0.5
    assert resolved.config.keywords == {"stop": KeywordConfig(refractory_s=2.0)}
    assert resolved.origins["keywords.stop.threshold"] == "model default"


def test_hooks_are_argv_unless_a_shell_is_asked_for(file: Path) -> None:
    """A hook's string is split into words, and kept whole where a shell runs it."""
    pause, log = load(file, {}, {}).config.hooks

    assert pause == HookSpec("stop", ("playerctl", "pause all"))
    assert pause.argv == ("playerctl", "pause all")
    assert pause.text == "playerctl 'pause all'"
    assert log == HookSpec("*", "echo $KWS_KEYWORD | tee log", shell=True, timeout_s=3.0)
    assert log.argv == ("/bin/sh", "-c", "echo $KWS_KEYWORD | tee log")


def test_hooks_of_flags_follow_those_of_the_file(file: Path) -> None:
    """`--hook` adds to the file's hooks; the command may hold further equals signs."""
    resolved = load(file, {}, {"hook": ["go=env A=1 'b c'", "*=true"]})

    assert resolved.config.hooks[2:] == (
        HookSpec("go", ("env", "A=1", "b c")),
        HookSpec("*", ("true",)),
    )
    assert resolved.origins["hook[1].timeout_s"] == f"{file}:22"
    assert resolved.origins["hook[2].command"] == "--hook"


@pytest.mark.parametrize("folder", ["XDG_CONFIG_HOME", "HOME"])
def test_the_users_file_is_found(tmp_path: Path, folder: str) -> None:
    """The default file is in $XDG_CONFIG_HOME/kws-live, without it in ~/.config/kws-live."""
    base = tmp_path if folder == "XDG_CONFIG_HOME" else tmp_path / ".config"
    write(base / "kws-live" / "config.toml", 'schema = 1\nmodel = "mine"\n')

    assert load(None, {folder: str(tmp_path)}, {}).config.model == "mine"


@pytest.mark.parametrize("base", ["relative/folder", ""])
def test_a_relative_xdg_config_home_counts_as_unset(tmp_path: Path, base: str) -> None:
    """As the XDG specification has it, only an absolute XDG_CONFIG_HOME counts."""
    write(tmp_path / ".config/kws-live/config.toml", 'schema = 1\nmodel = "mine"\n')

    assert load(None, {"XDG_CONFIG_HOME": base, "HOME": str(tmp_path)}, {}).config.model == "mine"


def test_a_users_file_that_is_missing_is_no_error(tmp_path: Path) -> None:
    """No default file, or a home that isn't a folder, leaves the defaults."""
    assert load(None, {"HOME": str(tmp_path)}, {}).config == Config()
    assert load(None, {"HOME": "/dev/null"}, {}).config == Config()


def test_an_empty_variable_counts_as_unset() -> None:
    """An empty KWS_LIVE_ variable changes nothing."""
    assert load(None, {"KWS_LIVE_GATE_MODE": ""}, {}).config == Config()


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("FALSE", False), ("0", False)]
)
def test_variables_hold_switches(text: str, value: bool) -> None:
    """A switch in the environment is true, false, 1 or 0."""
    assert load(None, {"KWS_LIVE_GATE_ENABLED": text}, {}).config.gate.enabled is value


def test_a_flag_may_be_text() -> None:
    """A flag's value may be given as typed by the user."""
    assert load(None, {}, {"decoder.threshold": "0.25"}).config.decoder.threshold == 0.25


def test_a_key_without_a_flag_is_refused() -> None:
    """A program that passes a flag nobody defined has a mistake, which shows at once."""
    with pytest.raises(KeyError, match=r"gate\.mode"):
        load(None, {}, {"gate.mode": 2})


def test_loading_needs_no_heavy_module() -> None:
    """The configuration is read without numpy, rich or click: it is on the way to the first sound."""
    code = (
        "import sys; from kws_live.config import load, render; print(render(load(None, {}, {})));"
        "sys.exit(' '.join({'numpy', 'rich', 'click', 'onnxruntime'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
