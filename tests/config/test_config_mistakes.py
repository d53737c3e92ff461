"""What kws-live says about a wrong file, variable or flag."""

from pathlib import Path

import pytest

from kws_live.config import FlagError, load
from kws_live.errors import ConfigError


def problem(path: Path, text: str) -> str:
    """Return the message about a file with this text, without the file's name."""
    path = path / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, {}, {})
    assert caught.value.exit_code == 78
    return str(caught.value).replace(f"{path}", "FILE")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[gate]\nmode = 4", "FILE:3: gate.mode must be a whole number from 0 to 3, not 4."),
        ("[gate]\nmode = 2.0", "FILE:3: gate.mode must be a whole number from 0 to 3, not 2.0."),
        ("[gate]\nmode = true", "FILE:3: gate.mode must be a whole number from 0 to 3, not true."),
        ("[gate]\nenabled = 1", "FILE:3: gate.enabled must be true or false, not 1."),
        (
            "[decoder]\nthreshold = 0",
            "FILE:3: decoder.threshold must be a number above 0 and at most 1, not 0.",
        ),
        (
            "[decoder]\nthreshold = nan",
            "FILE:3: decoder.threshold must be a number above 0 and at most 1, not nan.",
        ),
        (
            '[decoder]\nthreshold = "0.7"',
            "FILE:3: decoder.threshold must be a number above 0 and at most 1, not '0.7'.",
        ),
        (
            "decoder.refractory_s = -0.1",
            "FILE:2: decoder.refractory_s must be a number from 0 to 3600, not -0.1.",
        ),
        (
            "[events]\nstats_interval_s = 1e400",
            "FILE:3: events.stats_interval_s must be a number from 0.1 to 86400, not inf.",
        ),
        (
            '[display]\nenabled = "yes"',
            'FILE:3: display.enabled must be "auto" or "on" or "off", not \'yes\'.',
        ),
        ('model = ""', "FILE:2: model must not be empty."),
        ('model = "a\\u0000"', "FILE:2: model must be text (UTF-8, without NUL), not 'a\\x00'."),
        ("decoder = 3", "FILE:2: decoder must be a table, not 3."),
        (
            "[decoder]\ntreshold = 0.5",
            "FILE:3: unknown key 'treshold' in [decoder]. Did you mean 'threshold'?",
        ),
        ("[decodr]\nx = 1", "FILE:2: unknown key 'decodr'. Did you mean 'decoder'?"),
        ("hold_s = 1.0", "FILE:2: unknown key 'hold_s'. It belongs in [decoder]."),
        (
            "zzz = 1",
            "FILE:2: unknown key 'zzz'. Known keys: schema, model, audio, gate, decoder, display, "
            "events, clips, keywords, hook.",
        ),
        (
            "[keywords.stop]\nrefractory = 1.0",
            "FILE:3: unknown key 'refractory' in [keywords.stop]. Did you mean 'refractory_s'?",
        ),
        (
            '[keywords."hey you"]\nthreshold = 2',
            "FILE:3: keywords.hey you.threshold must be a number above 0 and at most 1, not 2.",
        ),
        (
            "[keywords]\nthreshold = 0.5",
            "FILE:3: [keywords] has no key 'threshold'; set it for one keyword in [keywords.NAME] "
            "or for all in [decoder].",
        ),
        ("keywords = 3", "FILE:2: keywords must be tables such as [keywords.stop]."),
        ('[keywords.""]', "FILE:2: the keyword's name must not be empty."),
        (
            '[hook]\nkeyword = "stop"',
            "FILE:2: a hook must be a table [[hook]], with double brackets.",
        ),
        ('[[hook]]\nkeyword = "stop"', "FILE:2: [[hook]] has no `command`. Add one."),
        (
            '[[hook]]\nkeyword = "stop"\ncommand = []',
            "FILE:4: hook[0].command must name a program, but it is empty.",
        ),
        (
            '[[hook]]\nkeyword = "stop"\ncommand = "\'\'"',
            "FILE:4: hook[0].command: the command must name a program, but it is empty.",
        ),
        (
            '[[hook]]\nkeyword = "stop"\ncommand = ["a", 1]',
            "FILE:4: hook[0].command must be a list of strings or a string, not ['a', 1].",
        ),
        (
            '[[hook]]\nkeyword = "stop"\ncommand = "it\'s"',
            "FILE:4: hook[0].command: the command can't be split (no closing quotation).",
        ),
        (
            '[[hook]]\nkeyword = "stop"\ncommand = "a"\n'
            '[[hook]]\nkeyword = "stop"\nshell = true\ncommand = ["a"]',
            "FILE:8: hook[1].command: the command must be a string where shell = true, not a list.",
        ),
        (
            '[[hook]]\nkeyword = "stop"\ncommand = "a"\ntimeout_s = 0',
            "FILE:5: hook[0].timeout_s must be a number above 0 and at most 86400, not 0.",
        ),
        (
            "[decoder]\nthreshold = 0.5\nrelease = 0.5",
            "decoder.release is 0.5 (FILE:4) and must be below decoder.threshold, which is 0.5 "
            "(FILE:3). Lower the release, or leave it out to have the model's scaled.",
        ),
        (
            "[decoder]\nrelease = 0.4\n[keywords.go]\nthreshold = 0.3",
            "decoder.release is 0.4 (FILE:3) and must be below keywords.go.threshold, which is 0.3 "
            "(FILE:5). Lower the release, or leave it out to have the model's scaled.",
        ),
    ],
)
def test_a_wrong_file(tmp_path: Path, body: str, message: str) -> None:
    """A mistake in the file is told with its line, key, value and what would be right."""
    assert problem(tmp_path, f"schema = 1\n{body}\n") == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "FILE: it doesn't say its format. Make `schema = 1` its first line."),
        (
            "schema = 2\nnew = true",
            "FILE:1: schema 2 is newer than this kws-live, which knows 1. Update kws-live.",
        ),
        ('schema = "1"', "FILE:1: schema must be 1, not '1'."),
        ("schema = 1\n[gate", "FILE isn't valid TOML: "),
    ],
)
def test_a_file_of_another_format(tmp_path: Path, text: str, message: str) -> None:
    """A file without a schema, of another schema or that isn't TOML is refused."""
    assert problem(tmp_path, text).startswith(message)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Each mistake of a file is a line of one message."""
    text = 'schema = 1\nmodle = "x"\n[gate]\nmode = 9\n[[hook]]\n'

    assert [line.split(":")[1] for line in problem(tmp_path, text).splitlines()] == [
        "2",
        "4",
        "5",
        "5",
    ]


def test_lines_are_told_for_keys_in_inline_tables(tmp_path: Path) -> None:
    """A key inside an inline table has the line of the table."""
    text = "schema = 1\n\ngate = { mode = 7 }\n"

    assert problem(tmp_path, text).startswith("FILE:3: gate.mode must be")


def test_a_named_file_has_to_exist(tmp_path: Path) -> None:
    """`--config` with a file that isn't there is an error, unlike a missing default file."""
    with pytest.raises(ConfigError, match=r"there is no configuration file .*none\.toml"):
        load(tmp_path / "none.toml", {}, {})


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder in place of the file, or a file that isn't text, is told as such."""
    with pytest.raises(ConfigError, match=r"can't read the configuration file .*: Is a dir"):
        load(tmp_path, {}, {})
    (tmp_path / "latin1.toml").write_bytes(b'schema = 1\nmodel = "\xe4"\n')
    with pytest.raises(ConfigError, match=r"isn't UTF-8 text \(byte 20\)"):
        load(tmp_path / "latin1.toml", {}, {})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("KWS_LIVE_GATE_MODE", "loud", "must be a whole number from 0 to 3, not 'loud'. Change"),
        ("KWS_LIVE_GATE_MODE", "4", "must be a whole number from 0 to 3, not 4. Change"),
        ("KWS_LIVE_GATE_ENABLED", "maybe", "must be true or false, not 'maybe'. Change"),
        ("KWS_LIVE_MODEL", "a\udcff", "must be text (UTF-8, without NUL), not 'a\\udcff'. Change"),
    ],
)
def test_a_wrong_variable(name: str, value: str, message: str) -> None:
    """A mistake in the environment names the variable, the value and what would be right."""
    with pytest.raises(ConfigError) as caught:
        load(None, {name: value}, {})

    assert f"environment variable {name} {message}" in str(caught.value)


