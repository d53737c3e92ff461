"""Generated sections: made from results, checked, and never half."""

import json
from pathlib import Path

import pytest

from benchmarks import common, model_texts, table_texts, tables
from benchmarks.tables import MarkerError, update

BEGIN, END = "<!-- table:speed begin -->", "<!-- table:speed end -->"
TABLES = {"speed": lambda folder: "| fast |", "size": lambda folder: "| small |"}
REQUIRED = {"README.md": ("speed",)}


def checkout(tmp_path: Path, readme: str) -> Path:
    """A checkout with that README and nothing else to fill."""
    (tmp_path / "models/default").mkdir(parents=True)
    (tmp_path / "models/default/README.md").write_text("a card without sections\n")
    (tmp_path / "README.md").write_text(readme)
    return tmp_path


def test_a_section_is_written_and_then_fresh(tmp_path: Path) -> None:
    """Only what stands between the markers changes."""
    root = checkout(tmp_path, f"before\n{BEGIN}\n| slow |\n{END}\nafter\n")
    assert update(root, TABLES, REQUIRED, write=True) == ["README.md"]
    assert (root / "README.md").read_text() == f"before\n{BEGIN}\n| fast |\n{END}\nafter\n"
    assert update(root, TABLES, REQUIRED, write=False) == []


def test_checking_names_the_stale_document_and_leaves_it(tmp_path: Path) -> None:
    """Whoever made it stale is told where, and nothing is written behind their back."""
    root = checkout(tmp_path, f"{BEGIN}\n| slow |\n{END}\n")
    assert update(root, TABLES, REQUIRED, write=False) == ["README.md"]
    assert "| slow |" in (root / "README.md").read_text()


def test_sections_are_found_in_the_docs_too(tmp_path: Path) -> None:
    """Any page of docs/ may hold any table, two of them as well."""
    root = checkout(tmp_path, f"{BEGIN}\n| fast |\n{END}\n")
    (root / "docs").mkdir()
    size = "<!-- table:size begin -->\n<!-- table:size end -->\n"
    (root / "docs/figures.md").write_text(f"{size}text\n{BEGIN}\n{END}\n")
    assert update(root, TABLES, REQUIRED, write=True) == ["docs/figures.md"]
    assert (root / "docs/figures.md").read_text() == (
        "<!-- table:size begin -->\n| small |\n<!-- table:size end -->\ntext\n"
        f"{BEGIN}\n| fast |\n{END}\n"
    )


