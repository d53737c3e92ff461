"""Clips of single words, each heard as a stream of its own."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from support import daemon

from kws_live.config import Config, EffectiveSettings, effective
from kws_live.errors import InputError
from kws_live.eval.clip_counts import ClipCounts, Share, detected, heard_as
from kws_live.eval.clip_runs import ClipRun, find_all_clips, run_clips
from kws_live.eval.intervals import binomial_interval
from kws_live.eval.report.clips import clips_csv, clips_document, clips_table
from kws_live.eval.report.measured import model_of
from kws_live.eval.tracks import read_track
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ, Detection, Int16Array

KEYWORDS = ("go", "stop")


@pytest.fixture(scope="module")
def folder() -> ModelFolder:
    """The model that ships."""
    return load_model_folder(find_model("default"))


@pytest.fixture(scope="module")
def settings(folder: ModelFolder) -> EffectiveSettings:
    """Its own settings."""
    return effective(Config(), folder.operating_point)


def demo_words() -> dict[str, Int16Array]:
    """Each word of the demo recording from half a second before it up to its very end."""
    audio, _ = soundfile.read(daemon.DEMO / "demo.flac", dtype="int16")
    labels = read_track(daemon.DEMO / "demo.txt")
    return {
        label.text: audio[round((label.start_s - 0.5) * 16_000) : round(label.end_s * 16_000)]
        for label in labels
    }


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three keywords, one of them also 3 s into a long clip; two other words; silence."""
    root = tmp_path_factory.mktemp("clips")
    said = demo_words()
    zeros = np.zeros(SAMPLE_RATE_HZ, np.int16)
    files = {f"{word}/demo.wav": said[word] for word in ("stop", "yes", "down", "happy", "garden")}
    files["stop/late.flac"] = np.concatenate((zeros, zeros, zeros, said["stop"]))
    files["_silence_/0.wav"] = files["_background_noise_/long.wav"] = zeros
    for name, audio in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        soundfile.write(root / name, audio, SAMPLE_RATE_HZ)
    return root


@pytest.fixture(scope="module")
def runs(clips: Path, folder: ModelFolder, settings: EffectiveSettings) -> list[ClipRun]:
    """What becomes of them."""
    return run_clips(find_all_clips(clips), folder, Classifier(folder), settings)


def test_silence_and_unknown_words_are_found_and_noise_is_not(clips: Path) -> None:
    """`_silence_` and `_unknown_` hold clips of those classes; other names with an underscore hold no words."""
    words = [clip.word for clip in find_all_clips(clips)]
    assert words == ["down", "garden", "happy", "stop", "stop", "yes", "_silence_"]


def test_a_folder_without_clips_is_refused(tmp_path: Path) -> None:
    """With what it should hold."""
    with pytest.raises(InputError, match="folder per word"):
        find_all_clips(tmp_path)


def test_a_word_that_ends_with_its_clip_is_still_detected(runs: list[ClipRun]) -> None:
    """There is silence behind the clip in which the decision can come."""
    heard = {run.path.parent.name: heard_as(run) for run in runs if run.path.stem == "demo"}
    assert [heard[word] for word in ("stop", "yes", "down")] == ["stop", "yes", "down"]


def test_other_words_and_silence_set_nothing_off(runs: list[ClipRun]) -> None:
    """Neither of these two, nor zeros."""
    others = [run for run in runs if run.word in ("happy", "garden", "_silence_")]
    assert [detected(run) for run in others] == [(), (), ()]


def test_all_of_a_long_clip_is_heard(runs: list[ClipRun]) -> None:
    """The word comes after three seconds; the model's guess is made on the middle of the clip alone."""
    (late,) = (run for run in runs if run.path.name == "late.flac")
    assert detected(late) == ("stop",)
    assert late.detections[0].decided_sample > 3 * SAMPLE_RATE_HZ
    assert late.guess == "_silence_"


def test_runs_come_in_the_order_of_the_clips_and_progress_counts_them(
    clips: Path, folder: ModelFolder, settings: EffectiveSettings
) -> None:
    """However many threads there are."""
    found = find_all_clips(clips)
    steps: list[float] = []
    several = run_clips(
        found, folder, Classifier(folder), settings, progress=steps.append, workers=4
    )
    assert [run.path for run in several] == [clip.path for clip in found]
    assert sum(steps) == len(found)


def test_a_damaged_clip_is_named(
    tmp_path: Path, folder: ModelFolder, settings: EffectiveSettings
) -> None:
    """One among many."""
    (tmp_path / "go").mkdir()
    (tmp_path / "go" / "broken.wav").write_bytes(b"RIFF")
    with pytest.raises(InputError, match=r"broken\.wav"):
        run_clips(find_all_clips(tmp_path), folder, Classifier(folder), settings)


