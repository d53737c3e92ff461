"""Which recordings are evaluated, and where their labels are found."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_live.errors import InputError
from kws_live.eval.recordings import find_recordings
from kws_live.eval.tracks import Label
from kws_live.types import SAMPLE_RATE_HZ

KEYWORDS = ("go", "stop")


def audio(path: Path, seconds: float = 2.0) -> Path:
    """A file of silence."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16), SAMPLE_RATE_HZ)
    return path


def track(path: Path, text: str = "") -> Path:
    """A label track."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_track_lies_beside_its_recording(tmp_path: Path) -> None:
    """By the same name, with .txt."""
    path = audio(tmp_path / "a.flac")
    track(tmp_path / "a.txt", "0.5\t1\tgo\n")
    (found,) = find_recordings([path], [], KEYWORDS)
    assert found.path == path
    assert found.labels == (Label(0.5, 1.0, "go"),)
    assert found.duration_s == 2.0


def test_a_folder_stands_for_the_recordings_in_it(tmp_path: Path) -> None:
    """Sorted; what is no audio, and what lies deeper, is left alone."""
    for name in ("b.wav", "a.flac", "deeper/c.wav"):
        track(audio(tmp_path / name).with_suffix(".txt"))
    track(tmp_path / "notes.md")
    found = find_recordings([tmp_path], [], KEYWORDS)
    assert [one.path.name for one in found] == ["a.flac", "b.wav"]


def test_tracks_go_by_the_order_of_the_recordings(tmp_path: Path) -> None:
    """Whatever their names."""
    paths = [audio(tmp_path / "a.wav"), audio(tmp_path / "b.wav")]
    tracks = [track(tmp_path / "2.txt", "0\t1\tgo\n"), track(tmp_path / "1.txt", "0\t1\tstop\n")]
    found = find_recordings(paths, tracks, KEYWORDS)
    assert [one.labels[0].text for one in found] == ["go", "stop"]


def test_one_folder_may_hold_all_tracks(tmp_path: Path) -> None:
    """For files and for folders of recordings."""
    audio(tmp_path / "audio" / "a.wav")
    single = audio(tmp_path / "b.wav")
    for name in ("a", "b"):
        track(tmp_path / "tracks" / f"{name}.txt", f"0\t1\t{name}\n")
    found = find_recordings([tmp_path / "audio", single], [tmp_path / "tracks"], KEYWORDS)
    assert [one.labels[0].text for one in found] == ["a", "b"]


def test_a_recording_without_a_track_is_refused(tmp_path: Path) -> None:
    """Nobody knows whether it holds the words; the message says how to say that it does not."""
    path = audio(tmp_path / "a.wav")
    with pytest.raises(InputError, match=r"no .*a\.txt.*empty file of that name"):
        find_recordings([path], [], KEYWORDS)


def test_an_empty_track_says_that_none_of_the_words_is_there(tmp_path: Path) -> None:
    """It is a track."""
    path = audio(tmp_path / "a.wav")
    track(tmp_path / "a.txt")
    assert find_recordings([path], [], KEYWORDS)[0].labels == ()


def test_another_number_of_tracks_is_refused(tmp_path: Path) -> None:
    """They would go to the wrong recordings."""
    paths = [audio(tmp_path / "a.wav"), audio(tmp_path / "b.wav")]
    with pytest.raises(InputError, match="2 recordings and 1 label tracks"):
        find_recordings(paths, [track(tmp_path / "a.txt")], KEYWORDS)


def test_a_folder_of_recordings_takes_no_single_track(tmp_path: Path) -> None:
    """It would be that of each of them."""
    audio(tmp_path / "audio" / "a.wav")
    with pytest.raises(InputError, match="folder of tracks"):
        find_recordings([tmp_path / "audio"], [track(tmp_path / "a.txt")], KEYWORDS)


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    """Rather than measured as nothing."""
    with pytest.raises(InputError, match="no recording in"):
        find_recordings([tmp_path], [], KEYWORDS)


def test_a_recording_given_twice_is_refused(tmp_path: Path) -> None:
    """Counted twice, it would narrow every interval."""
    path = audio(tmp_path / "a.wav")
    track(tmp_path / "a.txt")
    with pytest.raises(InputError, match="given twice"):
        find_recordings([path, tmp_path], [], KEYWORDS)


def test_a_track_that_goes_on_after_the_end_is_refused(tmp_path: Path) -> None:
    """It is another recording's."""
    path = audio(tmp_path / "a.wav")
    track(tmp_path / "a.txt", "7\t8\tgo\n")
    with pytest.raises(InputError, match=r"'go' at 7\.0 s.*ends at 2\.0 s"):
        find_recordings([path], [], KEYWORDS)


def test_a_file_that_is_no_audio_is_refused_before_anything_runs(tmp_path: Path) -> None:
    """By name."""
    track(tmp_path / "a.txt")
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(InputError, match=r"a\.wav: not an audio file"):
        find_recordings([tmp_path / "a.wav"], [], KEYWORDS)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_a_recording_that_is_cut_off_is_refused_before_anything_runs(
    tmp_path: Path, name: str
) -> None:
    """By name; a whole one of the same kind is taken."""
    path = tmp_path / name
    noise = np.random.default_rng(0).normal(0.0, 0.1, 30 * SAMPLE_RATE_HZ).astype(np.float32)
    soundfile.write(path, noise, SAMPLE_RATE_HZ)
    track(tmp_path / "a.txt")
    assert find_recordings([path], [], KEYWORDS)[0].duration_s == 30.0
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    with pytest.raises(InputError, match=rf"{name}: the file is cut off"):
        find_recordings([path], [], KEYWORDS)


def test_capital_letters_make_no_other_word(tmp_path: Path) -> None:
    """A label `Stop` is the keyword stop, `?GO` may be go; other words stay as they are."""
    path = audio(tmp_path / "a.wav")
    track(tmp_path / "a.txt", "0\t1\tStop\n0.1\t1\t?GO\n0.2\t1\tGoing\n")
    (found,) = find_recordings([path], [], KEYWORDS)
    assert [label.text for label in found.labels] == ["stop", "?go", "Going"]
