"""What was asked of the model, against what was measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import accuracy_texts, common, model_texts, quality_texts, streams_texts
from benchmarks.accuracy_figures import condition_figures
from benchmarks.accuracy_windows import Windows
from benchmarks.quality_texts import verdict

STAMP = {"date": "2026-01-02T03:04:05+00:00", "commit": "ab", "machine": {"cores": 2, "cpu": "X"}}
FILES = {"model.onnx": "12"}


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for results, and a model of one file."""
    (tmp_path / "kws.json").write_text(json.dumps({"sha256": FILES}))
    monkeypatch.setattr(model_texts, "MODEL", tmp_path)
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    return tmp_path


def keep(results: Path, benchmark: str, **figures: Any) -> None:
    (results / f"{benchmark}.jsonl").write_text(json.dumps(STAMP | figures) + "\n")


def share(value: float, n: int = 2000) -> dict[str, Any]:
    ci95 = [round(value - 0.02, 4), round(min(1.0, value + 0.02), 4)]
    return {"n": n, "right": round(value * n), "accuracy": value, "ci95": ci95}


def condition(float32: float, int8: float, groups: tuple[str, ...] = ()) -> dict[str, Any]:
    """One condition in which all classes and groups fare alike."""

    def runtime(value: float) -> dict[str, Any]:
        parts = {name: share(value, 100) for name in groups}
        return {**share(value), "classes": {"yes": share(value, 180)}, "groups": parts}

    lost = {"only_float32_right": 9, "only_int8_right": 5, "share": 0.002, "ci95": [-0.001, 0.005]}
    return {
        "windows": 2000,
        "clusters": {"voice": 10, "speaker": 99},
        "runtimes": {"float32": runtime(float32), "int8": runtime(int8)},
        "lost": lost,
    }


def accuracy(**changes: Any) -> dict[str, Any]:
    """What benchmarks.accuracy publishes."""
    bins = [{"n": 0, "right": 0, "confidence": None}] * 14 + [
        {"n": 50, "right": 45, "confidence": 0.97}
    ]
    calibration = {"n": 2000, "ece": 0.025, "ci95": [0.018, 0.031], "bins": bins}
    return {
        "sha256": FILES,
        "labels": ["yes", "_unknown_"],
        "test": {"clips": 2000, "speakers": 99},
        "noise": {"kinds": ["rain", "chainsaw"], "snr_db": 10.0},
        "rooms": {"count": 80, "rt60_s": [0.3, 0.8], "distance_m": [1.0, 4.0]},
        "conditions": {
            "clean": condition(0.95, 0.948),
            "noise": condition(0.94, 0.935, ("rain", "chainsaw")),
            "rooms": condition(0.86, 0.86),
            "voices": condition(0.9, 0.9, ("flite slt",)),
        },
        "calibration": {"float32": calibration, "int8": calibration},
        **changes,
    }


def row(text: str, beginning: str) -> str:
    """The row of a table that begins so."""
    (found,) = (line for line in text.splitlines() if line.startswith(f"| {beginning}"))
    return found


def test_each_row_tells_what_was_asked_and_whether_it_is_kept(results: Path) -> None:
    """int8 is judged; what is hoped for tells more only where the bar is kept."""
    keep(results, "accuracy", **accuracy())
    text = quality_texts.quality(results)
    assert row(text, "test clips named rightly, 12") == (
        "| test clips named rightly, 12 classes | ≥ 94.5 % | ≥ 97 % | int8 94.8 % (92.8 – 96.8), "
        "float32 95.0 % (93.0 – 97.0) of 2,000 | met | `accuracy` |"
    )
    assert "| met, the hope too |" in row(text, "the same in chainsaw")
    assert "| **missed** |" in row(text, "the same in simulated rooms")
    assert (
        "| ≤ 0.3 points | ≤ 0.1 points | 0.20 (-0.10 – 0.50) points; right in float32 alone 9, in int8 alone 5 "
        "of 2,000 | met |" in row(text, "int8 loses")
    )
    assert "int8 2.5 % (1.8 – 3.1), float32" in row(text, "calibration error")


