"""`kws-live --save-clips`: a clip for each detection and near miss, for the owner alone; no fault ends the daemon."""

import json
import os
import shutil
import signal
import stat
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from support import daemon

from kws_live.model import Classifier, find_model, load_model_folder
from kws_live.types import Int16Array

DEMO = daemon.DEMO / "demo.flac"
FLAC_BLOCKS = 8
"""In units of 1 KiB: room for a sidecar, not for a clip."""


def sidecars(folder: Path) -> list[dict[str, Any]]:
    """Return the sidecars, oldest first."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def audio_of(folder: Path, sidecar: dict[str, Any]) -> Int16Array:
    """Return the audio of a clip."""
    (path,) = folder.glob(f"*-{sidecar['run']}-{sidecar['seq']:06d}-*.flac")
    samples: Int16Array = soundfile.read(path, dtype="int16")[0]
    return samples


def of_seq(found: Sequence[daemon.Event], kind: str) -> dict[int, daemon.Event]:
    """Return the events of one type by their number."""
    return {event["seq"]: event for event in daemon.of_type(found, kind)}


def test_each_detection_leaves_one_clip(tmp_path: Path) -> None:
    """The demo's ten words: named by the event, and told before it listens."""
    folder = tmp_path / "clips"
    result = daemon.run("--input", DEMO, "--save-clips", folder, "--json")
    assert result.returncode == 0
    assert result.stderr.decode().startswith(
        f"kws-live: keeping clips of detections and near misses in {folder}\n"
    )
    found = daemon.events(result.stdout)
    detections = of_seq(found, "detection")
    kept = {clip["seq"]: clip for clip in sidecars(folder) if clip["kind"] == "detection"}
    assert len(kept) == 10
    assert kept.keys() == detections.keys()
    for seq, clip in kept.items():
        for key in ("keyword", "score", "threshold", "run", "ts", "decided_s", "model"):
            assert clip[key] == detections[seq][key]
    assert found[-1]["clips"] == {"saved": len(sidecars(folder)), "dropped": 0}


def test_near_misses_leave_clips_too(tmp_path: Path) -> None:
    """With a threshold that no word of the demo reaches, each is one."""
    result = daemon.run("--input", DEMO, "--threshold", "0.99", "--save-clips", tmp_path, "--json")
    near_misses = of_seq(daemon.events(result.stdout), "near_miss")
    clips = {clip["seq"]: clip for clip in sidecars(tmp_path)}
    assert len(clips) >= 10
    assert clips.keys() == near_misses.keys()
    assert {clip["kind"] for clip in clips.values()} == {"near_miss"}
    for seq, clip in clips.items():
        assert (clip["score"], clip["reason"]) == (
            near_misses[seq]["score"],
            near_misses[seq]["reason"],
        )


