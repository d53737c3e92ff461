"""The oldest clips go first, at the size or the age that is set, and nothing else is ever deleted."""

import os
from pathlib import Path

import pytest
from support.clips import detection, info, kept, tone

from kws_live.clips.folder import StoredClip, save, stored_clips
from kws_live.clips.limits import Limits

NOON_S = 1_795_435_200.0
DAY_S = 86_400.0
ONE_BYTES = 59_000
"""A clip of noise takes a little more than this."""


def names(clips: list[StoredClip]) -> list[str]:
    """Return their names."""
    return [clip.name for clip in clips]


def limits(folder: Path, *, clips: float = 1e6, days: float = 30, now_s: float = NOON_S) -> Limits:
    """Return limits of so many clips of noise and so many days."""
    return Limits(folder, round(clips * 1.1 * ONE_BYTES), days, clock=lambda: now_s)


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    """At the start of a run already, until the rest fits."""
    clips = kept(tmp_path, *map(detection, range(6)))
    assert clips[0].size_bytes > ONE_BYTES
    limits(tmp_path, clips=3).tidy()
    assert names(stored_clips(tmp_path)) == names(clips[3:])


def test_each_new_clip_makes_room_for_itself(tmp_path: Path) -> None:
    """The folder never stays above its size."""
    keeper = limits(tmp_path, clips=2)
    keeper.tidy()
    for seq in range(8):
        clip = save(tmp_path, info(detection(seq)), tone(seq))
        keeper.added(clip)
        assert sum(found.size_bytes for found in stored_clips(tmp_path)) <= 2.2 * ONE_BYTES
        assert names(stored_clips(tmp_path))[-1] == clip.name


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    """By the time in its name: reviewing or copying a clip doesn't make it younger."""
    old, young = kept(tmp_path, detection(0), detection(60))
    for path in tmp_path.iterdir():
        os.utime(path)
    limits(tmp_path, days=2, now_s=NOON_S + 2 * DAY_S + 30).tidy()
    assert names(stored_clips(tmp_path)) == [young.name]
    assert old.name not in {path.stem for path in tmp_path.iterdir()}


def test_files_that_are_not_ours_stay(tmp_path: Path) -> None:
    """However old, however large, and audio whose sidecar is gone."""
    theirs = {"holiday.flac", "notes.json", "20261123T120000000Z-5f0c41d7a9e2-000001-go.flac"}
    for name in theirs:
        (tmp_path / name).write_bytes(bytes(10 * ONE_BYTES))
    (tmp_path / "reviewed").mkdir()
    kept(tmp_path, detection(5))
    limits(tmp_path, clips=0.01, now_s=NOON_S + 999 * DAY_S).tidy()
    assert {path.name for path in tmp_path.iterdir()} == theirs | {"reviewed"}


def test_a_file_left_by_a_run_that_was_killed_goes_too(tmp_path: Path) -> None:
    """After an hour; before that, another run may be writing it."""
    half = tmp_path / ".20261123T120000000Z-5f0c41d7a9e2-000001-go.flac.partial"
    half.write_bytes(b"fLaC")
    os.utime(half, (NOON_S, NOON_S))
    limits(tmp_path, now_s=NOON_S + 60).tidy()
    assert half.exists()
    limits(tmp_path, now_s=NOON_S + 3_700).tidy()
    assert not half.exists()


def test_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    """It is made anew with the next clip."""
    keeper = limits(tmp_path / "gone")
    keeper.tidy()
    keeper.added(save(tmp_path / "gone", info(detection()), tone()))
    assert len(stored_clips(tmp_path / "gone")) == 1


def test_clips_deleted_by_hand_are_not_counted_for_ever(tmp_path: Path) -> None:
    """The folder is looked at again now and then."""
    keeper = limits(tmp_path, clips=3)
    for clip in kept(tmp_path, *map(detection, range(3))):
        keeper.added(clip)
    for path in tmp_path.iterdir():
        path.unlink()
    keeper.tidy()
    later = kept(tmp_path, *map(detection, range(10, 13)))
    for clip in later:
        keeper.added(clip)
    assert names(stored_clips(tmp_path)) == names(later)


@pytest.mark.parametrize("jump_s", [600.0, -DAY_S], ids=["ten minutes on", "a day back"])
def test_clips_of_another_run_count_too(tmp_path: Path, jump_s: float) -> None:
    """The folder is looked at every ten minutes, also while new clips keep coming, whatever becomes of the clock."""
    times_s = [NOON_S]
    keeper = Limits(tmp_path, round(3.3 * ONE_BYTES), 30, clock=lambda: times_s[-1])
    keeper.tidy()
    kept(tmp_path, *map(detection, range(5)))
    keeper.added(save(tmp_path, info(detection(10)), tone()))
    assert len(stored_clips(tmp_path)) == 6
    times_s.append(NOON_S + jump_s)
    keeper.added(save(tmp_path, info(detection(11)), tone()))
    assert len(stored_clips(tmp_path)) == 3


def test_a_clip_that_cannot_be_deleted_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and the others go."""
    first, second, _ = kept(tmp_path, *map(detection, range(3)))
    (tmp_path / f"{first.name}.flac").unlink()
    keeper = limits(tmp_path, clips=1)
    keeper.tidy()
    keeper.added(first)
    (tmp_path / f"{first.name}.flac").mkdir()
    keeper.added(second)
    assert f"{first.name} can't be deleted" in caplog.text