@pytest.mark.parametrize(
    ("readme", "complaint"),
    [
        ("nothing here\n", "README.md lacks the section speed"),
        (f"{BEGIN}\n", "has no partner"),
        (f"{END}\n{BEGIN}\n", "has no partner"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n{END}\n", "has no partner"),
        (f"{BEGIN}\n<!-- table:size end -->\n", "has no partner"),
        (f"{BEGIN}\n{END}\n<!-- table:sped begin -->\n", "no table 'sped'; there are size, speed"),
    ],
)
def test_markers_that_make_no_sense_are_named(tmp_path: Path, readme: str, complaint: str) -> None:
    """A missing marker would let a figure go stale unseen."""
    with pytest.raises(MarkerError, match=complaint):
        update(checkout(tmp_path, readme), TABLES, REQUIRED, write=True)


def test_a_required_document_must_be_there(tmp_path: Path) -> None:
    """One that was renamed is missed."""
    root = checkout(tmp_path, f"{BEGIN}\n| fast |\n{END}\n")
    with pytest.raises(MarkerError, match=r"docs/benchmarks\.md lacks the section size"):
        update(root, TABLES, {"docs/benchmarks.md": ("size",)}, write=False)


def test_the_command_fails_while_a_document_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make lint` stops there, and says what to run."""
    monkeypatch.setattr(tables, "ROOT", checkout(tmp_path, f"{BEGIN}\n{END}\n"))
    monkeypatch.setattr(tables, "TABLES", TABLES)
    monkeypatch.setattr(tables, "REQUIRED", REQUIRED)
    monkeypatch.setattr("sys.argv", ["tables", "--check"])
    with pytest.raises(SystemExit) as stopped:
        tables.main()
    assert stopped.value.code == 1
    assert capsys.readouterr().out == "README.md: stale, run make tables\n"

    monkeypatch.setattr("sys.argv", ["tables"])
    with pytest.raises(SystemExit) as stopped:
        tables.main()
    assert stopped.value.code == 0


def test_the_newest_line_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results are kept; tables show the last."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    figures = {
        "date": "2026-01-02T03:04:05+00:00",
        "commit": "abc",
        "machine": {"cores": 2, "cpu": "Some CPU"},
        "hours": 5.0,
        "labels": 1234,
        "thresholds": 80,
        "wall_s": 300.0,
        "cpu_s": 540.0,
        "model_cpu_s": 480.0,
        "after_model_s": 1.25,
        "memory_mb": 321.4,
        "targets": {"wall_s_per_hour": 24.0},
    }
    lines = [json.dumps(figures | {"wall_s": wall_s}) for wall_s in (999.0, 300.0)]
    (tmp_path / "eval_speed.jsonl").write_text("\n".join(lines) + "\n")
    text = table_texts.eval_speed(tmp_path)
    assert "1,234 labels, 80 thresholds swept: 5.0 minutes, 1.2 seconds of them after" in text
    assert "9.0 minutes of processor time, the model 8.0 of them, and at most 321 MB" in text
    assert "Asked: an hour of audio ≤ 24 s – **missed**, 60.0 s." in text
    assert "Measured on 2026-01-02, commit abc, 2 cores of Some CPU." in text


def test_what_was_not_measured_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And which command would."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    for table in (
        table_texts.coverage,
        table_texts.detection,
        table_texts.eval_speed,
        table_texts.gate,
        table_texts.operating_points,
    ):
        assert table(tmp_path).startswith("Not measured yet: `python -m benchmarks.")


def test_a_result_of_an_older_form_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lacks what the table shows now: that was not measured yet."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    (tmp_path / "eval_speed.jsonl").write_text('{"hours": 5.0, "wall_s": 300.0}\n')
    assert common.newest("eval_speed", "hours") == {"hours": 5.0, "wall_s": 300.0}
    assert common.newest("eval_speed", "hours", "memory_mb") is None
    assert table_texts.eval_speed(tmp_path).startswith("Not measured yet")


def test_every_rate_stands_with_its_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of counts without any event too; a rate that can't be had is a dash."""
    monkeypatch.setattr(model_texts, "MODEL", tmp_path)
    counts = {"words": 49, "misses": 5, "false_accepts": 0, "negative_hours": 2.0}
    never = {"words": 0, "misses": 0, "false_accepts": 3, "negative_hours": 2.0}
    settings = {"threshold": 0.87, "release": 0.4, "refractory_s": 1.0}
    measured = {
        "data": "a day of radio",
        "words": 49,
        "frr": 0.102,
        "frr_ci95": [0.034, 0.222],
        "false_accepts": 3,
        "fa_per_hour": 1.5,
        "fa_per_hour_ci95": [0.31, 4.4],
        "negative_hours": 2.0,
        "keywords": {"yes": counts, "no": never},
    }
    point = {"keywords": {"yes": settings, "no": settings}, "measured": measured}
    manifest = {
        "operating_point": "default",
        "operating_points": {"default": point},
        "sha256": {"model.onnx": "12"},
    }
    row = {"n": 50, "right": 45, "accuracy": 0.9, "ci95": [0.782, 0.967]}
    runtimes = {name: {"classes": {"yes": row}} for name in ("float32", "int8")}
    accuracy = {"sha256": {"model.onnx": "12"}, "conditions": {"clean": {"runtimes": runtimes}}}
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    (tmp_path / "accuracy.jsonl").write_text(json.dumps(accuracy) + "\n")
    (tmp_path / "kws.json").write_text(json.dumps(manifest))
    text = model_texts.model_quality(tmp_path)
    assert "**It misses 10 of 100** words said on purpose (95 % interval 3 to 22; 49 words)" in text
    assert "**Expect it to be set off 1.5 times in an hour**" in text
    assert "Measured on: a day of radio." in text
    assert (
        "| yes | 0.87 | 5 of 49 (3 – 22 %) | 0 in 2.00 h (0 – 1.8 an hour) "
        "| 45 of 50, 90.0 % (78.2 – 96.7) | 45 of 50, 90.0 % (78.2 – 96.7) |" in text
    )
    assert "| no | 0.87 | – | 3 in 2.00 h (0.31 – 4.4 an hour) | – | – |" in text


STAMP = {"date": "2026-01-02T03:04:05+00:00", "commit": None, "machine": {"cores": 2, "cpu": "X"}}
RATES = {
    "words": 200,
    "misses": 30,
    "frr": 0.15,
    "frr_ci95": [0.104, 0.207],
    "false_accepts": 3,
    "fa_per_hour": 0.75,
    "fa_per_hour_ci95": [0.155, 2.19],
}


def test_operating_points_by_condition_and_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Targets that the hours can't support are marked."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    word = {"words": 200, "misses": 30, "false_accepts": 3, "negative_hours": 4.0}
    targets = [
        {
            "target_fa_per_hour": target,
            "supported": target >= 1,
            "all": RATES,
            "conditions": {"clean": RATES, "10db": RATES},
            "keywords": {"yes": word},
        }
        for target in (0.5, 1.0)
    ]
    figures = {
        "conditions": ["clean", "10db"],
        "targets": targets,
        "summed": targets[0] | {"target_fa_per_hour": 2.0},
        "shipped": targets[1],
    }
    (tmp_path / "operating_point.jsonl").write_text(json.dumps(STAMP | figures) + "\n")
    text = table_texts.operating_points(tmp_path)
    rates = "15.0 % (10.4 – 20.7) | 15.0 % (10.4 – 20.7) | 0.75 an hour (0.15 – 2.2)"
    assert "| target a word | missed, clean | missed, 10 dB | false accepts, all words |" in text
    assert f"| 0.5 an hour † | {rates} |" in text
    assert f"| 1 an hour | {rates} |" in text
    assert f"| 2 an hour, all words, one threshold † | {rates} |" in text
    assert f"| as shipped, chosen on all | {rates} |" in text
    counted = "30 of 200 (10 – 21 %); 3 in 4.00 h (0.15 – 2.2 an hour)"
    assert f"| yes | {counted} | {counted} |" in text


def test_the_rival_stands_beside_with_a_chart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar that a system can't keep is a dash; the chart is linked from where the document is."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    figures = {
        "words": 200,
        "hours": 4.0,
        "keywords": ["yes", "no"],
        "versions": {"pocketsphinx": "5.1.1"},
        "curves": {"kws-live": {}, "pocketsphinx": {}},
        "bars": [
            {
                "fa_per_hour": 1,
                "one_threshold": {"kws-live": RATES, "pocketsphinx": None},
                "threshold_per_word": {"kws-live": RATES, "pocketsphinx": RATES},
            }
        ],
    }
    (tmp_path / "detection.jsonl").write_text(json.dumps(STAMP | figures) + "\n")
    text = table_texts.detection(common.ROOT)
    at = "15.0 % (10.4 – 20.7) at 0.75 an hour (0.15 – 2.2)"
    assert f"| ≤ 1 an hour | the same for all words | {at} | – |" in text
    assert "](docs/images/detection.svg)" in text
    assert "](images/detection.svg)" in table_texts.detection(common.ROOT / "docs")


