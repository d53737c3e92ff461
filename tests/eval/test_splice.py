"""Writing spliced streams: audio, labels and recipe, or nothing."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from support.disk import disk_full_at
from support.speech import say

from kws_live.errors import InputError, OutputError
from kws_live.eval.clips import Clip, read_mono
from kws_live.eval.noise import generate_noise
from kws_live.eval.splice import MADE_BY, check_place, splice, write_stream
from kws_live.eval.stream import Stream, plan
from kws_live.eval.tracks import read_track
from kws_live.types import SAMPLE_RATE_HZ, Float32Array

WORDS = ("yes", "no", "stop")
CLIPS = [Clip(word, say(word)) for word in WORDS]
BACKGROUND = generate_noise("pink", 3 * SAMPLE_RATE_HZ, seed=1)


@pytest.fixture
def stream() -> Stream:
    return plan(CLIPS, BACKGROUND, snr_db=15.0)


def test_the_file_holds_the_stream_and_the_track_its_labels(stream: Stream, tmp_path: Path) -> None:
    """To the precision of 16 bits and of a microsecond."""
    audio, labels = splice(CLIPS, BACKGROUND, snr_db=15.0)
    assert write_stream(stream, tmp_path / "stream.flac") == 0
    assert np.abs(read_mono(tmp_path / "stream.flac") - audio).max() <= 1.0 / 32_768
    for written, label in zip(read_track(tmp_path / "stream.txt"), labels, strict=True):
        assert written.text == label.text
        assert written.start_s == pytest.approx(label.start_s, abs=1e-6)
        assert written.end_s == pytest.approx(label.end_s, abs=1e-6)


def test_a_stream_at_44100_hz_in_stereo_is_the_same_stream(stream: Stream, tmp_path: Path) -> None:
    """As long to a sample, equal in both channels, and its words stay where their labels are."""
    path = tmp_path / "stream.wav"
    write_stream(stream, path, rate_hz=44_100, channels=2)
    samples, rate_hz = soundfile.read(path, dtype="float32")
    assert rate_hz == 44_100
    assert samples.shape[1] == 2
    assert np.array_equal(samples[:, 0], samples[:, 1])
    assert abs(len(samples) - stream.length_samples * 44_100 / SAMPLE_RATE_HZ) <= 1.0
    dry = np.concatenate(list(stream.blocks()))
    back = soxr.resample(samples[:, 0], 44_100, SAMPLE_RATE_HZ)
    middle = slice(100, len(dry) - 100)
    errors = {
        lag: float(np.mean(np.square(np.roll(back, lag)[middle] - dry[middle])))
        for lag in range(-50, 51)
    }
    assert min(errors, key=errors.__getitem__) == 0
    # What is lost is what lay at the very edge of the band.
    assert errors[0] < 0.003 * float(np.mean(np.square(dry)))


def test_samples_beyond_full_scale_are_clipped_and_counted(tmp_path: Path) -> None:
    """They never wrap around."""
    loud = plan(CLIPS, BACKGROUND, snr_db=-40.0)
    audio = np.concatenate(list(loud.blocks()))
    clipped = write_stream(loud, tmp_path / "loud.wav")
    assert clipped == np.count_nonzero(np.abs(audio) > 1.0) > 0
    assert np.abs(read_mono(tmp_path / "loud.wav") - np.clip(audio, -1.0, 1.0)).max() < 1e-4


def test_progress_adds_up_to_the_length(stream: Stream, tmp_path: Path) -> None:
    """Whatever the rate of the file."""
    steps: list[int] = []
    write_stream(stream, tmp_path / "stream.wav", rate_hz=44_100, progress=steps.append)
    assert sum(steps) == stream.length_samples


@pytest.mark.parametrize("name", ["missing/stream.wav", "stream.mp7"])
def test_a_file_that_cannot_be_written_is_an_output_error(
    stream: Stream, tmp_path: Path, name: str
) -> None:
    """A folder that is not there, a format that nobody knows."""
    with pytest.raises(OutputError, match=name):
        write_stream(stream, tmp_path / name)


def test_the_recipe_lies_beside_the_audio_with_what_came_of_it(
    stream: Stream, tmp_path: Path
) -> None:
    """So that figures can name what they were measured on."""
    write_stream(stream, tmp_path / "stream.wav", recipe={"made_by": MADE_BY, "seed": 3})
    recipe = json.loads((tmp_path / "stream.json").read_text())
    assert recipe["seed"] == 3
    assert recipe["duration_s"] == pytest.approx(stream.length_samples / SAMPLE_RATE_HZ)
    assert recipe["clipped_samples"] == 0
    for key, name in (("audio_sha256", "stream.wav"), ("labels_sha256", "stream.txt")):
        assert recipe[key] == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["stream.wav", "stream.flac", "stream.ogg"])
def test_a_full_disk_leaves_nothing_behind(stream: Stream, tmp_path: Path, name: str) -> None:
    """Nothing half-written under the name, and nothing hidden beside it."""
    with disk_full_at(10_000), pytest.raises(OutputError, match=name):
        write_stream(stream, tmp_path / name, recipe={})
    assert not list(tmp_path.iterdir())


def test_what_was_there_stays_until_the_new_stream_is_whole(stream: Stream, tmp_path: Path) -> None:
    """A clip that has gone since it was measured ends the writing, not the old stream."""
    path = tmp_path / "stream.wav"
    write_stream(stream, path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def gone() -> Float32Array:
        return read_mono(tmp_path / "gone.wav")

    last = stream.placed[-1]
    lost = replace(last, segment=replace(last.segment, read=gone))
    with pytest.raises(InputError, match=r"gone\.wav"):
        write_stream(replace(stream, placed=(*stream.placed[:-1], lost)), path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_wav_file_beyond_4_gb_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    """Its header can't count further; FLAC's can."""
    days = Stream((), BACKGROUND, 1.0, 40 * 3600 * SAMPLE_RATE_HZ)
    with pytest.raises(OutputError, match=r"Use \.flac"):
        write_stream(days, tmp_path / "days.wav")
    assert not list(tmp_path.iterdir())


def test_a_stream_made_by_the_command_may_be_made_again(stream: Stream, tmp_path: Path) -> None:
    """Its recipe tells."""
    path = tmp_path / "stream.wav"
    check_place(path)
    write_stream(stream, path, recipe={"made_by": MADE_BY})
    check_place(path)


@pytest.mark.parametrize("name", ["meeting.wav", "meeting.txt", "meeting.json"])
def test_a_file_that_somebody_else_made_is_not_overwritten(tmp_path: Path, name: str) -> None:
    """A recording, a label track made by hand, any JSON."""
    (tmp_path / name).write_text("{}")
    with pytest.raises(OutputError, match=f"{name} exists"):
        check_place(tmp_path / "meeting.wav")


def test_a_place_that_takes_no_file_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Before anything is read or drawn."""
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to("/dev/null")
    for name, reason in (
        ("folder.wav", "no regular file"),
        ("link.wav", "no regular file"),
        ("missing/stream.wav", "there is no folder"),
        ("stream.mp7", "unknown ending '.mp7'"),
    ):
        with pytest.raises(OutputError, match=reason):
            check_place(tmp_path / name)
