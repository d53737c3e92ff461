"""Writing spliced streams, from the library and from the command line."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from click.testing import CliRunner, Result
from support.speech import say

from kws_live.errors import OutputError
from kws_live.eval.clips import Clip, read_mono
from kws_live.eval.noise import generate_noise
from kws_live.eval.splice import main, splice, write_stream
from kws_live.eval.stream import Stream, plan
from kws_live.eval.tracks import read_track
from kws_live.types import SAMPLE_RATE_HZ

WORDS = ("yes", "no", "stop")
CLIPS = [Clip(word, say(word)) for word in WORDS]
BACKGROUND = generate_noise("pink", 3 * SAMPLE_RATE_HZ, seed=1)


@pytest.fixture
def stream() -> Stream:
    return plan(CLIPS, BACKGROUND, snr_db=15.0)


@pytest.fixture
def clips_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "clips"
    for word in WORDS:
        (folder / word).mkdir(parents=True)
        for voice in ("slt", "rms"):
            soundfile.write(folder / word / f"{voice}.wav", say(word, voice), SAMPLE_RATE_HZ)
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


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


def test_the_command_splices_every_clip_of_a_folder(clips_folder: Path, tmp_path: Path) -> None:
    """With a track of as many labels, each the word of its folder."""
    out = tmp_path / "stream.wav"
    result = run("--clips", clips_folder, "--out", out)
    assert result.exit_code == 0, result.output
    labels = read_track(tmp_path / "stream.txt")
    assert sorted(label.text for label in labels) == ["no", "no", "stop", "stop", "yes", "yes"]
    assert soundfile.info(out).duration == pytest.approx(labels[-1].end_s + 1.0, abs=0.01)


def test_the_command_gives_the_same_stream_for_the_same_seed(
    clips_folder: Path, tmp_path: Path
) -> None:
    """Byte for byte, and another one for another seed."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("--clips", clips_folder, "--seed", str(seed), "--out", tmp_path / f"{name}.wav")
    audio = {name: (tmp_path / f"{name}.wav").read_bytes() for name in "abc"}
    assert audio["a"] == audio["b"]
    assert audio["a"] != audio["c"]


def test_the_command_takes_background_rate_channels_count_and_pauses(
    clips_folder: Path, tmp_path: Path
) -> None:
    """All at once, as for a test of another sample rate."""
    background = tmp_path / "background"
    background.mkdir()
    soundfile.write(background / "noise.flac", BACKGROUND, SAMPLE_RATE_HZ)
    out = tmp_path / "stream.wav"
    options = [
        "--snr-db",
        "5",
        "--gap-s",
        "0.5",
        "0.6",
        "--count",
        "4",
        "--rate-hz",
        "44100",
        "--channels",
        "2",
    ]
    result = run("--clips", clips_folder, "--background", background, "--out", out, *options)
    assert result.exit_code == 0, result.output
    info = soundfile.info(out)
    assert (info.samplerate, info.channels) == (44_100, 2)
    labels = read_track(tmp_path / "stream.txt")
    assert len(labels) == 4
    pauses_s = [b.start_s - a.end_s for a, b in pairwise(labels)]
    assert all(0.499 < pause_s < 0.601 for pause_s in pauses_s)


def test_the_command_leaves_silent_clips_out_and_says_so(
    clips_folder: Path, tmp_path: Path
) -> None:
    """A corpus has some."""
    soundfile.write(clips_folder / "no" / "silent.wav", np.zeros(8_000), SAMPLE_RATE_HZ)
    result = run("--clips", clips_folder, "--out", tmp_path / "stream.wav")
    assert result.exit_code == 0, result.output
    assert "left out 1 silent clip" in result.output
    assert len(read_track(tmp_path / "stream.txt")) == 6


def test_two_ways_to_set_the_pauses_are_a_usage_error(clips_folder: Path, tmp_path: Path) -> None:
    """Neither would win."""
    options = ("--gap-s", "1", "2", "--words-per-minute", "20")
    result = run("--clips", clips_folder, "--out", tmp_path / "stream.wav", *options)
    assert result.exit_code == 2
    assert "give one of them" in result.output


def test_an_impossible_rate_is_a_usage_error_with_the_limit(
    clips_folder: Path, tmp_path: Path
) -> None:
    """The message says what would fit."""
    options = ("--words-per-minute", "500")
    result = run("--clips", clips_folder, "--out", tmp_path / "stream.wav", *options)
    assert result.exit_code == 2
    assert "ask for fewer than" in result.output


def test_a_folder_without_clips_ends_with_exit_code_66(tmp_path: Path) -> None:
    """And says what belongs there."""
    result = run("--clips", tmp_path, "--out", tmp_path / "stream.wav")
    assert result.exit_code == 66
    assert "folder per word" in result.output


def test_a_stream_that_cannot_be_written_ends_with_exit_code_74(
    clips_folder: Path, tmp_path: Path
) -> None:
    """A folder that is not there."""
    result = run("--clips", clips_folder, "--out", tmp_path / "missing" / "stream.wav")
    assert result.exit_code == 74
