"""`--record`: where it may write and where it must not."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support import daemon


@pytest.mark.parametrize("kind", ["same", "symbolic link", "hard link", "other spelling"])
def test_the_input_is_never_recorded_over(speech: Path, tmp_path: Path, kind: str) -> None:
    """By whatever name it is called, it is refused and left as it was."""
    content = speech.read_bytes()
    record = tmp_path / "link.flac"
    if kind == "same":
        record = speech
    elif kind == "symbolic link":
        record.symlink_to(speech)
    elif kind == "hard link":
        os.link(speech, record)
    else:
        record = Path(f"{tmp_path}/../{tmp_path.name}/{speech.name}")
    daemon.fails(
        daemon.OUTPUT,
        *("--input", speech, "--record", record),
        says=(f"--record {record}", "--input", "another file"),
    )
    assert speech.read_bytes() == content


def test_a_missing_input_is_told_although_there_is_a_recording(tmp_path: Path) -> None:
    """The file that would be overwritten stays, because nothing was heard."""
    record = tmp_path / "kept.wav"
    soundfile.write(record, np.ones(1_000, dtype=np.int16), 16_000)
    content = record.read_bytes()
    daemon.fails(
        daemon.INPUT, "--input", "/no/such.wav", "--record", record, says=("/no/such.wav",)
    )
    assert record.read_bytes() == content


def test_another_recording_is_replaced(speech: Path, tmp_path: Path) -> None:
    """As every program's output file is."""
    record = tmp_path / "heard.wav"
    soundfile.write(record, np.ones(1_000, dtype=np.int16), 16_000)
    assert daemon.run("--input", speech, "--record", record).returncode == 0
    assert soundfile.info(record).frames == soundfile.info(speech).frames


def test_the_ending_decides_the_format(speech: Path, tmp_path: Path) -> None:
    """Those that there are, are named."""
    daemon.fails(
        daemon.OUTPUT,
        *("--input", speech, "--record", tmp_path / "heard.mp3"),
        says=("heard.mp3", "'.mp3'", ".wav or .flac"),
    )
