"""Flags that contradict each other or mean nothing: exit code 2 and what to do instead."""

import pytest
from support import daemon


def test_a_file_and_a_device_exclude_each_other() -> None:
    """There is one stream."""
    daemon.fails(
        daemon.USAGE,
        *("--input", "x.wav", "--device", "demo"),
        says=("--input and --device exclude each other", "Give one"),
    )


@pytest.mark.parametrize("device", ["default", "demo"])
def test_only_a_file_can_be_paced(device: str) -> None:
    """A device has its own pace, and the demo is paced already."""
    daemon.fails(
        daemon.USAGE, "--realtime", "--device", device, says=("--realtime", "--input", "Leave")
    )


@pytest.mark.parametrize("flag", ["--record", "--config", "--input"])
def test_an_empty_file_name_is_no_name(flag: str) -> None:
    """As an unset variable in a script gives it: never taken for the flag's absence."""
    daemon.fails(daemon.USAGE, flag, "", says=(flag, "empty"))


@pytest.mark.parametrize("flag", ["--device", "--model", "--threshold", "--keyword", "--hook"])
def test_an_empty_value_is_never_taken_for_the_default(flag: str) -> None:
    """The other flags refuse it, too."""
    daemon.fails(daemon.USAGE, flag, "", says=(flag,))


@pytest.mark.parametrize(
    "options",
    [
        ("--threshold", "0.5"),
        ("--json",),
        ("--device", "demo"),
        ("--hook", "stop=true"),
        ("--record", "x.wav"),
        ("--print-config",),
    ],
)
def test_options_of_listening_before_a_subcommand_are_refused(options: tuple[str, ...]) -> None:
    """They would be ignored in silence."""
    daemon.fails(daemon.USAGE, *options, "devices", says=("devices", "Leave them out"))


@pytest.mark.parametrize("value", ["0", "1.5", "-0.1", "nan", "inf", "half"])
def test_a_threshold_is_above_0_and_at_most_1(value: str) -> None:
    """The value is in the message."""
    daemon.fails(daemon.USAGE, "--threshold", value, says=("--threshold", value.lstrip("-")))


@pytest.mark.parametrize(
    ("hook", "says"),
    [
        ("stop", "'KEYWORD=COMMAND'"),
        ("=true", "'KEYWORD=COMMAND'"),
        ("stop=", "must name a program"),
        ("stop= ", "must name a program"),
        ("stop='unclosed", "can't be split (no closing quotation)"),
    ],
)
def test_a_hook_is_a_keyword_and_a_command(hook: str, says: str) -> None:
    """The flag as it was given, and how it should look."""
    daemon.fails(daemon.USAGE, "--hook", hook, says=("--hook", hook, says))


def test_a_hook_for_an_unknown_keyword_suggests_one() -> None:
    """It could never run."""
    daemon.fails(daemon.USAGE, "--hook", "stopp=true", says=("'stopp'", "stop"))


def test_an_unexpected_argument_is_refused() -> None:
    """A device without its flag, say."""
    daemon.fails(daemon.USAGE, "default", says=("default",))
