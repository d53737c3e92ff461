"""What the command says about itself."""

import re
import subprocess

import pytest
from support import daemon

from kws_live import __version__
from kws_live.config.schema import scalar_settings

OPTIONS = (
    *("--device", "--input", "--realtime", "--model", "--keyword", "--threshold", "--hook"),
    *("--json", "--record", "--config", "--print-config", "--check-config", "--version"),
)


def test_help_lists_the_options_and_the_subcommands() -> None:
    """Everything that the command takes, on standard output."""
    result = daemon.run("--help")
    words = set(re.findall(r"[\w-]+", result.stdout.decode()))
    assert result.returncode == 0
    assert words >= {*OPTIONS, "devices", "completion"}
    assert result.stderr == b""


def test_help_shows_examples_and_exit_codes() -> None:
    """What a stranger types first, and what a script has to know."""
    text = daemon.run("--help").stdout.decode()
    assert "kws-live --device demo" in text
    for code in ("66", "69", "70", "74", "78"):
        assert re.search(rf"\b{code}\b", text)


def test_help_fits_a_terminal() -> None:
    """No line is longer than 80 columns."""
    lines = daemon.run("--help").stdout.decode().splitlines()
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("command", ["devices", "completion"])
def test_subcommands_have_help_of_their_own(command: str) -> None:
    """Without opening a device."""
    result = daemon.run(command, "--help")
    assert result.returncode == 0
    assert f"kws-live {command}".encode() in result.stdout


def test_the_version_is_that_of_the_package() -> None:
    """One line, for bug reports."""
    assert daemon.run("--version").stdout == f"kws-live, version {__version__}\n".encode()


def test_every_flag_of_a_setting_exists() -> None:
    """The configuration names flags in its messages: they are those of the command."""
    text = daemon.run("--help").stdout.decode()
    for setting in scalar_settings().values():
        assert setting.meta.flag is None or setting.meta.flag in text


def test_an_unknown_option_suggests_the_one_that_was_meant() -> None:
    """A slip of the finger is a wrong flag."""
    daemon.fails(daemon.USAGE, "--treshold", "0.5", says=("--treshold", "--threshold"))


def test_help_answers_at_once() -> None:
    """Neither numpy nor the model's runtime is loaded for it."""
    program = (
        "import sys, kws_live.cli as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: print(sorted({'numpy', 'onnxruntime', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    python = daemon.COMMAND.parent / "python"
    result = subprocess.run(
        [python, "-c", program], env=daemon.clean(), capture_output=True, check=True, timeout=30
    )
    assert result.stderr == b"[]\n"
