"""The folder of a guided session, which survives whatever happens."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kws_live.errors import OutputError
from kws_live.eval.tracks import Label, read_track
from kws_live.tune.session import BackgroundRecorder, Session
from kws_live.tune.takes import Take
from kws_live.types import SAMPLE_RATE_HZ

TAKE = Take(np.arange(SAMPLE_RATE_HZ, dtype=np.int16), 0.25, 0.5, None)


def test_a_take_is_kept_with_the_place_of_its_word(tmp_path: Path) -> None:
    """Bit for bit, as `--clips` takes it."""
    session = Session(tmp_path / "session")
    session.add("stop", TAKE)
    path = session.words / "stop" / "001.flac"
    assert np.array_equal(soundfile.read(path, dtype="int16")[0], TAKE.samples)
    assert read_track(path.with_suffix(".txt")) == [Label(0.25, 0.5, "stop")]
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_last_take_can_be_forgotten(tmp_path: Path) -> None:
    """And its number is free again."""
    session = Session(tmp_path)
    session.add("stop", TAKE)
    session.add("stop", TAKE)
    assert session.drop("stop")
    assert session.takes("stop") == 1
    assert sorted(path.name for path in (session.words / "stop").iterdir()) == [
        "001.flac",
        "001.txt",
    ]
    assert session.drop("stop")
    assert not session.drop("stop")


def test_background_is_kept_as_it_was_heard(tmp_path: Path) -> None:
    """Each stretch in a file of its own."""
    session = Session(tmp_path)
    for _ in range(2):
        recorder = BackgroundRecorder(session)
        recorder.write(TAKE.samples)
        recorder.write(TAKE.samples)
        recorder.close()
    assert session.background_s() == 4.0
    audio, _ = soundfile.read(session.background / "002.flac", dtype="int16")
    assert np.array_equal(audio, np.tile(TAKE.samples, 2))


def test_a_stretch_without_audio_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C came before the first block."""
    session = Session(tmp_path)
    BackgroundRecorder(session).close()
    assert list(session.background.iterdir()) == []


def test_a_recording_that_was_cut_short_is_mended(tmp_path: Path) -> None:
    """The program was killed, even within a sample; the next session finds what there is."""
    session = Session(tmp_path)
    recorder = BackgroundRecorder(session)
    recorder.write(TAKE.samples)
    with (session.background / "001.s16").open("ab") as raw:
        raw.write(b"\0")
    again = Session(tmp_path)
    assert again.background_s() == 1.0
    assert [path.name for path in again.background.iterdir()] == ["001.flac"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """With what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"can't make the session .*--session"):
        Session(tmp_path / "file" / "session")


def test_a_full_disk_is_told_and_what_was_recorded_stays(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: the process that records meets it."""
    script = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from kws_live.errors import OutputError
from kws_live.tune.session import BackgroundRecorder, Session
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
recorder = BackgroundRecorder(Session(Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
try:
    while True:
        recorder.write(np.zeros(16_000, dtype=np.int16))
except OutputError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True
    )
    assert "File too large. What was recorded before is kept" in done.stdout
    assert Session(tmp_path).background_s() == 1.25
