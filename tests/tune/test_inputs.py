"""What the user gives to tune on, and what is said of it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.speech import say

from kws_live.errors import InputError
from kws_live.eval.tracks import Label
from kws_live.stages.activity import active_extent
from kws_live.tune.inputs import find_background, notes_on, prepare_words
from kws_live.types import SAMPLE_RATE_HZ, Float32Array


def write(path: Path, samples: Float32Array) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, SAMPLE_RATE_HZ)
    return path


def room(seconds: float) -> Float32Array:
    noise = np.random.default_rng(0).normal(0, 0.01, round(seconds * SAMPLE_RATE_HZ))
    return noise.astype(np.float32)


def test_background_is_files_and_folders_with_the_labels_beside_them(tmp_path: Path) -> None:
    """No label track means that no keyword is said."""
    one = write(tmp_path / "day" / "one.wav", room(6))
    two = write(tmp_path / "two.wav", room(6))
    two.with_suffix(".txt").write_text("1.0\t1.5\tstop\n")
    assert find_background([tmp_path / "day", two]) == [
        (one, ()),
        (two, (Label(1.0, 1.5, "stop"),)),
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, r"no background in"),
        (b"no sound", r"can't read the background .*1\.wav"),
        (room(3), r"is 3\.0 s long.*an hour bounds false accepts at 3 per hour"),
    ],
)
def test_background_that_is_of_no_use_is_refused(
    tmp_path: Path, content: bytes | Float32Array | None, complaint: str
) -> None:
    """None, no sound, or too short for anything."""
    if isinstance(content, bytes):
        (tmp_path / "1.wav").write_bytes(content)
    elif content is not None:
        write(tmp_path / "1.wav", content)
    with pytest.raises(InputError, match=complaint):
        find_background([tmp_path])


def test_background_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Before it is listened to."""
    path = write(tmp_path / "1.flac", room(20))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"1\.flac: the file is cut off"):
        find_background([tmp_path])


def test_background_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    """By whatever name: its false accepts would count twice."""
    path = write(tmp_path / "one.wav", room(20))
    with pytest.raises(InputError, match="given twice"):
        find_background([path, tmp_path])


def test_clips_become_two_recordings_of_different_speakers(tmp_path: Path) -> None:
    """Each word where the label says, with a pause around it, at its own level."""
    for speaker in ("anna", "bert", "carl"):
        for word in ("stop", "go"):
            write(tmp_path / "clips" / word / f"{speaker}_nohash_0.wav", say(word))
    words = prepare_words(tmp_path / "clips", ["stop", "go"], tmp_path)
    assert words.speakers == 3
    assert words.counts == {"stop": 3, "go": 3}
    assert sorted(len(labels) for _, labels in words.recordings) == [2, 4]
    for path, labels in words.recordings:
        audio, _ = soundfile.read(path, dtype="float32")
        for label in labels:
            part = audio[
                round(label.start_s * SAMPLE_RATE_HZ) : round(label.end_s * SAMPLE_RATE_HZ)
            ]
            spoken = say(label.word)
            start, end = active_extent(spoken)
            assert np.abs(part - spoken[start:end][: len(part)]).max() < 1e-3


def test_the_label_beside_a_clip_tells_where_its_word_is(tmp_path: Path) -> None:
    """Else the loudest sound in it does."""
    clip = write(tmp_path / "clips" / "stop" / "1.wav", np.concatenate((say("go"), say("stop"))))
    clip.with_suffix(".txt").write_text("0.7\t1.1\tstop\n")
    ((_, (label,)),) = prepare_words(tmp_path / "clips", ["stop"], tmp_path).recordings
    assert label.end_s - label.start_s == pytest.approx(0.4)


def test_clips_without_a_speaker_are_halved_too(tmp_path: Path) -> None:
    """Each counts as its own."""
    for number in range(4):
        write(tmp_path / "clips" / "stop" / f"{number}.wav", say("stop"))
    words = prepare_words(tmp_path / "clips", ["stop"], tmp_path)
    assert [len(labels) for _, labels in words.recordings] == [2, 2]
    assert words.speakers == 0


def test_what_was_not_used_is_told(tmp_path: Path) -> None:
    """Silent clips, words that are no keywords, keywords without clips."""
    write(tmp_path / "clips" / "stop" / "1.wav", say("stop"))
    silent = write(tmp_path / "clips" / "stop" / "2.wav", np.zeros(16_000, dtype=np.float32))
    write(tmp_path / "clips" / "bed" / "1.wav", say("go"))
    words = prepare_words(tmp_path / "clips", ["stop", "go"], tmp_path)
    assert words.left_out == (silent,)
    first, second, third = notes_on(words)
    assert str(silent) in first
    assert "bed" in second
    assert "no clips of go" in third


def test_clips_of_other_words_only_are_refused(tmp_path: Path) -> None:
    """The names of the folders have to be the model's."""
    write(tmp_path / "clips" / "bed" / "1.wav", say("go"))
    with pytest.raises(InputError, match=r"no clips of stop, only of bed"):
        prepare_words(tmp_path / "clips", ["stop"], tmp_path)


def test_silent_clips_only_are_refused(tmp_path: Path) -> None:
    """The microphone was muted."""
    write(tmp_path / "clips" / "stop" / "2.wav", np.zeros(16_000, dtype=np.float32))
    with pytest.raises(InputError, match=r"all 1 clips .* are silent.*muted"):
        prepare_words(tmp_path / "clips", ["stop"], tmp_path)