def test_an_unknown_variable() -> None:
    """An unknown KWS_LIVE_ variable is an error that names the nearest one."""
    with pytest.raises(ConfigError, match="Did you mean 'KWS_LIVE_AUDIO_DEVICE'"):
        load(None, {"KWS_LIVE_DEVICE": "usb"}, {})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "decoder.threshold",
            1.5,
            "--threshold must be a number above 0 and at most 1, not 1.5.",
        ),
        ("audio.device", "", "--device must not be empty."),
        ("hook", ["stop"], "--hook 'stop': must be 'KEYWORD=COMMAND' or '*=COMMAND'."),
        ("hook", ["=ls"], "--hook '=ls': must be 'KEYWORD=COMMAND' or '*=COMMAND'."),
        ("hook", ["stop="], "--hook 'stop=': must name a program, but it is empty."),
        ("hook", ["a='"], "--hook \"a='\": the command can't be split (no closing quotation)."),
    ],
)
def test_a_wrong_flag(key: str, value: object, message: str) -> None:
    """A mistake in a flag is a FlagError, which the command line turns into a usage error."""
    with pytest.raises(FlagError) as caught:
        load(None, {}, {key: value})

    assert str(caught.value) == message


def test_a_flag_that_contradicts_the_file_is_the_flags_mistake(tmp_path: Path) -> None:
    """A threshold given as a flag that isn't above the file's release is a FlagError."""
    path = tmp_path / "config.toml"
    path.write_text("schema = 1\n[decoder]\nthreshold = 0.8\nrelease = 0.5\n")

    with pytest.raises(FlagError, match=r"decoder.release is 0.5 \(.*:4\).*\(--threshold\)"):
        load(path, {}, {"decoder.threshold": 0.4})
