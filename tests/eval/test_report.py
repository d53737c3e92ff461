"""What an evaluation prints and writes."""

import base64
import csv
import io
import json
import math
import re
import sys
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import pytest
import soundfile
from rich.console import Console
from support.stored import stored_recording

from kws_live.config import Config, effective
from kws_live.eval.counts import Count
from kws_live.eval.posteriors import Stored
from kws_live.eval.report.audacity import make_folder, track_paths, write_tracks
from kws_live.eval.report.charts import det_chart, histogram_chart
from kws_live.eval.report.document import document
from kws_live.eval.report.figures import between, clock, rate
from kws_live.eval.report.measured import ALL, Measured, measure
from kws_live.eval.report.page import check_installed, page
from kws_live.eval.report.players import A_LIST, worst_errors
from kws_live.eval.report.sweep_csv import COLUMNS, sweep_csv
from kws_live.eval.report.table import sweep_at_targets, table
from kws_live.eval.tracks import Label, read_track
from kws_live.model import Classifier, find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ

THRESHOLDS = (0.1, 0.5, 0.9)
DURATION_S = 120.0


def measured(*recordings: Stored, keywords: tuple[str, ...] = ()) -> Measured:
    """The measurement of recordings with the shipped model's settings, for some keywords or all of them."""
    folder = load_model_folder(find_model("default"))
    settings = effective(Config(), folder.operating_point)
    if keywords:
        own = {name: settings.decoder.keywords[name] for name in keywords}
        settings = replace(settings, decoder=replace(settings.decoder, keywords=own))
    return measure(recordings, folder, Classifier(folder), settings, THRESHOLDS)


def recording(path: Path, *labels: Label, up: dict[float, str] | None = None) -> Stored:
    """Two minutes in which the model is sure of a word for as long as it takes before each of these times."""
    folder = load_model_folder(find_model("default"))
    smoothing_s = effective(Config(), folder.operating_point).decoder.smoothing_s
    scores = {}
    for time_s, keyword in (up or {}).items():
        for back in range(math.ceil(10 * smoothing_s)):
            scores[round(time_s - back / 10, 1)] = (keyword, 1.0)
    return stored_recording(folder.labels, scores, *labels, duration_s=DURATION_S, path=path)


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """Two minutes of soft noise under a name that wants to be markup."""
    path = tmp_path / "<img src=x onerror=alert(1)>.wav"
    noise = np.random.default_rng(0).normal(0, 200, round(DURATION_S * SAMPLE_RATE_HZ))
    soundfile.write(path, noise.astype(np.int16), SAMPLE_RATE_HZ)
    return path


@pytest.fixture
def result(wav: Path) -> Measured:
    """A hit, a miss, a substitution, a duplicate and a false accept in a hostile label."""
    labels = (
        Label(10.0, 10.5, "go"),
        Label(20.0, 20.5, "stop"),
        Label(30.0, 30.5, "stop"),
        Label(40.0, 40.5, "<i>no</i> $\\alpha$"),
        Label(50.0, 60.0, "?yes"),
    )
    up = {10.4: "go", 20.6: "up", 40.3: "no", 55.0: "yes"}
    return measured(recording(wav, *labels, up=up))


