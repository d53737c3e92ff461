"""Reviewed clips lie as kws-train takes them."""

import dataclasses
import stat
from pathlib import Path

import numpy as np
import pytest
import soundfile
from kws_train.activity import clip_fault
from kws_train.corpus import find_recordings, label_of
from support.clips import detection, kept, near_miss, tone
from support.limits import disk_full_at

from kws_live.clips.collection import Clip, judge, load_clips
from kws_live.clips.sidecar import Verdict
from kws_live.clips.training import export
from kws_live.errors import OutputError

KEYWORDS = ("stop", "go")


def judged(folder: Path, *verdicts: Verdict | None, speaker: str = "owner") -> list[Clip]:
    """Give the clips of a folder these verdicts, oldest first."""
    clips, _ = load_clips(folder)
    return [
        clip if verdict is None else judge(folder, clip, verdict, speaker)
        for clip, verdict in zip(clips, verdicts, strict=True)
    ]


def files(out: Path) -> set[str]:
    """Return the words of the files in `out`, with how many there are of each."""
    words = [path.parent.name for path in out.rglob("*.flac")]
    return {f"{word} {words.count(word)}" for word in words}


def test_true_and_false_go_to_different_words(tmp_path: Path) -> None:
    """A true one to its keyword, a false one to what training takes for another word; no others."""
    kept(tmp_path, detection(0), near_miss(1), detection(2), near_miss(3), detection(4))
    clips = judged(tmp_path, "true", "true", "false", "unclear", None)
    assert export(tmp_path, clips, tmp_path / "out").clips == 3
    assert files(tmp_path / "out") == {"stop 1", "go 1", "_not_stop_ 1"}


def test_the_trainer_finds_them_with_the_right_labels(tmp_path: Path) -> None:
    """Keyword and `_unknown_`, of one speaker, in training where the speaker has the default name."""
    kept(tmp_path, detection(0), near_miss(1), detection(2))
    export(tmp_path, judged(tmp_path, "true", "false", "false"), tmp_path / "out")
    found = find_recordings([tmp_path / "out"])
    labels = sorted(label_of(recording.word, KEYWORDS) for recording in found)
    assert labels == ["_unknown_", "_unknown_", "stop"]
    assert {recording.speaker for recording in found} == {"owner"}
    assert {recording.split for recording in found} == {"training"}
    for recording in found:
        samples, _ = soundfile.read(recording.file, dtype="float32")
        assert clip_fault(samples) is None


def test_a_file_is_the_window_that_decided(tmp_path: Path) -> None:
    """Exactly one second, sample for sample, for the owner alone."""
    kept(tmp_path, detection(0))
    export(tmp_path, judged(tmp_path, "true"), tmp_path / "out")
    (path,) = (tmp_path / "out" / "stop").iterdir()
    samples, rate_hz = soundfile.read(path, dtype="int16")
    assert rate_hz == 16_000
    assert np.array_equal(samples, tone(0)[16_000:])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_clips_of_the_same_moment_get_files_of_their_own(tmp_path: Path) -> None:
    """The number of a file is made of the time and of the event's number."""
    events = [dataclasses.replace(detection(0), seq=seq) for seq in range(5)]
    kept(tmp_path, *events)
    export(tmp_path, judged(tmp_path, *["true"] * 5), tmp_path / "out")
    assert files(tmp_path / "out") == {"stop 5"}


def test_doing_it_again_changes_nothing(tmp_path: Path) -> None:
    """So it can be done after each review."""
    kept(tmp_path, detection(0), detection(1))
    clips = judged(tmp_path, "true", "false")
    export(tmp_path, clips, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.flac")}
    assert export(tmp_path, clips, tmp_path / "out").clips == 2
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.flac")} == before


def test_a_changed_verdict_moves_its_file(tmp_path: Path) -> None:
    """It never stands for both."""
    kept(tmp_path, detection(0))
    export(tmp_path, judged(tmp_path, "true"), tmp_path / "out")
    export(tmp_path, judged(tmp_path, "false"), tmp_path / "out")
    assert files(tmp_path / "out") == {"_not_stop_ 1"}
    export(tmp_path, judged(tmp_path, "unclear"), tmp_path / "out")
    assert files(tmp_path / "out") == set()


def test_each_clip_keeps_the_speaker_of_its_own_review(tmp_path: Path) -> None:
    """Two people can go through one folder."""
    kept(tmp_path, detection(0), detection(1))
    first, second = load_clips(tmp_path)[0]
    clips = [
        judge(tmp_path, first, "true", "anna"),
        judge(tmp_path, second, "true", "ben"),
    ]
    export(tmp_path, clips, tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out" / "stop").iterdir())
    assert [name.partition("_nohash_")[0] for name in names] == ["anna", "ben"]


@pytest.mark.parametrize("ts", ["", "noon", "0001-01-01T00:00:00+14:00"])
def test_the_time_in_a_name_counts(tmp_path: Path, ts: str) -> None:
    """Whatever a sidecar says of it."""
    (stored,) = kept(tmp_path, detection(0))
    sidecar = tmp_path / f"{stored.name}.json"
    sidecar.write_text(sidecar.read_text().replace("2026-11-23T12:00:00.000Z", ts))
    clips = judged(tmp_path, "true")
    assert clips[0].info.ts == ts
    export(tmp_path, clips, tmp_path / "out")
    (path,) = (tmp_path / "out" / "stop").iterdir()
    assert path.name == "owner_nohash_1795435200000000.flac"


def test_a_clip_whose_audio_is_gone_is_named(tmp_path: Path) -> None:
    """The others are written."""
    first, _ = kept(tmp_path, detection(0), detection(1))
    clips = judged(tmp_path, "true", "true")
    (tmp_path / f"{first.name}.flac").unlink()
    exported = export(tmp_path, clips, tmp_path / "out")
    assert exported.clips == 1
    assert [fault.name for fault in exported.faults] == [first.name]


def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """And leaves no half file."""
    kept(tmp_path, detection(0))
    clips = judged(tmp_path, "true")
    with disk_full_at(4_096), pytest.raises(OutputError, match=r"out: can't be written.*--out"):
        export(tmp_path, clips, tmp_path / "out")
    assert files(tmp_path / "out") == set()
    assert not any(path.is_file() for path in (tmp_path / "out").rglob("*"))
