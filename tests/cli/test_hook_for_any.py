"""A hook for `*` runs for every keyword, with the keyword in its environment."""

from pathlib import Path

import soundfile
from support import daemon

Eager = tuple[str, ...]


def test_it_runs_once_for_each_detection(eager: Eager, speech: Path, tmp_path: Path) -> None:
    """In the file that it writes are the keywords of all detections."""
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$KWS_KEYWORD" >> {tmp_path}/heard\n')
    hook.chmod(0o755)
    piece = tmp_path / "piece.wav"
    samples, rate_hz = soundfile.read(speech, dtype="int16")
    soundfile.write(piece, samples[: 5 * rate_hz], rate_hz)
    result = daemon.run(
        *("--input", piece, "--realtime", "--json"),
        *eager,
        *("--hook", f"*={hook}"),
    )
    assert result.returncode == 0, result.stderr.decode()
    keywords = [keyword for keyword, _, _ in daemon.detections(daemon.events(result.stdout))]
    assert set(keywords) == {"yes", "no"}
    assert (tmp_path / "heard").read_text().split() == keywords


def test_it_adds_to_the_hooks_of_a_keyword(eager: Eager, tmp_path: Path) -> None:
    """Both run, and each tells how it went."""
    result = daemon.run(
        *("--input", daemon.DEMO / "demo.flac", "--json", "--keyword", "no"),
        *eager,
        *("--hook", "no=true", "--hook", "*=false"),
    )
    found = daemon.events(result.stdout)
    heard = len(daemon.of_type(found, "detection"))
    assert heard > 0
    for command, exit_code in (("true", 0), ("false", 1)):
        ends = [
            event
            for event in daemon.of_type(found, "hook")
            if event["command"] == command and event["state"] != "started"
        ]
        # As fast as it goes, detections may come faster than programs end: the cap then drops runs.
        assert {event["state"] for event in ends} <= {"exited", "dropped"}
        assert {event["exit_code"] for event in ends if event["state"] == "exited"} == {exit_code}
        assert len(ends) == heard
