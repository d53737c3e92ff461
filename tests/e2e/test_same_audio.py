"""Same audio, same detections: whatever the block size, the pace and the way it came in."""

from pathlib import Path

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
    found = daemon.events(result.stdout)
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


def test_standard_input(demo_heard: Heard) -> None:
    """Raw samples through a pipe give the same."""
    samples, _ = soundfile.read(DEMO, dtype="int16")
    assert same(commanded("--input", "-", stdin=samples.astype("<i2").tobytes()), demo_heard)