def test_the_shipped_gate_is_the_one_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first of those that were compared, with words and speech in tables of their own."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    words = {"hours": 0.5, "words": 1000, "lost": 4, "won": 1}
    shipped = {
        "conditions": {
            "10": words | {"lost_share": 0.004, "lost_share_ci95": [0.0011, 0.0102]},
            "speech": {"hours": 2.0, "false_accepts": 5, "false_accepts_without_gate": 6},
        },
        "noise_open_share": 0.25,
        "mix_open_share": 0.4,
    }
    cpu = {"with_gate": 1.23, "without_gate": 3.0}
    figures = {"gates": [shipped, {}], "mix_cpu_percent_of_a_core": cpu}
    (tmp_path / "gate.jsonl").write_text(json.dumps(STAMP | figures) + "\n")
    text = table_texts.gate(tmp_path)
    assert "| 10 dB | 1,000 | 4 | 1 | 0.40 (0.11 – 1.02) |" in text
    assert "| speech | 5 in 2.00 h (0.81 – 5.8 an hour) | 6 in 2.00 h (1.1 – 6.5 an hour) |" in text
    assert "25 % of plain noise and 40 % of a mix" in text
    assert "1.2 % of a core with the gate and 3.0 % without" in text


def test_predictions_stand_beside_what_was_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated streams in a sentence, real halves in a table."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    half = {
        "halves": "A → B",
        "chosen_on_h": 0.91,
        "false_accepts": 40,
        "counted_in_h": 1.1,
        "predicted95": [30, 62],
        "keywords_inside": 1,
        "keywords": {"yes": {}, "no": {}},
    }
    figures = RATES | {
        "simulated": {"streams": 2000, "covered": 0.956},
        "data": "reading",
        "fa_per_hour": 5.0,
        "halves": [half],
    }
    (tmp_path / "coverage.jsonl").write_text(json.dumps(STAMP | figures) + "\n")
    text = table_texts.coverage(tmp_path)
    assert "Of 2,000 simulated streams" in text
    assert "in 95.6 % (95 – 96 %)" in text
    assert "| A → B | 0.91 h | 40 in 1.10 h | 30 – 62 | 1 of 2 |" in text
    assert "15.0 % (10.4 – 20.7) of 200 words were missed" in text