def test_what_was_not_measured_is_no_verdict(results: Path) -> None:
    """Neither met nor missed."""
    text = quality_texts.quality(results)
    assert "met" not in text
    assert "missed**" not in text
    assert text.count("not measured yet") == len(text.splitlines()) - 2


def test_figures_of_other_files_are_none(results: Path) -> None:
    """A model that was exported anew has to be measured anew."""
    keep(results, "accuracy", **accuracy(sha256={"model.onnx": "another"}))
    for table in (
        accuracy_texts.accuracy,
        accuracy_texts.accuracy_words,
        accuracy_texts.calibration,
    ):
        assert table(results) == "Not measured yet: `python -m benchmarks.accuracy` does it."
    assert "94.8" not in quality_texts.quality(results)


def rates(missed: float, fa_per_hour: float) -> dict[str, Any]:
    return {
        "words": 1000,
        "frr": missed,
        "frr_ci95": [missed - 0.01, missed + 0.01],
        "fa_per_hour": fa_per_hour,
        "fa_per_hour_ci95": [0.1, 9.9],
    }


def point(clean: float, noisy: float, fa_per_hour: float) -> dict[str, Any]:
    return {
        "all": rates(clean, fa_per_hour),
        "conditions": {"clean": rates(clean, fa_per_hour), "10": rates(noisy, fa_per_hour)},
        "keywords": {"yes": {}, "no": {}},
    }


@pytest.mark.parametrize(
    ("missed", "fa_per_hour", "wanted"),
    [(0.09, 1.9, "met"), (0.11, 1.9, "**missed**"), (0.09, 2.1, "**missed**")],
)
def test_missed_words_count_only_at_few_enough_false_accepts(
    results: Path, missed: float, fa_per_hour: float, wanted: str
) -> None:
    """Two words, one an hour of each: two of both."""
    figures = {
        "sha256": FILES,
        "conditions": ["clean", "10"],
        "targets": [point(missed, 0.12, fa_per_hour) | {"target_fa_per_hour": 1.0}],
        "summed": point(0.2, 0.3, 1.5) | {"target_fa_per_hour": 2.0},
        "shipped": point(0.08, 0.12, 1.0),
    }
    keep(results, "operating_point", **figures)
    text = quality_texts.quality(results)
    assert f"| {wanted} |" in row(text, "words missed in streams")
    assert "20.0 % (19.0 – 21.0) of 1,000 at 1.5 an hour" in row(text, "words missed in streams")
    assert "| met, the hope too |" in row(text, "false accepts of all words")


def test_each_system_stands_by_its_better_way_of_choosing(results: Path) -> None:
    """Pocketsphinx by one threshold, kws-live by one a word; a bar it can't keep is no figure."""
    bar = {
        "fa_per_hour": 5,
        "one_threshold": {"kws-live": rates(0.5, 5), "pocketsphinx": rates(0.6, 5)},
        "threshold_per_word": {"kws-live": rates(0.15, 5), "pocketsphinx": None},
    }
    keep(results, "detection", curves={"kws-live": {}, "pocketsphinx": {}}, bars=[bar])
    found = row(quality_texts.quality(results), "words missed beside pocketsphinx, ≤ 5")
    assert "15.0 % (14.0 – 16.0) of 1,000 against 60.0 % (59.0 – 61.0) of 1,000: 0.25" in found
    assert found.endswith("| met | `detection` |")


def test_agreement_is_judged_by_the_farthest_posterior(results: Path) -> None:
    """And the share of equal labels by its count."""
    figures = {
        "largest_difference": 2e-4,
        "same_label_share": 0.996,
        "same_label_ci95": [0.99, 0.998],
    }
    keep(results, "agreement", sha256=FILES, windows=2000, same_label_weighted=1980, **figures)
    text = quality_texts.quality(results)
    assert "at most 2.0e-04 in 2,000 clips | **missed** |" in row(text, "float32 posteriors")
    assert "99.60 % (99.00 – 99.80) of 2,000; with `_unknown_` weighted" in row(text, "top label")
    assert "99.00 % | met |" in row(text, "top label")


