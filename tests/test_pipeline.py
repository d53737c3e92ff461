"""The two halves of the pipeline, with threads between them and without: the same audio, the same detections."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support import daemon
from support.settings import write_eager_config
from support.tiny_model import WHOLE, make_tiny_model

from kws_live.config import Config, EffectiveSettings, GateSettings, effective, load
from kws_live.model import Classifier, ModelFolder, load_model_folder
from kws_live.offline import spot
from kws_live.pipeline import RING_SAMPLES, Arrivals, Intake, Intaken, Spotter
from kws_live.sources.files import FileSource
from kws_live.stages.ring import Ring
from kws_live.types import SAMPLE_RATE_HZ, Block, Float32Array, Gap, Int16Array, Span
from kws_live.work_queue import Reset

SECONDS = 6
BLOCK = 480
ALWAYS_OPEN = GateSettings(enabled=False, mode=2, onset_s=0.03, hangover_s=0.6, preroll_s=0.3)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    """A small model."""
    return load_model_folder(make_tiny_model(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with which it hears several keywords."""
    return write_eager_config(tmp_path_factory.mktemp("config") / "config.toml")


@pytest.fixture(scope="module")
def in_force(model: ModelFolder, config: Path) -> EffectiveSettings:
    """What the gate and the decoder run with."""
    return effective(load(config, {}, {}).config, model.operating_point)


@pytest.fixture(scope="module")
def classifier(model: ModelFolder) -> Classifier:
    """The open model."""
    return Classifier(model)


@pytest.fixture(scope="module")
def speech() -> Int16Array:
    """Some seconds of spoken words, int16 [n] at 16 kHz."""
    samples, _ = soundfile.read(daemon.DEMO / "demo.flac", dtype="int16")
    found: Int16Array = samples[: SECONDS * SAMPLE_RATE_HZ]
    return found


