"""Where a model is found: a path is a path, and a name is never one."""

import os
from importlib import resources
from pathlib import Path

import pytest
from support import daemon

from kws_live.errors import ModelError
from kws_live.model import find_model

INSTALLED = Path(str(resources.files("kws_models"))) / "default"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a subfolder named as the installed model is."""
    folder = tmp_path / "here"
    make(folder / "default")
    make(folder / "mine")
    monkeypatch.chdir(folder)
    return folder


def make(folder: Path) -> Path:
    """Make a folder that looks like a model's."""
    folder.mkdir(parents=True)
    (folder / "kws.json").write_text("{}")
    return folder


@pytest.fixture
def user(tmp_path: Path) -> dict[str, str]:
    """An environment whose user has no models yet."""
    return {"XDG_DATA_HOME": str(tmp_path / "data")}


def models_of(user: dict[str, str]) -> Path:
    """Where this user's own models are."""
    return Path(user["XDG_DATA_HOME"]) / "kws-live/models"


def test_a_name_is_an_installed_model(user: dict[str, str]) -> None:
    """The one that came with the program."""
    assert find_model("default", user) == INSTALLED


def test_a_name_is_never_a_folder_of_the_current_one(here: Path, user: dict[str, str]) -> None:
    """Which may be anybody's: /tmp, or a repository that was just cloned."""
    assert find_model("default", user) == INSTALLED
    with pytest.raises(ModelError, match="no model named 'mine'"):
        find_model("mine", user)


def test_the_users_own_models_come_first(user: dict[str, str]) -> None:
    """Under $XDG_DATA_HOME."""
    own = make(models_of(user) / "default")
    assert find_model("default", user) == own


@pytest.mark.parametrize("home", ["", "relative/data"])
def test_an_empty_or_relative_data_home_counts_as_unset(
    home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the XDG specification has it: ~/.local/share is used."""
    make(tmp_path / "relative/data/kws-live/models/mine")
    own = make(tmp_path / "home/.local/share/kws-live/models/mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    env = {"XDG_DATA_HOME": home, "HOME": str(tmp_path / "home")}
    assert find_model("mine", env) == own


def test_a_path_is_a_path(here: Path, user: dict[str, str]) -> None:
    """Absolute or relative, with a separator."""
    for text in (str(here / "mine"), "./mine", "../here/mine", "mine/"):
        assert find_model(text, user).resolve() == here / "mine"


def test_dots_are_paths(here: Path, user: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The current folder and the one above."""
    assert find_model("..", user).resolve() == here.parent
    monkeypatch.chdir(here / "mine")
    assert find_model(".", user).resolve() == here / "mine"


def test_a_tilde_is_the_home_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no shell has expanded it, in the configuration file say."""
    monkeypatch.setenv("HOME", str(here))
    assert find_model("~/mine", {"HOME": str(here)}) == here / "mine"


def test_a_tilde_of_nobody_is_no_crash(user: dict[str, str]) -> None:
    """There is no such user."""
    with pytest.raises(ModelError, match="no-such-user"):
        find_model("~no-such-user/model", user)


@pytest.mark.parametrize("path", ["./nothing", "/no/such/model", "./mine/kws.json"])
def test_a_path_without_a_folder_is_refused(here: Path, user: dict[str, str], path: str) -> None:
    """The path is named, and never looked for as a name."""
    with pytest.raises(ModelError, match=path):
        find_model(path, user)


@pytest.mark.parametrize("name", ["", "Default", "default\0", "*", "x" * 5_000])
def test_a_name_that_is_none_lists_those_that_there_are(user: dict[str, str], name: str) -> None:
    """Whatever was typed."""
    make(models_of(user) / "own")
    with pytest.raises(ModelError, match=r"Installed: .*default.*own"):
        find_model(name, user)


def test_it_works_without_a_home() -> None:
    """As under init or in a container, for a user whom the system does not know."""
    command: list[str | Path] = [daemon.COMMAND, "--check-config"]
    if os.geteuid() == 0:
        command = ["setpriv", "--reuid=54321", "--clear-groups", *command]
    result = daemon.run_in_bash('unset HOME "${!XDG_@}"; "$@"', *command)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout.startswith(b"ok: model 'default'")
    assert result.stderr == b""