def made(word: str, *heard: str, guess: str = "_unknown_") -> ClipRun:
    """A run with these detections."""
    detections = tuple(Detection(one, 0.9, 0.8, 8_000, 0, 8_000) for one in heard)
    label = word if word in (*KEYWORDS, "_silence_") else "_unknown_"
    return ClipRun(Path(f"{word}/x.wav"), word, label, 1.0, detections, guess, 0.9)


COUNTS = ClipCounts(
    KEYWORDS,
    [
        made("go", "go", guess="go"),
        made("go", "stop", guess="stop"),
        made("go", "stop", "go", guess="go"),
        made("stop", guess="stop"),
        made("house", "go"),
        made("house", guess="go"),
        made("_silence_", guess="_silence_"),
    ],
)


def test_a_clip_is_missed_if_its_own_word_was_not_among_the_detections() -> None:
    """Whatever else was."""
    assert COUNTS.missed == {"go": Share(1, 3), "stop": Share(1, 1)}
    assert COUNTS.all_missed == Share(2, 4)


def test_a_false_accept_is_a_keyword_in_a_clip_of_another_word() -> None:
    """Counted over all clips of other words, those of keywords and silence among them."""
    assert COUNTS.false == {"go": Share(1, 4), "stop": Share(2, 6)}


def test_words_that_set_off_the_most_come_first() -> None:
    """By the share of their clips, a hit beside it or not."""
    assert list(COUNTS.false_by_word.items()) == [
        ("go", Share(2, 3)),
        ("house", Share(1, 2)),
        ("stop", Share(0, 1)),
        ("_silence_", Share(0, 1)),
    ]


def test_the_confusion_holds_each_clip_once() -> None:
    """By its own word if that was detected, else by what came first."""
    assert sum(COUNTS.confusion.values()) == len(COUNTS.runs)
    assert COUNTS.confusion[("go", "go")] == 2
    assert COUNTS.confusion[("go", "stop")] == 1
    assert COUNTS.confusion[("stop", None)] == 1


def test_the_models_own_accuracy_is_by_class() -> None:
    """All words that are no keyword are `_unknown_`."""
    assert COUNTS.right == {
        "go": Share(2, 3),
        "stop": Share(1, 1),
        "_unknown_": Share(1, 2),
        "_silence_": Share(1, 1),
    }
    assert COUNTS.all_right == Share(5, 7)
    assert COUNTS.all_right.ci95 == binomial_interval(5, 7)


def test_the_models_own_accuracy_does_not_depend_on_what_is_listened_for() -> None:
    """A clip of a keyword that is not listened for is no `_unknown_` to the model."""
    only_go = ClipCounts(("go",), COUNTS.runs)
    assert only_go.right == COUNTS.right
    assert list(only_go.missed) == ["go"]


def test_the_models_own_accuracy_is_taken_without_the_prior_of_running_speech(
    clips: Path, folder: ModelFolder, settings: EffectiveSettings, runs: list[ClipRun]
) -> None:
    """However much `_unknown_` weighs in the pipeline."""
    heavy = replace(folder, unknown_weight=1e9)
    found = run_clips(find_all_clips(clips), heavy, Classifier(heavy), settings)
    assert [(run.guess, run.posterior) for run in found] == [(r.guess, r.posterior) for r in runs]
    assert not any(run.detections for run in found)


def test_nothing_of_nothing_is_no_share() -> None:
    """None, not zero."""
    assert Share(0, 0).value is None
    assert Share(0, 0).ci95 is None


def test_clips_are_told_as_table_json_and_csv(
    runs: list[ClipRun], folder: ModelFolder, settings: EffectiveSettings
) -> None:
    """The same figures in each."""
    counts = ClipCounts(folder.keywords, runs)
    model = model_of(folder, Classifier(folder))
    shown = clips_table(counts, model, settings, Console(width=80))
    assert max(map(len, shown.splitlines())) <= 80
    assert any(line.startswith("stop ") and " 2 " in line for line in shown.splitlines())
    found = json.loads(json.dumps(clips_document(counts, model, settings), allow_nan=False))
    assert found["keywords"]["stop"]["missed"] == {
        "count": 0,
        "of": 2,
        "share": 0.0,
        "ci95": list(binomial_interval(0, 2)),
    }
    rows = list(csv.DictReader(io.StringIO(clips_csv(counts))))
    assert [row["word"] for row in rows] == [run.word for run in runs]
    assert [row["detected"] for row in rows if row["word"] == "stop"] == ["stop", "stop"]


def test_no_cell_is_a_formula_to_a_spreadsheet() -> None:
    """A text stands behind an apostrophe, as OWASP advises; a path still names its file."""
    run = ClipRun(Path("=cmd/-1.wav"), "=cmd", "_unknown_", 1.0, (), "-go", 0.5)
    (row,) = csv.DictReader(io.StringIO(clips_csv(ClipCounts(KEYWORDS, [run]))))
    assert (row["path"], row["word"], row["guess"]) == ("./=cmd/-1.wav", "'=cmd", "'-go")