def test_the_page_needs_nothing_from_elsewhere(result: Measured) -> None:
    """No address but names of namespaces, no script, and a policy that forbids both."""
    html = page(result)
    addresses = set(re.findall(r"https?://[^\"' <>)]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r'src="([^"]{0,5})', html)) == {"data:"}
    assert "<script" not in html
    assert "default-src 'none'" in html


def test_names_and_labels_stay_text(result: Measured) -> None:
    """Whatever markup they hold, on the page as on the timeline."""
    html = page(result)
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "<i>no</i>" not in html
    assert "&lt;i&gt;no&lt;/i&gt;" in html


def test_the_page_is_the_same_each_time(result: Measured) -> None:
    """No time, no machine, no random ids."""
    assert page(result) == page(result)


def test_the_page_says_what_was_measured(result: Measured) -> None:
    """Model, file, hash and every threshold."""
    html = page(result)
    assert result.model.runtime in html
    assert all(sha256 in html for sha256 in result.model.sha256.values())
    for name, own in result.settings.decoder.keywords.items():
        assert re.search(rf"<td>{name}</td><td>{own.threshold:.4g}</td>", html)


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_a_library_that_is_missing_is_named_with_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    """Before anything is measured."""
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(click.UsageError, match=rf"{library}.*pip install 'kws-live\[eval\]'"):
        check_installed()


@pytest.mark.parametrize("labels", [(), (Label(0.0, 120.0, "?go"),)])
def test_a_page_without_words_tells_so(wav: Path, labels: tuple[Label, ...]) -> None:
    """There is no curve to draw, with keywords that can't be measured at all or without."""
    html = page(measured(recording(wav, *labels), keywords=("go",)))
    assert "A curve needs words" in html


def test_charts_take_every_colour_from_the_page() -> None:
    """So that they can be read on dark paper as on light."""
    counts = [Count(50, misses, 0, false, 0, 2.0) for misses, false in ((5, 90), (20, 9), (45, 0))]
    det = det_chart(counts, counts[1])
    histogram = histogram_chart([0.2, 0.9], np.linspace(0, 0.5, 100, dtype=np.float32), 0.8)
    for chart in (det, histogram):
        assert chart is not None
        assert not re.findall("#[0-9a-f]{6}", chart)
        assert "var(--curve)" in chart or "var(--words)" in chart


def test_there_is_no_curve_without_words_or_without_hours() -> None:
    """Rather than an empty one."""
    for count in (Count(0, 0, 0, 3, 0, 1.0), Count(5, 1, 0, 0, 0, 0.0)):
        assert det_chart([count], count) is None


def test_errors_can_be_heard(result: Measured, wav: Path) -> None:
    """Each with some of what is around it, at 16 kHz."""
    found = worst_errors((wav, one) for one in result.outcomes[0])
    (false, *_) = found.false_accepts
    assert false.flac is not None
    samples, rate_hz = soundfile.read(io.BytesIO(base64.b64decode(false.flac)))
    assert rate_hz == SAMPLE_RATE_HZ
    assert 2.0 < len(samples) / rate_hz < 3.0
    assert {one.outcome.kind for one in found.clearly_missed} == {"miss"}


def test_audio_keeps_to_its_budget(result: Measured, wav: Path) -> None:
    """What has no room is listed without a player, and counted."""
    found = worst_errors(((wav, one) for one in result.outcomes[0]), budget_bytes=0)
    listed = [*found.clearly_missed, *found.nearly_heard, *found.false_accepts]
    assert listed
    assert [one.flac for one in listed] == [None] * len(listed)
    assert found.left_out == len(listed)


def test_no_error_is_listed_twice(result: Measured, wav: Path) -> None:
    """A miss is among the clear ones or among the near ones; the lists are short."""
    misses = [one for one in result.outcomes[0] if one.kind == "miss"]
    many = [(wav, replace(misses[0], score=n / 100)) for n in range(40)]
    found = worst_errors(many, budget_bytes=0)
    low = [one.outcome.score for one in found.clearly_missed]
    high = [one.outcome.score for one in found.nearly_heard]
    assert low == [n / 100 for n in range(A_LIST)]
    assert high == [n / 100 for n in range(39, 39 - A_LIST, -1)]
    assert len(worst_errors(many[:5], budget_bytes=0).nearly_heard) == 0


def test_the_document_tells_counts_and_outcomes(result: Measured) -> None:
    """As JSON without numbers that JSON does not know; docs/evaluation.md describes it."""
    found = json.loads(json.dumps(document(result), allow_nan=False))
    assert found["schema"] == 1
    assert found["point"]["all"]["words"] == 3
    assert found["point"]["keywords"]["stop"]["misses"] == 2
    assert found["point"]["keywords"]["go"]["frr"] == 0.0
    assert found["point"]["keywords"]["left"]["frr"] is None
    assert found["latency_s"]["go"]["n"] == 1
    assert found["latency_s"]["stop"] is None
    assert [point["threshold"] for point in found["sweep"]] == list(THRESHOLDS)
    assert {"said": "stop", "detected": "up", "count": 1} in found["confusion"]
    kinds = [one["kind"] for one in found["recordings"][0]["outcomes"]]
    assert sorted(kinds) == ["false", "false", "hit", "ignored", "miss", "miss"]
    assert found["model"]["sha256"] == result.model.sha256


def test_the_sweep_is_a_table(result: Measured) -> None:
    """A row for each threshold and keyword, and for all; what was not measured is empty."""
    rows = list(csv.DictReader(io.StringIO(sweep_csv(result.sweep))))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) == len(THRESHOLDS) * (len(result.keywords) + 1)
    (go,) = (row for row in rows if row["threshold"] == "0.5" and row["keyword"] == "go")
    assert (go["words"], go["misses"], go["frr"]) == ("1", "0", "0.0")
    (left,) = (row for row in rows if row["threshold"] == "0.5" and row["keyword"] == "left")
    assert (left["words"], left["frr"], left["frr_low"]) == ("0", "", "")
    assert sum(row["keyword"] == ALL for row in rows) == len(THRESHOLDS)


def test_tracks_open_beside_the_recording(result: Measured, wav: Path, tmp_path: Path) -> None:
    """A label for each outcome, in the form that Audacity reads."""
    make_folder(tmp_path / "new" / "tracks")
    (path,) = track_paths(tmp_path / "new" / "tracks", [wav])
    write_tracks([path], result.outcomes)
    texts = [label.text for label in read_track(path)]
    assert "hit go 1.00" in texts
    assert "miss stop 0.00 (heard up)" in texts
    assert "miss stop 0.00" in texts
    assert "false up 1.00 (said stop)" in texts
    assert "ignored yes 1.00" in texts


def test_tracks_never_take_each_others_place_or_the_labels(tmp_path: Path) -> None:
    """Recordings of one name in two folders get two tracks, neither by the name of a label track."""
    paths = track_paths(tmp_path, [Path("a/x.wav"), Path("b/x.wav"), Path("y.flac")])
    assert [path.name for path in paths] == ["x.outcome.txt", "x-2.outcome.txt", "y.outcome.txt"]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_the_terminal(result: Measured, columns: int) -> None:
    """Every keyword with its figures, and no line wider than the terminal."""
    shown = table(result, Console(width=columns))
    lines = shown.splitlines()
    assert max(map(len, lines)) <= columns
    for name in (*result.keywords, "all"):
        assert any(line.startswith(f"{name} ") for line in lines)
    assert "stop" in shown
    assert "100.0 %" in shown


def test_the_table_shows_the_lowest_threshold_for_each_rate(result: Measured) -> None:
    """A higher one would only miss more."""
    points = sweep_at_targets(result.sweep)
    assert [point.threshold for point in points] == sorted(
        {point.threshold for point in points}, reverse=True
    )


def test_control_characters_do_not_reach_the_terminal(tmp_path: Path) -> None:
    """A label may hold an escape sequence; the table does not."""
    label = Label(40.0, 40.5, "\x1b[2Jknown")
    shown = table(
        measured(recording(tmp_path / "x.wav", label, up={40.3: "no"})), Console(width=100)
    )
    assert "known" in shown
    assert "\x1b[2J" not in shown


def test_figures_as_people_read_them() -> None:
    """Two digits at least, a dash for what was not measured."""
    assert [rate(value) for value in (None, 0.034, 2.34, 41.26, 1234.5)] == [
        "–",
        "0.03",
        "2.3",
        "41.3",
        "1234",
    ]
    assert between((0.101, 0.2049), "percent") == "10.1–20.5"
    assert between(None) == "–"
    assert [clock(s) for s in (0.0, 123.44, 3723.4, 59.96)] == [
        "0:00.0",
        "2:03.4",
        "1:02:03.4",
        "1:00.0",
    ]
