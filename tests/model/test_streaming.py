"""However the windows come, streamed, many at once or one by one: each has the posteriors of its own audio."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from support import daemon
from support.tiny_model import WHOLE, make_tiny_model, sounds

from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.stages.ring import Ring
from kws_live.types import Float32Array, Int16Array

LARGEST_FLOAT_ERROR = 1e-4
"""Of a streamed window."""
LARGEST_SPAN_ERROR = 1e-5
MOST_HOPS = 40

Made = Callable[[str], Classifier]
KINDS = (
    "default int8",
    "default float32",
    "tiny int8",
    "tiny float32",
    "tiny whole",
    "tiny normalised",
)
STREAMING = KINDS[:4]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelFolder]:
    """The model that ships, and small ones of each kind."""
    home = tmp_path_factory.mktemp("models")
    paths = {
        "default": find_model("default"),
        "tiny": make_tiny_model(home / "tiny"),
        "tiny whole": make_tiny_model(home / "whole", **WHOLE),
        "tiny normalised": make_tiny_model(home / "normalised", normalise=True),
    }
    return {name: load_model_folder(path) for name, path in paths.items()}


@pytest.fixture(scope="module")
def made(folders: dict[str, ModelFolder]) -> Made:
    """Give a classifier by its kind, opened once."""
    opened: dict[str, Classifier] = {}

    def classifier(kind: str) -> Classifier:
        if kind not in opened:
            model, _, runtime = kind.partition(" ")
            folder = folders.get(kind) or folders[model]
            wanted = [one for one in folder.runtimes if one.name.split()[0] == runtime]
            chosen = tuple(wanted) or folder.runtimes
            opened[kind] = Classifier(dataclasses.replace(folder, runtimes=chosen))
        return opened[kind]

    return classifier


@pytest.fixture(scope="module")
def audio() -> Int16Array:
    """Some seconds of words, then of tones, int16 [n]."""
    words, _ = soundfile.read(daemon.DEMO / "demo.flac", dtype="int16")
    return np.concatenate((words[:48_000], *sounds(3)))


def agree(
    classifier: Classifier,
    found: Float32Array,
    expected: Float32Array,
    float_error: float = LARGEST_FLOAT_ERROR,
) -> bool:
    """Return whether posteriors are equal: bit for bit where the runtime is int8."""
    if classifier.runtime.name.startswith("int8"):
        return np.array_equal(found, expected)
    return bool(np.abs(found - expected).max() <= float_error)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_folder_offers_decides_whether_frames_are_kept(made: Made, kind: str) -> None:
    """Group norm and normalised windows make every frame depend on the whole window."""
    assert made(kind).runtime.streams == (kind in STREAMING)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_streamed_windows_are_those_of_the_audio(
    made: Made, audio: Int16Array, kind: str, data: st.DataObject
) -> None:
    """Whatever hops are inferred: in a row, after skipped ones, a pause of the gate, a gap, or a reset."""
    classifier = made(kind)
    hop = classifier.hop_samples
    ring = Ring(30 * 16_000)
    stream = classifier.stream(ring.read)
    for _ in range(data.draw(st.integers(1, 3), "stretches")):
        start = data.draw(st.integers(0, len(audio) - 20 * hop), "start")
        heard = audio[start : start + data.draw(st.integers(hop, 25 * hop), "samples")]
        begin = ring.end_sample
        ring.write(heard)
        grid = [at for at in range(0, ring.end_sample + 1, hop) if at > begin]
        # The gate lets some hops through, in runs.
        runs = data.draw(st.lists(st.tuples(st.booleans(), st.integers(1, 12))), "gate")
        passed = [is_open for is_open, count in runs for _ in range(count)]
        for end, is_open in zip(grid, passed, strict=False):
            if not is_open:
                continue
            window = ring.read(end - classifier.window_samples, end)
            found = stream.posteriors(end)
            assert window is not None
            assert found is not None
            assert agree(classifier, found, classifier.posteriors(window))
            if data.draw(st.integers(0, 9), "needless reset") == 0:
                stream.reset()
        ring.skip(data.draw(st.integers(1, 20_000), "gap"))
        stream.reset()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hops", [1, 2, 7, 8, 9, 33, MOST_HOPS])
def test_a_span_gives_what_its_windows_do(
    made: Made, audio: Int16Array, kind: str, hops: int
) -> None:
    """However many they are: the last batch may be small."""
    classifier = made(kind)
    span = audio[: classifier.window_samples + (hops - 1) * classifier.hop_samples]
    ends = range(classifier.window_samples, len(span) + 1, classifier.hop_samples)
    found = classifier.span_posteriors(span)
    expected = [classifier.posteriors(span[end - classifier.window_samples : end]) for end in ends]
    assert found.shape == (hops, len(classifier.labels))
    assert agree(classifier, found, np.array(expected), LARGEST_SPAN_ERROR)


def test_where_batches_mix_windows_each_is_computed_alone(
    folders: dict[str, ModelFolder], audio: Int16Array
) -> None:
    """As dynamic int8 does: one window's scale would be another's."""
    folder = folders["tiny"]
    runtime = dataclasses.replace(folder.runtimes[1], batches=False)
    classifier = Classifier(dataclasses.replace(folder, runtimes=(runtime,)))
    span = audio[: classifier.window_samples + 9 * classifier.hop_samples]
    stream = classifier.stream(lambda start, end: span[start:end])
    ends = range(classifier.window_samples, len(span) + 1, classifier.hop_samples)
    streamed = np.array([stream.posteriors(end) for end in ends])
    assert np.array_equal(classifier.span_posteriors(span), streamed)


@pytest.mark.parametrize("kind", STREAMING)
def test_only_new_audio_is_read(made: Made, audio: Int16Array, kind: str) -> None:
    """At first a whole window, then what the frames of one hop see, after a pause as much as was missed."""
    classifier = made(kind)
    hop, window = classifier.hop_samples, classifier.window_samples
    asked: list[int] = []

    def read(start: int, end: int) -> Int16Array:
        asked.append(end - start)
        return audio[start:end]

    stream = classifier.stream(read)
    for end in (10 * hop, 11 * hop, 12 * hop, 15 * hop, 35 * hop):
        stream.posteriors(end)
    first, second, third, after_three, anew = asked
    assert (first, anew) == (window, window)
    assert hop <= second == third < hop + 1_000
    assert after_three == second + 2 * hop


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_may_be_asked_for_again(made: Made, audio: Int16Array, kind: str) -> None:
    """Or an earlier one: it costs as much as the first, and is the same."""
    classifier = made(kind)
    hop, window = classifier.hop_samples, classifier.window_samples
    stream = classifier.stream(lambda start, end: audio[start:end])
    for end in (12 * hop, 13 * hop, 13 * hop, 11 * hop, 12 * hop):
        found = stream.posteriors(end)
        assert found is not None
        assert agree(classifier, found, classifier.posteriors(audio[end - window : end]))


@pytest.mark.parametrize("kind", KINDS)
def test_audio_that_is_gone_gives_nothing_and_the_stream_goes_on(
    made: Made, audio: Int16Array, kind: str
) -> None:
    """As after a computer slept in the middle of it."""
    classifier = made(kind)
    ring = Ring(2 * 16_000)
    stream = classifier.stream(ring.read)
    ring.write(audio[:32_000])
    assert stream.posteriors(32_000) is not None
    for _ in range(5):
        ring.write(audio[:16_000])
    assert stream.posteriors(33_600) is None
    window = ring.read(ring.end_sample - classifier.window_samples, ring.end_sample)
    assert window is not None
    found = stream.posteriors(ring.end_sample)
    assert found is not None
    assert agree(classifier, found, classifier.posteriors(window))