@pytest.fixture(scope="module")
def speech_file(speech: Int16Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a file."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    soundfile.write(path, speech, SAMPLE_RATE_HZ)
    return path


Heard = list[tuple[str, int, float]]
"""Keyword, sample and score of detections, and of near misses after them."""


def same(found: Heard, expected: Heard) -> bool:
    """Return whether keywords and samples are equal and scores within 1e-5."""
    return [one[:2] for one in found] == [one[:2] for one in expected] and [
        one[2] for one in found
    ] == pytest.approx([one[2] for one in expected], abs=1e-5)


@pytest.fixture(scope="module")
def offline(
    model: ModelFolder, classifier: Classifier, in_force: EffectiveSettings, speech_file: Path
) -> Heard:
    """What the pipeline without threads hears in it."""
    source = FileSource(speech_file, BLOCK)
    hops = list(spot(source, model, classifier, in_force.gate, in_force.decoder))
    found = [hop.detection for hop in hops if hop.detection]
    near = [miss for hop in hops for miss in hop.near_misses]
    assert len(found) >= 3
    assert len(near) >= 2
    return [(one.keyword, one.decided_sample, one.score) for one in found] + [
        (miss.keyword, miss.peak_sample, miss.score) for miss in near
    ]


@pytest.mark.parametrize("block_ms", [1, 30, 1000])
def test_live_equals_offline(
    model: ModelFolder, config: Path, speech_file: Path, offline: Heard, block_ms: int
) -> None:
    """Paced, through threads and queues, at any block size: equal decisions and near misses, no hop dropped."""
    result = daemon.run(
        *("--input", speech_file, "--realtime", "--json"),
        *("--model", model.path, "--config", config),
        settings={"KWS_LIVE_AUDIO_BLOCK_MS": str(block_ms)},
    )
    assert result.returncode == 0, result.stderr.decode()
    found = daemon.events(result.stdout)
    assert found[-1]["dropped_hops"] == 0
    heard = [
        (keyword, round(decided_s * SAMPLE_RATE_HZ), score)
        for keyword, decided_s, score in daemon.detections(found) + daemon.near_misses(found)
    ]
    assert same(heard, offline)


@pytest.mark.parametrize(
    ("kind", "runtime"),
    [({}, "int8 streaming"), (WHOLE, "int8"), ({"normalise": True}, "int8")],
    ids=["streams", "group norm", "normalised windows"],
)
def test_any_model_runs_in_the_same_daemon(
    kind: dict[str, Any], runtime: str, speech_file: Path, tmp_path: Path
) -> None:
    """Whether its frames can be kept or not: live, as a file and without threads it decides the same."""
    model = load_model_folder(make_tiny_model(tmp_path / "model", **kind))
    classifier = Classifier(model)
    assert classifier.runtime.name == runtime
    at_default = effective(Config(), model.operating_point)
    source = FileSource(speech_file, BLOCK)
    hops = spot(source, model, classifier, at_default.gate, at_default.decoder)
    usual = float(np.median([hop.scores["no"] for hop in hops]))
    decoder = f"threshold = {usual}\nrelease = {usual * 0.99}\nrefractory_s = 0.1"
    config = tmp_path / "config.toml"
    config.write_text(f"schema = 1\n[decoder]\n{decoder}\n")
    eager = effective(load(config, {}, {}).config, model.operating_point)
    source = FileSource(speech_file, BLOCK)
    expected = [
        (hop.detection.keyword, hop.detection.decided_sample, hop.detection.score)
        for hop in spot(source, model, classifier, eager.gate, eager.decoder)
        if hop.detection
    ]
    assert expected
    for pace in ((), ("--realtime",)):
        common = ("--input", speech_file, "--json", "--model", model.path, "--config", config)
        result = daemon.run(*common, *pace)
        found = daemon.events(result.stdout)
        assert found[0]["runtime"] == runtime
        heard = [
            (keyword, round(decided_s * SAMPLE_RATE_HZ), score)
            for keyword, decided_s, score in daemon.detections(found)
        ]
        assert same(heard, expected)


class Halves:
    """The capture half and the inference half on one ring, as the daemon has them, without threads."""

    def __init__(self, model: ModelFolder, classifier: Classifier, in_force: EffectiveSettings):
        self.ring = Ring(RING_SAMPLES)
        self._intake = Intake(self.ring, ALWAYS_OPEN)
        self._spotter = Spotter(self.ring, classifier, in_force.decoder)
        self._hop_samples = model.hop_samples

    def take(self, samples: Int16Array) -> list[int | Reset]:
        """Take in int16 [n] in blocks; return the work that it makes."""
        work: list[int | Reset] = []
        for start in range(0, len(samples), BLOCK):
            block = Block(as_float(samples[start : start + BLOCK]), SAMPLE_RATE_HZ)
            work += self._work(self._intake.write(self._intake.convert(block)))
        return work

    def skip(self, samples: int) -> list[int | Reset]:
        """Take in a gap; return the work that it makes."""
        return self._work(self._intake.gap(Gap(samples, "device_lost")))

    def infer(self, work: Iterable[int | Reset]) -> dict[int, Float32Array]:
        """Do the work; return the posteriors [labels] by the hop's sample."""
        found = {}
        for item in work:
            if isinstance(item, Reset):
                self._spotter.reset()
            else:
                result = self._spotter.infer(item)
                assert result is not None
                found[item] = result.posterior.values
        return found

    def _work(self, ready: Iterable[Intaken]) -> list[int | Reset]:
        work: list[int | Reset] = []
        for thing in ready:
            if isinstance(thing, Reset):
                work.append(thing)
            elif isinstance(thing, Span):
                work += thing.hops(self._hop_samples)
        return work


@pytest.fixture
def halves(model: ModelFolder, classifier: Classifier, in_force: EffectiveSettings) -> Halves:
    """The pipeline at the start of a stream."""
    return Halves(model, classifier, in_force)


def as_float(samples: Int16Array) -> Float32Array:
    """Return int16 [n] as a source delivers it, float32 [n, 1]."""
    return (samples / 32_768).astype(np.float32)[:, np.newaxis]


def equal(found: dict[int, Float32Array], expected: dict[int, Float32Array]) -> bool:
    """Return whether the hops are the same and their posteriors bit-equal."""
    return list(found) == list(expected) and all(
        np.array_equal(found[hop], expected[hop]) for hop in found
    )


def test_hops_that_waited_while_a_gap_came_are_inferred_on_their_audio(
    halves: Halves,
    model: ModelFolder,
    classifier: Classifier,
    in_force: EffectiveSettings,
    speech: Int16Array,
) -> None:
    """A gap that inference learns of late changes nothing before it."""
    prompt = Halves(model, classifier, in_force)
    expected = prompt.infer(prompt.take(speech)) | prompt.infer(prompt.skip(2 * SAMPLE_RATE_HZ))
    expected |= prompt.infer(prompt.take(speech))
    work = halves.take(speech) + halves.skip(2 * SAMPLE_RATE_HZ) + halves.take(speech)
    assert equal(halves.infer(work), expected)


def test_no_window_spans_a_gap(
    halves: Halves, model: ModelFolder, classifier: Classifier, speech: Int16Array
) -> None:
    """Behind it a window begins with zeros, as at the start of a stream."""
    halves.infer(halves.take(speech))
    gap = 10 * model.hop_samples
    halves.infer(halves.skip(gap))
    start = halves.ring.end_sample
    assert start == len(speech) + gap
    found = halves.infer(halves.take(speech[:SAMPLE_RATE_HZ]))
    assert found
    for hop, posteriors in found.items():
        window = np.zeros(model.window_samples, np.int16)
        heard = speech[: hop - start]
        window[-len(heard) :] = heard[-len(window) :]
        assert np.array_equal(posteriors, classifier.posteriors(window))


@pytest.mark.parametrize("gap", [1, 479, 12_345])
def test_hops_stay_on_the_grid_of_the_stream_behind_a_gap(
    halves: Halves, model: ModelFolder, speech: Int16Array, gap: int
) -> None:
    """However long it was, and none of them lies in it."""
    before = halves.take(speech) + halves.skip(gap)
    behind = [hop for hop in halves.take(speech) if not isinstance(hop, Reset)]
    assert all(hop % model.hop_samples == 0 for hop in behind)
    assert min(behind) > len(speech) + gap
    assert max(hop for hop in before if not isinstance(hop, Reset)) <= len(speech)


def test_arrivals_date_a_sample_by_the_block_that_brought_it() -> None:
    """`sample` is an end, exclusive, as those of windows are."""
    arrivals = Arrivals()
    arrivals.add(480, 100)
    arrivals.add(960, 200)
    assert [arrivals.of(sample) for sample in (1, 480, 481, 960)] == [100, 100, 200, 200]


def test_arrivals_know_nothing_of_the_future() -> None:
    """Nor of anything before the first block."""
    arrivals = Arrivals()
    assert arrivals.of(1) is None
    arrivals.add(480, 100)
    assert arrivals.of(481) is None


def test_arrivals_date_what_the_gate_let_through_apart() -> None:
    """Passing comes after arriving, a span at a time."""
    arrivals = Arrivals()
    arrivals.add(480, 100)
    assert arrivals.of_passing(1) is None
    arrivals.passed(960, 300)
    assert (arrivals.of(480), arrivals.of_passing(480)) == (100, 300)


def test_arrivals_forget_what_is_long_ago() -> None:
    """They never give the wrong block's time instead."""
    arrivals = Arrivals(kept=2)
    for block in range(1, 6):
        arrivals.add(block * 480, block)
    assert arrivals.of(3 * 480) is None
    assert arrivals.of(5 * 480) == 5


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=50), st.data())
def test_arrivals_of_any_blocks(lengths: list[int], data: st.DataObject) -> None:
    """The time is that of the first block that ends at or behind the sample."""
    arrivals = Arrivals()
    ends = np.cumsum(lengths)
    for end in ends:
        arrivals.add(int(end), int(end))
    sample = data.draw(st.integers(1, int(ends[-1])))
    assert arrivals.of(sample) == next(end for end in ends if end >= sample)
