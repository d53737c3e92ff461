"""Shell completion: the scripts of three shells, and Tab in one of them."""

import shutil

import pytest
from support import daemon

# What a Tab does: bash fills in the words and calls the function that was registered.
TAB = """
eval "$(kws-live completion bash)"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
registered=$(complete -p kws-live)
[[ $registered =~ -F\\ ([^ ]+) ]]
"${BASH_REMATCH[1]}" kws-live
printf '%s\\n' "${COMPREPLY[@]}"
"""


def tab(*words: str) -> list[str]:
    """Return what bash offers for the last of these words."""
    result = daemon.run_in_bash(TAB, *words)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stderr == b""
    return result.stdout.decode().split()


def test_bash_completes_options() -> None:
    """The beginning of one is enough."""
    assert tab("kws-live", "--thr") == ["--threshold"]


def test_bash_completes_subcommands() -> None:
    """Alone they are few."""
    assert set(tab("kws-live", "")) >= {"completion", "devices"}


def test_bash_completes_a_subcommands_own_words() -> None:
    """The shells that there is a script for."""
    assert tab("kws-live", "completion", "") == ["bash", "zsh", "fish"]


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "-F _kws_live_completion kws-live"),
        ("zsh", "compdef _kws_live_completion kws-live"),
        ("fish", "complete --no-files --command kws-live"),
    ],
)
def test_each_script_registers_the_command(shell: str, registers: str) -> None:
    """As its shell wants it."""
    result = daemon.run("completion", shell)
    assert result.returncode == 0
    assert registers in result.stdout.decode()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_script_is_one_that_its_shell_can_read(shell: str) -> None:
    """Without executing it."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    result = daemon.run_in_bash('"$1" -n <(kws-live completion "$1")', shell)
    assert result.returncode == 0, result.stderr.decode()


def test_another_shell_is_a_wrong_argument() -> None:
    """Those that there are, are listed."""
    daemon.fails(daemon.USAGE, "completion", "tcsh", says=("'tcsh'", "bash", "zsh", "fish"))
