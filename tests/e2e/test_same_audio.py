"""Same audio, same detections: whatever the block size, the pace and the way it came in."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from support import daemon
from support.speech import ESPEAK_VOICES, FLITE_VOICES, spoken_stream

from kws_live.config import Config, effective
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.offline import spot
from kws_live.sources.files import FileSource
from kws_live.types import SAMPLE_RATE_HZ

DEMO = daemon.DEMO / "demo.flac"
BLOCKS_FRAMES = (1, 7, 160, 480, 4_410, 16_000)

Heard = list[tuple[str, int, float]]
"""Keyword, sample and score of detections, and of near misses after them."""


@pytest.fixture(scope="module")
def folder() -> ModelFolder:
    """The model that ships."""
    return load_model_folder(find_model("default"))


@pytest.fixture(scope="module")
def long_stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten minutes of words, 44.1 kHz stereo."""
    path = tmp_path_factory.mktemp("stream") / "words.wav"
    words = [word for _ in range(30) for word in daemon.KEYWORDS]
    audio, _ = spoken_stream(words, voices=(*FLITE_VOICES, *ESPEAK_VOICES, "slt"))
    audio = audio[: 600 * SAMPLE_RATE_HZ]
    stereo = soxr.resample(audio[:, None].repeat(2, axis=1), SAMPLE_RATE_HZ, 44_100)
    soundfile.write(path, stereo, 44_100, subtype="PCM_16")
    return path


def hear(folder: ModelFolder, path: Path, block_frames: int) -> Heard:
    """Run the pipeline over a file in blocks of one size."""
    settings = effective(Config(), folder.operating_point)
    hops = spot(
        FileSource(path, block_frames), folder, Classifier(folder), settings.gate, settings.decoder
    )
    detections, near_misses = [], []
    for hop in hops:
        if (one := hop.detection) is not None:
            detections.append((one.keyword, one.decided_sample, one.score))
        near_misses += [(miss.keyword, miss.peak_sample, miss.score) for miss in hop.near_misses]
    return detections + near_misses


def same(found: Heard, expected: Heard) -> bool:
    """Return whether keywords, decisions and peaks are equal and scores within 1e-5."""
    return [one[:2] for one in found] == [one[:2] for one in expected] and all(
        abs(one[2] - other[2]) <= 1e-5 for one, other in zip(found, expected, strict=True)
    )


@pytest.fixture(scope="module")
def demo_heard(folder: ModelFolder) -> Heard:
    """What the demo gives in one block size."""
    return hear(folder, DEMO, 480)


@pytest.mark.parametrize("block_frames", BLOCKS_FRAMES)
def test_any_block_size(folder: ModelFolder, demo_heard: Heard, block_frames: int) -> None:
    """From single samples to whole seconds."""
    assert len(demo_heard) == len(daemon.KEYWORDS)
    assert same(hear(folder, DEMO, block_frames), demo_heard)


@pytest.fixture(scope="module")
def long_heard(folder: ModelFolder, long_stream: Path) -> Heard:
    """What the long stream gives in one block size."""
    return hear(folder, long_stream, 480)


@pytest.mark.parametrize("block_frames", [147, 16_000])
def test_ten_minutes_of_44_khz_stereo(
    folder: ModelFolder, long_stream: Path, long_heard: Heard, block_frames: int
) -> None:
    """More than a hundred detections and near misses are equal to the sample after resampling and mixing down."""
    assert len(long_heard) >= 100
    assert same(hear(folder, long_stream, block_frames), long_heard)


def commanded(*arguments: str | Path, stdin: bytes = b"") -> Heard:
    """What the installed command hears."""
    result = daemon.run(*arguments, "--json", stdin=stdin)
    assert result.returncode == 0, result.stderr.decode()
    return heard_in(daemon.events(result.stdout))


def heard_in(found: list[daemon.Event]) -> Heard:
    """Detections and near misses among the events of a run that dropped nothing."""
    assert found[-1]["dropped_hops"] == 0
    return [
        (keyword, round(decided_s * SAMPLE_RATE_HZ), score)
        for keyword, decided_s, score in daemon.detections(found) + daemon.near_misses(found)
    ]


def test_the_command_hears_in_a_long_file_what_the_pipeline_does(
    long_stream: Path, long_heard: Heard
) -> None:
    """The daemon, with its threads and queues, adds and loses nothing."""
    assert same(commanded("--input", long_stream), long_heard)


def test_paced_and_recorded(demo_heard: Heard, tmp_path: Path) -> None:
    """Played at its own pace the demo gives the same, and so does what was recorded of it."""
    record = tmp_path / "heard.wav"
    assert same(commanded("--input", DEMO, "--realtime", "--record", record), demo_heard)
    assert same(commanded("--input", record), demo_heard)


def test_gaps_of_silence(folder: ModelFolder, tmp_path: Path) -> None:
    """Few words, far apart and close together: the gate opens and closes between spans and in them."""
    samples, _ = soundfile.read(DEMO, dtype="int16")
    rng = np.random.default_rng(1)
    pieces = []
    for pause_s in (0.0, 0.2, 0.9, 1.1, 7.0, 0.4, 1.5, 20.0):
        start = int(rng.integers(0, len(samples) - 4 * SAMPLE_RATE_HZ))
        pieces.append(samples[start : start + int(rng.integers(8_000, 4 * SAMPLE_RATE_HZ))])
        pieces.append(np.zeros(round(pause_s * SAMPLE_RATE_HZ), np.int16))
    path = tmp_path / "sparse.wav"
    soundfile.write(path, np.concatenate(pieces), SAMPLE_RATE_HZ)
    expected = hear(folder, path, 480)
    assert len(expected) >= 5
    assert same(commanded("--input", path), expected)
    assert same(commanded("--input", path, "--realtime"), expected)


@pytest.mark.parametrize("cores", [1, 2])
def test_any_number_of_cores(long_stream: Path, long_heard: Heard, cores: int) -> None:
    """Whichever span is inferred first."""
    allowed = ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))
    command = f"taskset -c {allowed} kws-live --input {long_stream} --json"
    result = daemon.run_in_bash(command, timeout_s=2 * daemon.PATIENCE_S)
    assert result.returncode == 0, result.stderr.decode()
    assert same(heard_in(daemon.events(result.stdout)), long_heard)


def test_what_comes_slowly_through_a_pipe_is_heard_at_once(demo_heard: Heard) -> None:
    """As from a live recorder: a detection does not wait for more audio, and is the same one."""
    samples, _ = soundfile.read(DEMO, dtype="<i2")
    first_word = demo_heard[0][1] + SAMPLE_RATE_HZ // 10
    ours, theirs = os.pipe()
    with daemon.Daemon("--input", "-", stdin=ours) as listener, open(theirs, "wb", 0) as pipe:
        os.close(ours)
        pipe.write(samples[:first_word].tobytes())
        told = listener.wait_for("detection")
        assert told["keyword"] == demo_heard[0][0]
        for start in range(first_word, len(samples), 16_000):
            time.sleep(0.02)
            pipe.write(samples[start : start + 16_000].tobytes())
        pipe.close()
        listener.wait_for_end()
        assert same(heard_in(listener.seen), demo_heard)


def test_standard_input(demo_heard: Heard) -> None:
    """Raw samples through a pipe give the same."""
    samples, _ = soundfile.read(DEMO, dtype="int16")
    assert same(commanded("--input", "-", stdin=samples.astype("<i2").tobytes()), demo_heard)
