"""`kws-live review` at a real terminal, up to what the trainer reads."""

import os
import re
import signal
from pathlib import Path

import pytest
from kws_train.corpus import find_recordings, label_of
from support import daemon
from support.clips import detection, kept, near_miss
from support.terminal import Terminal

CTRL_C = b"\x03"
UP = b"\x1b[A"
ESCAPES = re.compile(rb"\x1b\[[\d;?]*[A-Za-z]")


def review(*arguments: str | Path, **environ: str) -> Terminal:
    """Start a review on a terminal, on a machine without sound."""
    env = daemon.clean(os.environ | {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8"})
    env["PULSE_SERVER"] = "unix:/nonexistent"
    return Terminal([daemon.COMMAND, "review", *arguments], env | environ)


def seen(terminal: Terminal) -> str:
    """Return all that was written, without escape sequences."""
    return ESCAPES.sub(b" ", terminal.seen).decode(errors="replace")


def press(terminal: Terminal, key: bytes, then: str) -> None:
    """Press a key and wait until the terminal shows something."""
    terminal.seen = b""
    terminal.type(key)
    terminal.read_until(then.encode())


def words_in(out: Path) -> dict[str, int]:
    """Return how many clips each word has."""
    return {folder.name: len(list(folder.iterdir())) for folder in out.iterdir()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three detections of "stop", and a near miss of "go" between them."""
    folder = tmp_path / "clips"
    folder.mkdir()
    kept(folder, detection(0), near_miss(1), detection(2), detection(3))
    return folder


def test_one_key_each_and_the_trainer_takes_what_comes_out(folder: Path) -> None:
    """True, false and unclear, in the folders of the Speech Commands layout."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        press(terminal, b"t", "2 of 4")
        press(terminal, b"f", "3 of 4")
        press(terminal, b"x", "4 of 4")
        press(terminal, b"t", "no more clips")
        terminal.type(b"q")
        assert terminal.wait() == 0
        assert "2 true, 1 false, 1 unclear, 0 left" in seen(terminal)
        assert str(folder / "reviewed") in seen(terminal)
        assert terminal.as_before
        assert not terminal.alternate
    found = find_recordings([folder / "reviewed"])
    assert [label_of(recording.word, ("stop", "go")) for recording in found] == [
        "_unknown_",
        "stop",
        "stop",
    ]
    assert {recording.split for recording in found} == {"training"}


def test_it_shows_the_clip(folder: Path) -> None:
    """What was heard, how surely, its waveform with the window and the word, and the keys."""
    with review(folder) as terminal:
        terminal.read_until(b"true, 0 false")
        shown = seen(terminal)
        for words in ('"stop"', "0.900 ≥ 0.800", "detection", "┃window", "┃word", "█", "q  quit"):
            assert words in shown, shown


def test_without_a_device_it_says_so_once_and_goes_on(folder: Path) -> None:
    """With the waveform alone."""
    with review(folder) as terminal:
        terminal.read_until(b"no sound: ")
        press(terminal, b"t", "2 of 4")
        press(terminal, b"q", "1 true")
        assert terminal.wait() == 0


def test_it_goes_on_where_it_was_left(folder: Path) -> None:
    """After q, and after Ctrl-C, which ends it by the signal and loses nothing."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        press(terminal, b"t", "2 of 4")
        terminal.type(b"q")
        assert terminal.wait() == 0
    with review(folder) as terminal:
        terminal.read_until(b"2 of 4")
        press(terminal, b"f", "3 of 4")
        terminal.type(CTRL_C)
        assert terminal.wait() == -signal.SIGINT
        assert terminal.as_before
        assert not terminal.alternate
    with review(folder) as terminal:
        terminal.read_until(b"3 of 4")
        terminal.type(b"q")
        assert terminal.wait() == 0
    assert words_in(folder / "reviewed") == {"stop": 1, "_not_go_": 1}


def test_undo_takes_a_slip_back(folder: Path) -> None:
    """Also the last one, behind the last clip."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        press(terminal, b"f", "2 of 4")
        press(terminal, b"u", "1 of 4")
        press(terminal, b"t", "2 of 4")
        press(terminal, b"t", "3 of 4")
        press(terminal, b"s", "4 of 4")
        press(terminal, b"f", "no more clips")
        press(terminal, b"u", "4 of 4")
        press(terminal, b"t", "no more clips")
        terminal.type(b"\n")
        assert terminal.wait() == 0
    assert words_in(folder / "reviewed") == {"stop": 2, "go": 1}


def test_arrows_and_other_keys_do_nothing(folder: Path) -> None:
    """No verdict is given by accident."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        for key in (UP, b"\x1bOs", b"\x1b[1;5f", b"z", b"\t", b"\n"):
            terminal.type(key)
            terminal.read_for(0.3)
        terminal.type(b"q")
        assert terminal.wait() == 0
        assert "0 true, 0 false, 0 unclear, 4 left" in seen(terminal)
    assert not (folder / "reviewed").exists()


def test_kill_gives_the_terminal_back(folder: Path) -> None:
    """As Ctrl-C does."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        terminal.send(signal.SIGTERM)
        assert terminal.wait() == -signal.SIGTERM
        assert terminal.as_before
        assert not terminal.alternate


def test_the_terminal_is_given_back_while_it_is_suspended(folder: Path) -> None:
    """Ctrl-Z, and on again with the same clip."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        terminal.send(signal.SIGTSTP)
        terminal.read_until(b"\x1b[?1049l")
        terminal.read_for(0.3)
        assert terminal.as_before
        terminal.seen = b""
        terminal.send(signal.SIGCONT)
        terminal.read_until(b"1 of 4")
        assert terminal.alternate
        press(terminal, b"t", "2 of 4")


def test_what_is_left_out_is_named(folder: Path) -> None:
    """At the end, with the reason; the rest is reviewed."""
    first = sorted(folder.glob("*.json"))[0]
    first.write_text("{")
    broken = sorted(folder.glob("*.flac"))[1]
    broken.write_bytes(b"no audio")
    with review(folder) as terminal:
        terminal.read_until(b"2 of 3")
        press(terminal, b"t", "3 of 3")
        terminal.type(b"q")
        assert terminal.wait() == 0
        shown = seen(terminal)
        assert f"left out {first.stem}: the sidecar is no JSON" in shown
        assert f"left out {broken.stem}: its audio can't be read" in shown


def test_speaker_and_folder_can_be_named(folder: Path, tmp_path: Path) -> None:
    """The speaker begins the names of the files."""
    with review(folder, "--speaker", "anna", "--out", tmp_path / "mine") as terminal:
        terminal.read_until(b"1 of 4")
        press(terminal, b"t", "2 of 4")
        terminal.type(b"q")
        assert terminal.wait() == 0
    (file,) = (tmp_path / "mine" / "stop").iterdir()
    assert re.fullmatch(r"anna_nohash_\d+\.flac", file.name)
    assert not (folder / "reviewed").exists()


def test_without_a_terminal_it_refuses(folder: Path) -> None:
    """It needs somebody who presses keys."""
    daemon.fails(daemon.USAGE, "review", folder, says=("4 clips", "takes a terminal"))


def test_with_nothing_left_to_judge_it_needs_no_terminal(folder: Path, tmp_path: Path) -> None:
    """So a script can write the folder for the trainer again."""
    with review(folder) as terminal:
        terminal.read_until(b"1 of 4")
        press(terminal, b"ttff", "no more clips")
        terminal.type(b"q")
        assert terminal.wait() == 0
    result = daemon.run("review", folder, "--out", tmp_path / "again")
    assert result.returncode == 0
    assert words_in(tmp_path / "again") == words_in(folder / "reviewed")


@pytest.mark.parametrize("speaker", ["", "a/b", "../x", "a_nohash_b", "a b"])
def test_a_speaker_that_cannot_begin_a_name_is_refused(folder: Path, speaker: str) -> None:
    """With what a name may hold."""
    daemon.fails(
        daemon.USAGE, "review", folder, "--speaker", speaker, says=("--speaker", "letters, digits")
    )


def test_a_folder_without_clips_is_an_error(tmp_path: Path) -> None:
    """And so is none."""
    daemon.fails(daemon.INPUT, "review", tmp_path, says=(str(tmp_path), "holds no clips"))
    daemon.fails(
        daemon.INPUT, "review", tmp_path / "gone", says=(str(tmp_path / "gone"), "No such file")
    )
