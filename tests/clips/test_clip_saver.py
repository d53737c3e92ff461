"""The audio of an event becomes a file, and whatever the disk does, listening goes on."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.clips import detection, near_miss, tone
from support.limits import disk_full_at

from kws_live.clips.folder import stored_clips
from kws_live.clips.saver import ClipSaver
from kws_live.clips.sidecar import parse
from kws_live.config import ClipsConfig
from kws_live.events import Body, DroppedBody
from kws_live.stages.ring import Ring
from kws_live.types import SAMPLE_RATE_HZ, Int16Array

PATIENCE_S = 10.0
AUDIO = tone(1, 20.0)


class Bench:
    """A saver beside a ring that holds twenty seconds; what it publishes is kept."""

    def __init__(self, folder: Path, *, paced: bool = True, preroll_s: float = 1.0) -> None:
        self.folder = folder
        self.ring = Ring(30 * SAMPLE_RATE_HZ)
        self.ring.write(AUDIO)
        self.told: list[DroppedBody] = []
        self.saver = ClipSaver(
            ClipsConfig(directory=str(folder), preroll_s=preroll_s),
            self.ring,
            SAMPLE_RATE_HZ,
            self._publish,
            paced=paced,
        )

    def _publish(self, body: Body, _stream_s: float) -> None:
        assert isinstance(body, DroppedBody)
        self.told.append(body)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Let it write meanwhile, and to the end."""
        thread = threading.Thread(target=self.saver.run, daemon=True)
        thread.start()
        yield
        self.saver.close()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()

    def wait_for(self, saved: int = 0, dropped: int = 0) -> None:
        """Wait until so many clips were saved and dropped."""
        deadline_s = time.monotonic() + PATIENCE_S
        while (self.saver.counts().saved, self.saver.counts().dropped) != (saved, dropped):
            assert time.monotonic() < deadline_s, self.saver.counts()
            time.sleep(0.005)

    def clips(self) -> list[Int16Array]:
        """Return the audio of each clip, oldest first."""
        return [
            soundfile.read(self.folder / f"{clip.name}.flac", dtype="int16")[0]
            for clip in stored_clips(self.folder)
        ]


def test_a_clip_is_the_window_that_decided_and_what_came_before(tmp_path: Path) -> None:
    """One second of pre-roll, one of window; the sidecar says where the window begins."""
    bench = Bench(tmp_path)
    with bench.writing():
        bench.saver.keep(detection(0, decided_s=7.3))
    (samples,) = bench.clips()
    assert np.array_equal(samples, AUDIO[round(5.3 * SAMPLE_RATE_HZ) : round(7.3 * SAMPLE_RATE_HZ)])
    (clip,) = stored_clips(tmp_path)
    info = parse((tmp_path / f"{clip.name}.json").read_text())
    assert (info.window_start_samples, info.window_samples) == (16_000, 16_000)


def test_what_lies_before_the_stream_is_silence(tmp_path: Path) -> None:
    """As it is in the window that the model was given."""
    bench = Bench(tmp_path)
    with bench.writing():
        bench.saver.keep(detection(0, decided_s=0.5))
    (samples,) = bench.clips()
    assert len(samples) == 2 * SAMPLE_RATE_HZ
    assert not samples[:24_000].any()
    assert np.array_equal(samples[24_000:], AUDIO[:8_000])


@pytest.mark.parametrize("preroll_s", [0.0, 0.25, 3.0])
def test_the_pre_roll_is_as_long_as_it_is_set(tmp_path: Path, preroll_s: float) -> None:
    """From nothing to several seconds."""
    bench = Bench(tmp_path, preroll_s=preroll_s)
    with bench.writing():
        bench.saver.keep(detection(0, decided_s=9.0))
    (samples,) = bench.clips()
    assert len(samples) == round((preroll_s + 1) * SAMPLE_RATE_HZ)


