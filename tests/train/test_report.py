"""The report of a run: its pictures and its page."""

import base64
import csv
import io
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from click.testing import CliRunner
from kws_train.cli import main
from kws_train.evaluate import stored_validation
from kws_train.fit import Corpora, fit
from kws_train.networks import start_network
from kws_train.recipe import Chain, parse_recipe
from kws_train.report.curves import Epoch
from kws_train.report.judged import Judged
from kws_train.report.mistakes import SHOWN
from kws_train.report.page import page
from kws_train.report.write import write_report
from kws_train.run_folder import write_model
from kws_train.validation import LabelledWindows

from kws_live.errors import InputError

from .conftest import speakers, tiny_document, tone_clip

LABELS = ("low", "high", "_unknown_", "_silence_")
HOSTILE = "low/<img src=x onerror=alert(1)>.wav"
HISTORY = [Epoch(1, 0.5, 1.0, 1.5), Epoch(2, 0.75, 0.6, 0.9)]
PROVENANCE = {
    "voices": "words of people",
    "commit": "abc",
    "versions": "torch 9",
    "recipe": 'keywords = ["<script>"]',
}
PICTURES = {"curves.png", "confusion.png", "det.png", "reliability.png", "mistakes.png"}


def guessed(n_right: int, n_wrong: int, source: str = "low/a_nohash_0.wav") -> Judged:
    """Windows of all classes, of which the last n_wrong were taken for the next class."""
    n = n_right + n_wrong
    truths = np.arange(n) % len(LABELS)
    guesses = np.where(np.arange(n) < n_right, truths, (truths + 1) % len(LABELS))
    posteriors = np.full((n, len(LABELS)), 0.05, np.float32)
    posteriors[np.arange(n), guesses] = 0.85
    clips = np.random.default_rng(3).integers(-9000, 9000, (n, 16_000)).astype(np.int16)
    return Judged(LABELS, LabelledWindows(clips, truths, [source] * n), posteriors)


