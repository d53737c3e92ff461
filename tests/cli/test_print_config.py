"""`--print-config` and `--check-config`: what is in force, where it came from, and whether it is right."""

import tomllib
from pathlib import Path

import pytest
from support import daemon


def printed(*arguments: str | Path, **settings: str) -> str:
    """Return what `--print-config` prints."""
    result = daemon.run("--print-config", *arguments, settings=settings)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stderr == b""
    return result.stdout.decode()


def line_of(text: str, key: str) -> str:
    """Return the one line that sets `key`."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{key} =")]
    return line


def test_it_loads_again_to_the_same(tmp_path: Path) -> None:
    """Saved and given as --config it sets the same values, and prints them again."""
    first = printed("--threshold", "0.8", "--keyword", "stop", "--hook", "*=echo 'a b' \"c\"")
    saved = tmp_path / "saved.toml"
    saved.write_text(first)
    assert tomllib.loads(printed("--config", saved)) == tomllib.loads(first)


def test_saving_the_defaults_pins_nothing_of_the_model(tmp_path: Path) -> None:
    """What the model decides is a comment, so that a better model can decide otherwise."""
    text = printed()
    assert "#[keywords.stop]" in text
    assert "keywords" not in tomllib.loads(text)
    assert "threshold" not in tomllib.loads(text)["decoder"]


def test_each_value_tells_where_it_came_from(tmp_path: Path) -> None:
    """The file with its line, a flag, or a default."""
    file = tmp_path / "config.toml"
    file.write_text("schema = 1\n[audio]\nblock_ms = 20\n")
    text = printed("--config", file, "--threshold", "0.8")
    assert line_of(text, "block_ms").endswith(f"# {file}:3")
    assert line_of(text, "threshold").endswith("# --threshold")
    assert line_of(text, "refresh_hz").endswith("# default")


def test_the_environment_is_named_by_its_variable() -> None:
    """As the user wrote it."""
    line = line_of(printed(KWS_LIVE_AUDIO_BLOCK_MS="40"), "block_ms")
    assert line.startswith("block_ms = 40")
    assert line.endswith("# KWS_LIVE_AUDIO_BLOCK_MS")


def test_flags_come_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    """Defaults < file < environment < flags."""
    file = tmp_path / "config.toml"
    file.write_text('schema = 1\n[audio]\ndevice = "file"\n[gate]\nmode = 1\n')
    variables = {"KWS_LIVE_AUDIO_DEVICE": "environment", "KWS_LIVE_GATE_MODE": "3"}
    text = printed("--config", file, "--device", "flag", **variables)
    assert line_of(text, "device").startswith('device = "flag"')
    assert line_of(text, "mode").startswith("mode = 3")


def test_a_hook_for_any_keyword_is_shown_as_one() -> None:
    """`*` stays `*`, its command split into words."""
    (hook,) = tomllib.loads(printed("--hook", "*=echo 'a b'"))["hook"]
    assert hook["keyword"] == "*"
    assert hook["command"] == ["echo", "a b"]


def test_check_config_says_what_is_in_order() -> None:
    """The model, and how many keywords and hooks."""
    result = daemon.run("--check-config", "--hook", "stop=true")
    assert result.returncode == 0
    assert result.stdout.startswith(b"ok: model 'default'")
    assert b"10 keywords, 1 hooks" in result.stdout


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('[audio]\ndevise = "x"', "Did you mean 'device'?"),
        ("[keywords.stopp]\nthreshold = 0.5", "Did you mean 'stop'?"),
        ('[[hook]]\nkeyword = "stop"\ncommand = "no-such-program"', "no-such-program"),
        ("[decoder]\nthreshold = 2", "at most 1"),
    ],
)
def test_check_config_finds_what_is_wrong(tmp_path: Path, line: str, says: str) -> None:
    """Unknown keys and keywords, missing programs and values out of range, with file and line."""
    file = tmp_path / "config.toml"
    file.write_text(f"schema = 1\n{line}\n")
    daemon.fails(daemon.CONFIG, "--check-config", "--config", file, says=(f"{file}:", says))


def test_a_wrong_variable_is_a_wrong_configuration() -> None:
    """Misspelt ones are told, not ignored."""
    daemon.fails(
        daemon.CONFIG,
        "--check-config",
        says=("KWS_LIVE_GATE_MOD.", "Did you mean 'KWS_LIVE_GATE_MODE'?"),
        settings={"KWS_LIVE_GATE_MOD": "3"},
    )


def test_a_missing_configuration_file_is_told() -> None:
    """When it was asked for; the user's own may be missing."""
    daemon.fails(daemon.CONFIG, "--config", "/no/such.toml", says=("/no/such.toml", "--config"))
