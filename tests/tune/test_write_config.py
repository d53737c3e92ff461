"""An operating point in the user's file, which keeps everything else as the user wrote it."""

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kws_live.config import DecoderSettings, KeywordSettings, effective, load
from kws_live.errors import ConfigError, OutputError
from kws_live.tune.write_config import edited, write_config

NOW = datetime(2026, 11, 23, 6, 0, 1)
POINT: dict[str, Any] = {
    "gate": {"mode": 2, "onset_s": 0.06, "hangover_s": 0.6, "preroll_s": 0.3},
    "decoder": {"smoothing_s": 0.3, "hold_s": 0.4},
    "keywords": {
        word: {"threshold": 0.7, "release": 0.35, "refractory_s": 1.0} for word in ("stop", "go")
    },
}
TUNED = DecoderSettings(
    smoothing_s=0.2,
    hold_s=0.4,
    keywords={
        "stop": KeywordSettings(0.91234, 0.45617, 0.5),
        "go": KeywordSettings(0.7, 0.35, 1.0),
    },
)
USERS = """\
# mine
schema = 1
model = "default"  # the usual one

[decoder]
hold_s = 0.4   # as it was

[keywords.go]
enabled = true

[[hook]]
keyword = "stop"
command = "playerctl pause"
"""


def write(path: Path, *keywords: str) -> Path | None:
    return write_config(path, TUNED, keywords or ("stop",), ["from a test"], POINT, NOW)


def test_the_daemon_reads_what_was_tuned(tmp_path: Path) -> None:
    """A file that wasn't there is made, in a folder that wasn't either."""
    path = tmp_path / "kws-live" / "config.toml"
    assert write(path, "stop", "go") is None
    assert effective(load(path, {}, {}).config, POINT).decoder == TUNED


def test_everything_else_stays_as_it_was_written() -> None:
    """Comments, order, spacing, hooks."""
    text = edited(USERS, TUNED, ["stop"], ["why"])
    for line in USERS.splitlines():
        assert line in text.splitlines()
    assert text.startswith("# tune: why\n# mine\n")
    assert text.index("[keywords.go]") < text.index("[[hook]]")


def test_tuning_again_replaces_what_was_said_before() -> None:
    """The comment doesn't pile up, and the file doesn't grow."""
    once = edited(USERS, TUNED, ["stop"], ["first"])
    twice = edited(once, TUNED, ["stop"], ["second"])
    assert twice == once.replace("first", "second")


@pytest.mark.parametrize(
    "text",
    [
        "schema = 1\nkeywords.stop.threshold = 0.5\ndecoder.hold_s = 0.4\n",
        "schema = 1\nkeywords = {stop = {threshold = 0.5}}\ndecoder = {hold_s = 0.4}\n",
        "schema = 1\n[keywords]\n[keywords.stop]\nthreshold = 0.5\n",
        "schema = 1\r\n[decoder]\r\nhold_s = 0.4\r\n",
        "\ufeffschema = 1\n",
        'schema = 1\n[[hook]]\nkeyword = "stop"\ncommand = ["true"]',
        "",
    ],
)
def test_any_layout_of_the_file_will_do(tmp_path: Path, text: str) -> None:
    """Tables, dotted keys, inline tables, the lines of Windows, a byte-order mark, nothing at all."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8", newline="")
    write(path)
    found = load(path, {}, {}).config
    assert found.keywords["stop"].threshold == 0.91234
    assert found.decoder.smoothing_s == 0.2
    assert ("hold_s" in text) == (found.decoder.hold_s == 0.4)


def test_the_lines_of_windows_stay_such_lines(tmp_path: Path) -> None:
    """All of them, the new ones too."""
    path = tmp_path / "config.toml"
    path.write_text(USERS, newline="\r\n")
    write(path)
    written = path.read_bytes()
    assert written.count(b"\n") == written.count(b"\r\n") > USERS.count("\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_file_is_left_alone(tmp_path: Path) -> None:
    """Somebody, or a program, keeps it so."""
    path = tmp_path / "config.toml"
    path.write_text(USERS)
    path.chmod(0o400)
    with pytest.raises(OutputError, match="read-only"):
        write(path)
    assert os.listdir(tmp_path) == ["config.toml"]


def test_the_former_file_is_kept_beside_it(tmp_path: Path) -> None:
    """With the time in its name."""
    path = tmp_path / "config.toml"
    path.write_text(USERS)
    backup = write(path)
    assert backup == tmp_path / "config.toml.20261123-060001.bak"
    assert backup.read_text() == USERS
    assert sorted(os.listdir(tmp_path)) == ["config.toml", backup.name]


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    """Who keeps dotfiles elsewhere finds the change there."""
    real = tmp_path / "dotfiles.toml"
    real.write_text(USERS)
    real.chmod(0o640)
    path = tmp_path / "config.toml"
    path.symlink_to(real)
    write(path)
    assert path.is_symlink()
    assert "threshold" in real.read_text()
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    ["schema = 1\n[decoder]\nsmothing_s = 0.3\n", "schema = 2\n", "no = [toml", "keywords = 3"],
)
def test_a_file_that_the_daemon_refuses_is_left_alone(tmp_path: Path, text: str) -> None:
    """The error is the daemon's."""
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(ConfigError):
        write(path)
    assert path.read_text() == text
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_file_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    """A folder is a file's parent here; as for a disk that is full, what to do is told."""
    (tmp_path / "file").touch()
    with pytest.raises((OutputError, ConfigError), match=r"config\.toml"):
        write(tmp_path / "file" / "config.toml")


@given(
    st.floats(0.01, 1.0).map(lambda value: round(value, 5)),
    st.floats(0.05, 2).map(lambda value: round(value, 3)),
)
def test_any_number_comes_back_as_it_was(threshold: float, smoothing_s: float) -> None:
    """TOML holds floats to their last digit."""
    tuned = DecoderSettings(
        smoothing_s, 0.4, {"stop": KeywordSettings(threshold, threshold / 2, 1.0)}
    )
    text = edited("", tuned, ["stop"], [])
    assert f"threshold = {threshold!r}" in text