def test_a_near_miss_told_late_still_has_its_audio(tmp_path: Path) -> None:
    """Without the pre-roll, where only that was overwritten meanwhile."""
    bench = Bench(tmp_path)
    bench.ring.write(AUDIO[: 14 * SAMPLE_RATE_HZ])  # the ring now begins at second 4
    with bench.writing():
        bench.saver.keep(near_miss(0, decided_s=5.5))
        bench.saver.keep(near_miss(1, decided_s=6.5))
        bench.saver.keep(near_miss(2, decided_s=4.5))
        bench.wait_for(saved=2, dropped=1)
    assert [len(samples) for samples in bench.clips()] == [16_000, 32_000]
    assert np.array_equal(bench.clips()[0], AUDIO[round(4.5 * 16_000) : round(5.5 * 16_000)])
    assert bench.told == [DroppedBody("clips", 1, 1)]


def test_a_full_disk_is_told_and_listening_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each loss is counted and published, the reason said once; with room again, clips are kept again."""
    bench = Bench(tmp_path)
    with bench.writing():
        with disk_full_at(4_096):
            for seq in range(3):
                bench.saver.keep(detection(seq))
            bench.wait_for(dropped=3)
        bench.saver.keep(detection(3))
        bench.wait_for(saved=1, dropped=3)
    assert bench.told == [DroppedBody("clips", 1, total) for total in (1, 2, 3)]
    assert caplog.text.count("File too large") == 1
    assert len(bench.clips()) == 1
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_deleted_meanwhile_is_made_anew(tmp_path: Path) -> None:
    """Whoever deletes the clips goes on keeping new ones."""
    folder = tmp_path / "clips"
    bench = Bench(folder)
    with bench.writing():
        bench.saver.keep(detection(0))
        bench.wait_for(saved=1)
        shutil.rmtree(folder)
        bench.saver.keep(detection(1))
        bench.wait_for(saved=2)
    assert len(bench.clips()) == 1
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_disk_that_went_away_is_told(tmp_path: Path) -> None:
    """With the folder above gone too, nothing is made in its place."""
    folder = tmp_path / "usb" / "clips"
    bench = Bench(folder)
    with bench.writing():
        shutil.rmtree(tmp_path / "usb")
        bench.saver.keep(detection(0))
        bench.wait_for(dropped=1)
    assert not (tmp_path / "usb").exists()
    assert bench.told == [DroppedBody("clips", 1, 1)]


def test_a_disk_that_stalls_never_holds_up_a_live_source(tmp_path: Path) -> None:
    """A bounded number of clips waits in memory; the rest is counted, and those that wait are written."""
    bench = Bench(tmp_path, paced=True)
    began_s = time.monotonic()
    for seq in range(200):
        bench.saver.keep(detection(seq))
    assert time.monotonic() - began_s < 2
    dropped = bench.saver.counts().dropped
    assert dropped == len(bench.told) == bench.told[-1].total
    assert 100 < dropped < 200
    with bench.writing():
        bench.wait_for(saved=200 - dropped, dropped=dropped)


def test_a_file_is_read_no_faster_than_its_clips_are_written(tmp_path: Path) -> None:
    """An unpaced source waits, and every clip is kept."""
    bench = Bench(tmp_path, paced=False)
    reading = threading.Thread(
        target=lambda: [bench.saver.keep(detection(seq)) for seq in range(150)], daemon=True
    )
    reading.start()
    reading.join(0.3)
    assert reading.is_alive()
    with bench.writing():
        reading.join(PATIENCE_S)
    assert (bench.saver.counts().saved, bench.told) == (150, [])
    assert len(stored_clips(tmp_path)) == 150


def test_a_stop_frees_whoever_waits(tmp_path: Path) -> None:
    """The clips that found no room are counted."""
    bench = Bench(tmp_path, paced=False)
    reading = threading.Thread(
        target=lambda: [bench.saver.keep(detection(seq)) for seq in range(100)], daemon=True
    )
    reading.start()
    reading.join(0.2)
    bench.saver.release()
    reading.join(PATIENCE_S)
    assert not reading.is_alive()
    assert bench.saver.counts().dropped > 0