@pytest.mark.parametrize("flags", [(), ("--threshold", "0.99")], ids=["detections", "near misses"])
def test_the_window_in_the_clip_is_the_one_that_decided(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    """Without smoothing the model gives the event's score for it."""
    config = tmp_path / "config.toml"
    config.write_text("schema = 1\n[decoder]\nsmoothing_s = 0.1\n")
    folder = tmp_path / "clips"
    daemon.run("--input", DEMO, "--config", config, "--save-clips", folder, "--json", *flags)
    model = load_model_folder(find_model("default"))
    classifier = Classifier(model)
    clips = sidecars(folder)
    assert len(clips) >= 10
    demo, _ = soundfile.read(DEMO, dtype="int16")
    stream = np.concatenate((np.zeros(16_000, np.int16), demo))
    for clip in clips:
        samples = audio_of(folder, clip)
        start = clip["window_start_samples"]
        window = samples[start : start + clip["window_samples"]]
        posterior = classifier.posteriors(window)[classifier.labels.index(clip["keyword"])]
        assert posterior == pytest.approx(clip["score"], abs=1e-5)
        decided = round(clip["decided_s"] * 16_000)
        assert np.array_equal(samples, stream[decided - 16_000 : decided + 16_000])


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    """The folder that is made, and every file in it."""
    folder = tmp_path / "clips"
    before = os.umask(0)
    try:
        daemon.run("--input", DEMO, "--save-clips", folder)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_the_flag_nothing_is_kept(tmp_path: Path) -> None:
    """Nor with an empty one, which overrides the configuration."""
    folder = tmp_path / "clips"
    settings = {"KWS_LIVE_CLIPS_DIRECTORY": str(folder)}
    result = daemon.run("--input", DEMO, "--save-clips", "", settings=settings)
    assert result.returncode == 0
    assert not folder.exists()
    assert b"clips" not in result.stderr


def test_the_configuration_can_ask_for_them(tmp_path: Path) -> None:
    """With its limits."""
    settings = {
        "KWS_LIVE_CLIPS_DIRECTORY": str(tmp_path / "clips"),
        "KWS_LIVE_CLIPS_PREROLL_S": "0",
    }
    daemon.run("--input", DEMO, settings=settings)
    clips = sidecars(tmp_path / "clips")
    assert len(clips) >= 10
    assert {len(audio_of(tmp_path / "clips", clip)) for clip in clips} == {16_000}


@pytest.mark.parametrize("place", ["/proc/clips", "/proc", "taken"])
def test_a_folder_that_cannot_be_used_ends_it_before_it_listens(place: str, tmp_path: Path) -> None:
    """With 74, saying which and what to do."""
    (tmp_path / "taken").write_text("a file")
    daemon.fails(
        daemon.OUTPUT,
        *("--input", DEMO, "--save-clips", tmp_path / place),
        says=(place, "can't be kept", "--save-clips"),
    )


def test_a_full_disk_does_not_end_it(tmp_path: Path) -> None:
    """Every word is still detected; each lost clip is an event, and the totals hold them."""
    result = daemon.run_in_bash(
        f'ulimit -f {FLAC_BLOCKS}; kws-live --input "$1" --save-clips "$2" --json',
        DEMO,
        tmp_path / "clips",
    )
    assert result.returncode == 0
    found = daemon.events(result.stdout)
    assert len(daemon.of_type(found, "detection")) == 10
    dropped = daemon.of_type(found, "dropped")
    assert {event["what"] for event in dropped} == {"clips"}
    assert [event["total"] for event in dropped] == list(range(1, len(dropped) + 1))
    assert len(dropped) >= 10
    assert found[-1]["clips"] == {"saved": 0, "dropped": len(dropped)}
    assert list((tmp_path / "clips").iterdir()) == []
    assert result.stderr.count(b"File too large") == 1
    assert b"Traceback" not in result.stderr


def test_a_folder_deleted_while_it_listens_is_made_anew(tmp_path: Path) -> None:
    """No clip after that is lost."""
    folder = tmp_path / "clips"
    with daemon.Daemon("--device", "demo", "--save-clips", folder) as listener:
        listener.wait_for("detection")
        deadline_s = time.monotonic() + daemon.PATIENCE_S
        while not list(folder.glob("*.flac")):
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        shutil.rmtree(folder)
        listener.wait_for("detection")
        listener.wait_for("detection")
        assert listener.stop(signal.SIGTERM) == -signal.SIGTERM
    assert listener.seen[-1]["clips"]["dropped"] == 0
    assert len(sidecars(folder)) == listener.seen[-1]["clips"]["saved"] - 1


def test_the_oldest_make_room_for_the_newest(tmp_path: Path) -> None:
    """Within the size that is set, also over several runs."""
    settings = {"KWS_LIVE_CLIPS_MAX_MB": "1", "KWS_LIVE_CLIPS_PREROLL_S": "5"}
    events: list[daemon.Event] = []
    for _ in range(2):
        result = daemon.run("--input", DEMO, "--save-clips", tmp_path, "--json", settings=settings)
        events += daemon.of_type(daemon.events(result.stdout), "detection")
    kept = [(clip["run"], clip["seq"]) for clip in sidecars(tmp_path)]
    assert 5 < len(kept) < 20
    assert kept == [(event["run"], event["seq"]) for event in events][-len(kept) :]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 1_000_000