class Tags(HTMLParser):
    """Reads a page as a browser does: its tags, and whether each that was opened was closed."""

    VOID = frozenset({"meta", "br", "path", "use", "img", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and that it is open."""
        self.found.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself."""
        self.found.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """See that the tag that was opened last is closed first."""
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_needs_nothing_from_elsewhere() -> None:
    """No address but names of namespaces, no script, and a policy that forbids both."""
    html = page("mine", guessed(30, 10), HISTORY, PROVENANCE)
    addresses = set(re.findall(r"https?://[^\"' <>)]*", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r'src="([^"]{0,5})', html)) == {"data:"}
    assert "default-src 'none'" in html
    tags = Tags(html)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & set(tags.found)


def test_names_stay_text() -> None:
    """Of files, of the run and of what its recipe says, whatever markup they hold."""
    html = page("<b>mine", guessed(8, 4, HOSTILE), HISTORY, PROVENANCE)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "&lt;b&gt;mine" in html
    assert not {"script", "img", "b>mine"} & set(Tags(html).found)


def test_the_page_is_the_same_each_time() -> None:
    """No time, no machine, no random ids."""
    pages = {page("mine", guessed(30, 10), HISTORY, PROVENANCE) for _ in range(2)}
    assert len(pages) == 1


def test_each_of_the_worst_mistakes_can_be_heard() -> None:
    """40 of them, each sample as the model had it; the page says how many there are in all."""
    judged = guessed(30, 50)
    html = page("mine", judged, HISTORY, PROVENANCE)
    players = re.findall(r'<audio[^>]* src="data:audio/flac;base64,([^"]+)"', html)
    assert len(players) == SHOWN == 40
    x, rate_hz = sf.read(io.BytesIO(base64.b64decode(players[0])), dtype="int16")
    assert rate_hz == 16_000
    assert np.array_equal(x, judged.windows.clips[30])
    assert "All 50 are in" in html


def test_a_run_without_mistakes_has_a_page(tmp_path: Path) -> None:
    """It says that there are none, and there is no picture of them."""
    html = page("mine", guessed(16, 0), HISTORY, PROVENANCE)
    assert "<audio" not in html
    assert re.search(r"<h2>Worst mistakes</h2>\s*<p>None.</p>", html)


def test_silence_alone_has_a_page() -> None:
    """Where no keyword was said there is no curve, and no recall of what has no window."""
    clips = np.zeros((3, 16_000), np.int16)
    posteriors = np.tile(np.array([0.1, 0.1, 0.1, 0.7], np.float32), (3, 1))
    windows = LabelledWindows(clips, np.full(3, 3), ["made noise"] * 3)
    html = page("mine", Judged(LABELS, windows, posteriors), HISTORY[:1], PROVENANCE)
    assert "A curve needs windows with a keyword" in html
    assert "<tr><td>low</td><td>0</td><td>–</td>" in html


@pytest.fixture(scope="module")
def run(corpora: Corpora, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the tiny recipe, short enough to make mistakes."""
    folder = tmp_path_factory.mktemp("report")
    fit(parse_recipe(tiny_document()), corpora, folder / "run", cache_dir=folder / "c", workers=0)
    return folder / "run"


def test_a_run_keeps_the_loss_of_training_and_the_names_of_its_windows(run: Path) -> None:
    """Both are what a report is made from."""
    history = json.loads((run / "history.json").read_text())
    assert all(0.0 < epoch["train_loss"] < 10.0 for epoch in history)
    assert (
        stored_validation(run).sources
        == json.loads((run / "manifest.json").read_text())["validation"]
    )


def test_new_weights_drop_the_report_on_the_old(chain: Chain, tmp_path: Path) -> None:
    """And the lists of mistakes: nothing in a run folder describes weights that are gone."""
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("")
    (tmp_path / "mistakes-test.csv").write_text("")
    write_model(tmp_path, start_network(chain, chain.last, {}))
    assert not (tmp_path / "report").exists()
    assert not (tmp_path / "mistakes-test.csv").exists()


def test_the_command_writes_pictures_and_a_page(run: Path, tmp_path: Path) -> None:
    """In place of an older report; the mistakes stand in the run folder too, with their files."""
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    (mine / "report").mkdir(exist_ok=True)
    (mine / "report" / "old.png").write_bytes(b"")
    result = CliRunner().invoke(main, ["report", str(mine)])
    assert result.exit_code == 0, result.output
    assert f"report: {mine / 'report' / 'index.html'}" in result.output
    written = {p.name: p.read_bytes() for p in (mine / "report").iterdir()}
    assert set(written) == PICTURES | {"index.html"}
    for name in PICTURES:
        assert written[name].startswith(b"\x89PNG"), name
    html = written["index.html"].decode()
    assert "<h1>Training run mine</h1>" in html
    assert "own validation windows: words of people who were not trained on." in html
    metrics = json.loads((mine / "metrics.json").read_text())["validation"]
    assert f"<b>{100 * metrics['accuracy']:.1f} %</b>" in html
    with (mine / "mistakes-validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == round((1 - metrics["accuracy"]) * metrics["n"])
    assert {row["file"] for row in rows} <= set(stored_validation(mine).sources)


def test_the_page_claims_no_unknown_voices_where_nothing_tells_who_speaks(
    run: Path, tmp_path: Path
) -> None:
    """One clip without a speaker is enough: its voice may be any that was trained on."""
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    manifest = json.loads((mine / "manifest.json").read_text())
    manifest["speakers_known_by"] = {"name": 30, "file": 8}
    (mine / "manifest.json").write_text(json.dumps(manifest))
    html = write_report(mine, guessed(8, 4)).read_text()
    assert "who were not trained on" not in html
    assert "nothing tells who speaks in 8 of the run&#39;s 38 word clips" in html


def test_an_evaluation_on_a_folder_names_the_files_that_went_wrong(
    run: Path, tmp_path: Path
) -> None:
    """A clip of one word in another word's folder is found by its name."""
    rng = np.random.default_rng(6)
    names = [f"{speaker}_nohash_0.wav" for speaker in speakers("testing", 5)]
    for word in ("low", "high"):
        (tmp_path / "words" / word).mkdir(parents=True)
        for name in names:
            sf.write(tmp_path / "words" / word / name, tone_clip(300.0, rng), 16_000)
    arguments = ["--data", str(tmp_path / "words"), "--split", "test", "--cache", str(tmp_path)]
    result = CliRunner().invoke(main, ["evaluate", str(run), *arguments])
    assert result.exit_code == 0, result.output
    with (run / "mistakes-test.csv").open() as file:
        rows = list(csv.DictReader(file))
    # All ten clips are alike, so whatever they are taken for is wrong in one folder at least.
    assert len(rows) >= 5
    assert {row["file"] for row in rows} <= {f"{w}/{n}" for w in ("low", "high") for n in names}
    assert all(row["file"].startswith(f"{row['truth']}/") for row in rows)


def test_windows_without_names_are_refused(run: Path, tmp_path: Path) -> None:
    """A file that fit did not write, or a part of one, ends as missing input."""
    for content in (b"PK\x03\x04 and no more", None):
        broken = tmp_path / "broken"
        shutil.copytree(run, broken)
        windows = broken / "validation.npz"
        if content is None:
            np.savez(windows, clips=np.zeros((1, 16_000), np.int16), labels=np.zeros(1, int))
        else:
            windows.write_bytes(content)
        result = CliRunner().invoke(main, ["report", str(broken)])
        assert result.exit_code == 66, result.output
        assert f"{windows} cannot be read" in result.output
        shutil.rmtree(broken)


def test_a_run_that_does_not_say_its_origin_is_named(run: Path, tmp_path: Path) -> None:
    """A page that is silent about code and recipe would be no report."""
    mine = tmp_path / "mine"
    shutil.copytree(run, mine)
    (mine / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match="does not say what it was made from"):
        write_report(mine, guessed(8, 4))
