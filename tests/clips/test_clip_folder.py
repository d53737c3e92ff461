"""Clips are files for their owner alone, whole or not there, and found again by their names."""

import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from support.clips import detection, info, kept, tone
from support.limits import disk_full_at

from kws_live.clips.collection import load_clips
from kws_live.clips.folder import clip_name, prepare, save, stored_clips, taken_s, write_private
from kws_live.clips.sidecar import parse
from kws_live.errors import OutputError


def mode(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_clip_is_a_flac_file_with_a_sidecar(tmp_path: Path) -> None:
    """16 kHz, one channel, sample for sample, and the sidecar says what it is."""
    (clip,) = kept(tmp_path, detection(7))
    samples, rate_hz = soundfile.read(tmp_path / f"{clip.name}.flac", dtype="int16")
    assert rate_hz == 16_000
    assert np.array_equal(samples, tone(7))
    assert parse((tmp_path / f"{clip.name}.json").read_text()) == info(detection(7))


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Whatever the umask allows: 0700 for folders that are made, 0600 for files."""
    before = os.umask(0)
    try:
        prepare(tmp_path / "made" / "clips")
        kept(tmp_path / "made" / "clips", detection())
    finally:
        os.umask(before)
    files = list((tmp_path / "made" / "clips").iterdir())
    assert len(files) == 2
    assert {mode(path) for path in files} == {0o600}
    assert mode(tmp_path / "made") == mode(tmp_path / "made" / "clips") == 0o700


def test_the_permissions_of_a_folder_that_is_there_are_left_alone(tmp_path: Path) -> None:
    """They are its owner's business."""
    tmp_path.chmod(0o750)
    prepare(tmp_path)
    assert mode(tmp_path) == 0o750


def test_preparing_leaves_nothing_behind(tmp_path: Path) -> None:
    """The trial file is gone."""
    prepare(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["/proc", "/proc/clips", "file", "file/clips"])
def test_a_folder_that_cannot_be_used_is_an_error_at_the_start(place: str, tmp_path: Path) -> None:
    """It says which folder and why, before anybody speaks."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=rf"can't be kept in .*{place}.*--save-clips"):
        prepare(tmp_path / place)


@given(st.text(min_size=1))
def test_any_keyword_gives_a_name_that_is_one_of_ours(keyword: str) -> None:
    """Without a separator of paths, short enough for any file system, its time in it."""
    name = clip_name(info(detection(3, keyword)))
    assert "/" not in name
    assert len(name.encode()) < 240
    assert taken_s(name) == 1_795_435_203.0


def test_names_sort_by_time() -> None:
    """So `ls` shows the oldest first."""
    names = [clip_name(info(detection(seq, keyword))) for seq, keyword in enumerate("zaq")]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "name",
    [
        "notes",
        "20261123T120000000Z",
        "20261123T120000000Z-5f0c41d7a9e2-go",
        "20269923T120000000Z-5f0c41d7a9e2-000001-go",
        "20261123T120000000Z-5f0c41d7a9e2-000001-go copy",
    ],
)
def test_another_file_is_no_clip(name: str, tmp_path: Path) -> None:
    """Nor are its neighbours, whatever their endings."""
    for ending in (".flac", ".json"):
        (tmp_path / f"{name}{ending}").write_text("{}")
    assert taken_s(name) is None
    assert stored_clips(tmp_path) == []


def test_audio_without_a_sidecar_is_no_clip(tmp_path: Path) -> None:
    """It may be somebody's who wanted to keep it."""
    (clip, other) = kept(tmp_path, detection(1), detection(2))
    (tmp_path / f"{clip.name}.json").unlink()
    assert stored_clips(tmp_path) == [other]


def test_a_sidecar_without_audio_is_found_to_be_deleted(tmp_path: Path) -> None:
    """A run that is killed between the two leaves one, and it tells who said what, when."""
    (clip, _) = kept(tmp_path, detection(1), detection(2))
    (tmp_path / f"{clip.name}.flac").unlink()
    sidecar = tmp_path / f"{clip.name}.json"
    assert stored_clips(tmp_path)[0] == replace(clip, size_bytes=sidecar.stat().st_size)


def test_links_and_pipes_are_no_clips(tmp_path: Path) -> None:
    """Whatever they are named: nothing is read or deleted through them."""
    (clip,) = kept(tmp_path / "elsewhere", detection(1))
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / f"{clip.name}.json").symlink_to(tmp_path / "elsewhere" / f"{clip.name}.json")
    os.mkfifo(folder / f"{clip_name(info(detection(2)))}.json")
    assert stored_clips(folder) == []
    assert load_clips(folder) == ([], [])


def test_a_full_disk_leaves_no_trace_of_the_clip(tmp_path: Path) -> None:
    """Neither a sidecar without audio nor a file that was begun."""
    with disk_full_at(4_096), pytest.raises(OSError, match="File too large"):
        save(tmp_path, info(detection()), tone())
    assert list(tmp_path.iterdir()) == []


def test_what_is_replaced_stays_whole_when_the_disk_is_full(tmp_path: Path) -> None:
    """A verdict that can't be written costs nothing but itself."""
    path = tmp_path / "a.json"
    write_private(path, b"old")
    with disk_full_at(4_096), pytest.raises(OSError, match="File too large"):
        write_private(path, bytes(10_000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    """A name that somebody prepared in a shared folder does not lead us elsewhere, nor does another's file."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    partial = tmp_path / ".a.json.partial"
    for prepare_name in (partial.symlink_to, partial.hardlink_to):
        prepare_name(victim)
        write_private(tmp_path / "a.json", b"ours")
        assert victim.read_text() == "mine"
        assert (tmp_path / "a.json").read_bytes() == b"ours"
        assert mode(tmp_path / "a.json") == 0o600
