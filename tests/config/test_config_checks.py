"""The configuration against the model's keywords and the programs on this machine."""

from pathlib import Path

import pytest

from kws_live.config import (
    FlagError,
    KeywordConfig,
    Resolved,
    check_hook_programs,
    check_keywords,
    load,
    select_keywords,
)
from kws_live.errors import ConfigError

KNOWN = ("yes", "no", "stop")


def from_file(folder: Path, body: str) -> Resolved:
    path = folder / "config.toml"
    path.write_text(f"schema = 1\n{body}")
    return load(path, {}, {})


def test_known_keywords_pass(tmp_path: Path) -> None:
    """Keywords of the model and `*` are accepted."""
    body = '[keywords.yes]\n[[hook]]\nkeyword = "*"\ncommand = "true"\n'

    check_keywords(from_file(tmp_path, body), KNOWN)


def test_an_unknown_keyword_in_the_file(tmp_path: Path) -> None:
    """A table of a keyword the model hasn't is told with its line and the nearest keyword."""
    with pytest.raises(ConfigError, match=r":2: \[keywords.stopp\].*Did you mean 'stop'\?.*no, st"):
        check_keywords(from_file(tmp_path, "[keywords.stopp]\n"), KNOWN)


def test_a_hook_for_an_unknown_keyword(tmp_path: Path) -> None:
    """A hook for a keyword the model hasn't is the mistake of the file or of the flag it is in."""
    with pytest.raises(ConfigError, match=r":3: hook 'true': the model has no keyword 'left'"):
        check_keywords(from_file(tmp_path, '[[hook]]\nkeyword = "left"\ncommand = "true"\n'), KNOWN)
    with pytest.raises(FlagError, match="--hook: hook 'true': the model has no keyword 'left'"):
        check_keywords(load(None, {}, {"hook": ["left=true"]}), KNOWN)


def test_selected_keywords_alone_are_enabled(tmp_path: Path) -> None:
    """`--keyword` enables the keywords named, whatever the file says, and disables all others."""
    resolved = from_file(tmp_path, "[keywords.yes]\nenabled = false\nthreshold = 0.9\n")

    selected = select_keywords(resolved, ["yes"], KNOWN)

    assert selected.config.keywords == {
        "yes": KeywordConfig(enabled=True, threshold=0.9),
        "no": KeywordConfig(enabled=False),
        "stop": KeywordConfig(enabled=False),
    }
    assert selected.origins["keywords.stop.enabled"] == "--keyword"
    assert select_keywords(resolved, [], KNOWN) == resolved


def test_selecting_an_unknown_keyword() -> None:
    """`--keyword` with a word the model hasn't is a FlagError."""
    with pytest.raises(FlagError, match=r"--keyword: .* no keyword 'yess'\. Did you mean 'yes'"):
        select_keywords(load(None, {}, {}), ["yess"], KNOWN)


def test_programs_that_exist_pass(tmp_path: Path) -> None:
    """A program on PATH, one by its path and anything for a shell are accepted."""
    script = tmp_path / "hook.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    body = '[[hook]]\nkeyword = "yes"\nshell = true\ncommand = "no-such-program"\n'
    path = tmp_path / "config.toml"
    path.write_text(f"schema = 1\n{body}")

    check_hook_programs(load(path, {}, {"hook": ["yes=sh -c true", f"yes={script}"]}))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("no-such-program -x", "no program 'no-such-program' on PATH. Install it, write its full"),
        ("{folder}", "is a folder. Give the path of a program."),
        ("{folder}/plain.txt", "isn't executable. Run: chmod \\+x .*/plain.txt"),
        ("{folder}/none", "there is no program '.*/none'. Correct the path"),
        ("~/no-such-program", "`~` means nothing without a shell. Write '/"),
    ],
)
def test_a_missing_program(tmp_path: Path, command: str, message: str) -> None:
    """A hook whose program can't be run is told at the start, with what to do."""
    (tmp_path / "plain.txt").touch(mode=0o644)

    with pytest.raises(FlagError, match=message):
        check_hook_programs(load(None, {}, {"hook": [f"yes={command.format(folder=tmp_path)}"]}))


def test_a_missing_program_in_the_file(tmp_path: Path) -> None:
    """A missing program in the file is a ConfigError with the command's line."""
    resolved = from_file(tmp_path, '[[hook]]\nkeyword = "yes"\ncommand = "no-such-program"\n')

    with pytest.raises(ConfigError, match=r"config.toml:4: hook for 'yes': there is no program"):
        check_hook_programs(resolved)