def test_conditions_stand_in_both_runtimes_with_their_kinds_of_noise(results: Path) -> None:
    """Then the calibration."""
    keep(results, "accuracy", **accuracy())
    text = accuracy_texts.accuracy(results)
    assert "2,000 test clips by 99 people, and 10 synthetic voices" in text
    assert (
        "| rain, chainsaw at 10 dB | 2,000 | 94.0 % (92.0 – 96.0) | 93.5 % (91.5 – 95.5) | 0.20 (-0.10 – 0.50) |"
        in text
    )
    assert "| … rain | 100 | 94.0 % (92.0 – 96.0) | 93.5 % (91.5 – 95.5) |  |" in text
    assert "| 80 rooms, RT60 0.3 – 0.8 s, 1 – 4 m | 2,000 |" in text
    assert "float32 2.5 % (1.8 – 3.1), int8 2.5 % (1.8 – 3.1)." in text


def test_each_class_and_voice_has_its_count(results: Path) -> None:
    """A class that a condition lacks is a dash."""
    keep(results, "accuracy", **accuracy())
    text = accuracy_texts.accuracy_words(results)
    assert "| yes | 171 of 180, 95.0 % (93.0 – 97.0) |" in text
    assert "| `_unknown_` | – | – | – | – |" in text
    assert "| flite slt | 90 of 100, 90.0 %" in text
    assert "| 0.93 – 1.00 | 0.97, 0.90 (45 of 50) |" in accuracy_texts.calibration(results)


def test_the_texts_read_what_the_benchmark_writes(results: Path) -> None:
    """With windows of two speakers in place of a test folder."""
    import numpy as np

    posteriors = np.array([[0.9, 0.1], [0.4, 0.6]], np.float32)
    judged = Windows(
        np.zeros((2, 4), np.int16),
        np.array([0, 0]),
        {"speaker": ["a", "b"], "voice": ["a", "b"]},
        ["x", "y"],
    )
    found = condition_figures(
        judged, {"float32": posteriors, "int8": posteriors}, ["yes", "_unknown_"]
    )
    conditions = dict.fromkeys(("clean", "noise", "rooms", "voices"), found)
    keep(results, "accuracy", **accuracy(conditions=conditions))
    assert "| as recorded | 2 | 50.0 % (" in accuracy_texts.accuracy(results)
    assert "| x | 1 of 1, 100.0 % (" in accuracy_texts.accuracy_words(results)
    assert "of 2 | **missed** |" in row(
        quality_texts.quality(results), "test clips named rightly, 12"
    )


def test_a_hope_tells_nothing_where_the_bar_is_missed() -> None:
    """It may be of another figure."""
    assert [verdict(True), verdict(True, True), verdict(False, True)] == [
        "met",
        "met, the hope too",
        "**missed**",
    ]


def test_words_in_streams_stand_under_chosen_and_shipped_thresholds(results: Path) -> None:
    """Each word with its own counts."""

    def counted(misses: int, false_accepts: int) -> dict[str, Any]:
        word = {
            "words": 100,
            "misses": misses,
            "false_accepts": false_accepts,
            "negative_hours": 4.0,
        }
        return {"conditions": {name: {"keywords": {"yes": word}} for name in ("clean", "10")}}

    chosen = counted(20, 3) | {"target_fa_per_hour": 1.0, "keywords": {"yes": {}}}
    figures = {"conditions": ["clean", "10"], "targets": [chosen], "shipped": counted(8, 5)}
    keep(results, "operating_point", sha256=FILES, **figures)
    text = streams_texts.streams_words(results)
    assert (
        "| word | missed, clean | missed, 10 dB | set off wrongly | as shipped: missed, clean |"
        in text
    )
    assert row(text, "yes") == (
        "| yes | 20 of 100 (13 – 29 %) | 20 of 100 (13 – 29 %) | 3 in 4.00 h (0.15 – 2.2 an hour) | "
        "8 of 100 (4 – 15 %) | 5 in 4.00 h (0.41 – 2.9 an hour) |"
    )
