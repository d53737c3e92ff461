"""What the evaluation counts is what the daemon does: the sweep equals running it at each threshold."""

import json
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import daemon
from support.speech import ESPEAK_VOICES, FLITE_VOICES, spoken_stream

from kws_live.config import Config, effective
from kws_live.eval.match import Decision, match
from kws_live.eval.outcomes import Scores
from kws_live.eval.posteriors import Stored, infer
from kws_live.eval.sweep import at_threshold, decisions, scores
from kws_live.eval.tracks import Label, write_track
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Of the words, those that score less than each threshold that is tried."""
WORDS = 10 * daemon.KEYWORDS
"""Said twice, with a pause between in which the gate closes."""
PAUSE_S = 3.0

Heard = list[tuple[str, int]]


@pytest.fixture(scope="module")
def folder() -> ModelFolder:
    """The model that ships."""
    return load_model_folder(find_model("default"))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Label]]:
    """200 words in ten voices, fast and close together over soft noise, with their label track beside them."""
    path = tmp_path_factory.mktemp("words") / "words.wav"
    # Eleven voices for ten words: a word is said by another one each time.
    voices = (*FLITE_VOICES, *ESPEAK_VOICES, "slt")
    hasty = partial(spoken_stream, WORDS, gap_s=(0.0, 0.05), stretch=0.75)
    first, labels = hasty(voices=voices, snr_db=20.0)
    second, again = hasty(voices=voices[::-1], snr_db=10.0)
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ), dtype=np.float32)
    later_s = (len(first) + len(pause)) / SAMPLE_RATE_HZ
    labels += [Label(one.start_s + later_s, one.end_s + later_s, one.text) for one in again]
    audio = np.concatenate((first, pause, second))
    soundfile.write(path, audio, SAMPLE_RATE_HZ, subtype="PCM_16")
    write_track(path.with_suffix(".txt"), labels)
    return path, labels


@pytest.fixture(scope="module")
def stored(folder: ModelFolder, recording: tuple[Path, list[Label]]) -> Stored:
    """What gate and model give for it, once."""
    path, labels = recording
    gate = effective(Config(), folder.operating_point).gate
    return infer([(path, tuple(labels))], folder, Classifier(folder), gate)[0]


@pytest.fixture(scope="module")
def thresholds(folder: ModelFolder, stored: Stored) -> list[float]:
    """Thresholds between few misses and many, whatever the scale of the scores."""
    settings = effective(Config(), folder.operating_point).decoder
    keywords = tuple(settings.keywords)
    scored = scores(stored, folder.labels, keywords, settings.smoothing_s)
    of = Scores(stored, scored, keywords)
    highest = [score for keyword in keywords for score in of.of_words(keyword)]
    return [round(float(value), 4) for value in np.quantile(highest, SHARES)]


def swept(folder: ModelFolder, stored: Stored, threshold: float) -> list[Decision]:
    """What the sweep decides at one threshold for all keywords."""
    settings = effective(Config(), folder.operating_point).decoder
    return decisions(stored, folder.labels, at_threshold(settings, threshold))


@cache
def commanded(path: Path, threshold: float) -> Heard:
    """What the installed daemon detects, with the sample of each decision; run once for each threshold."""
    result = daemon.run("--input", path, "--json", "--threshold", str(threshold))
    assert result.returncode == 0, result.stderr.decode()
    return [
        (keyword, round(decided_s * SAMPLE_RATE_HZ))
        for keyword, decided_s, _ in daemon.detections(daemon.events(result.stdout))
    ]


def in_samples(found: list[Decision]) -> Heard:
    """The same form for decisions."""
    return [(one.keyword, round(one.decided_s * SAMPLE_RATE_HZ)) for one in found]


@pytest.mark.parametrize("number", range(len(SHARES)))
def test_the_sweep_decides_what_the_daemon_decides(
    folder: ModelFolder,
    recording: tuple[Path, list[Label]],
    stored: Stored,
    thresholds: list[float],
    number: int,
) -> None:
    """The same keywords at the same samples, at every threshold."""
    threshold = thresholds[number]
    found = in_samples(swept(folder, stored, threshold))
    assert found == commanded(recording[0], threshold)


def test_the_thresholds_make_a_difference(
    folder: ModelFolder, stored: Stored, thresholds: list[float]
) -> None:
    """Each gives a list of its own, there are hits and misses, and the gate closes: the test can fail."""
    assert stored.duration_s - stored.open_s > 1.0
    lists = [swept(folder, stored, threshold) for threshold in thresholds]
    assert len({tuple(in_samples(one)) for one in lists}) == len(SHARES)
    keywords = daemon.KEYWORDS
    for found in lists:
        result = match(found, stored.labels, keywords, stored.duration_s)
        assert len(result.hits) + len(result.misses) == 2 * len(WORDS) >= 200
        assert result.hits
        assert result.misses


def test_the_command_counts_what_the_daemon_detects(
    recording: tuple[Path, list[Label]], thresholds: list[float]
) -> None:
    """Each outcome of `eval stream` that has a decision is a detection of the daemon, and no other is."""
    path, labels = recording
    threshold = thresholds[2]
    result = daemon.run("eval", "stream", path, "--json", "--threshold", str(threshold))
    assert result.returncode == 0, result.stderr.decode()
    document = json.loads(result.stdout)
    outcomes = [
        one for one in document["recordings"][0]["outcomes"] if one["decided_s"] is not None
    ]
    heard = [
        (one["keyword"], round(one["decided_s"] * SAMPLE_RATE_HZ))
        for one in sorted(outcomes, key=lambda one: one["decided_s"])
    ]
    assert heard == commanded(path, threshold)
    assert document["point"]["all"]["words"] == len(labels)
