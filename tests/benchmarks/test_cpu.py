"""What listening costs: the audio that is played, who is played it, and what is made of the figures."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks import common, cpu_texts
from benchmarks.cpu import (
    MAIN,
    OURS,
    TARGET_MIX_OF_POCKETSPHINX,
    TARGET_PERCENT,
    by_condition,
    proof,
)
from benchmarks.cpu_audio import CONDITIONS, SILENCE_DB, Slice, Stretch, conditions, slices
from benchmarks.cpu_chart import draw
from benchmarks.cpu_listener import BLOCK_BYTES, LISTENERS
from benchmarks.cpu_systems import Measured, Rival, measure
from benchmarks.usage import Thread, Usage
from benchmarks.whole_windows import whole_windows
from kws_live.model import find_model, load_model_folder
from kws_live.types import SAMPLE_RATE_HZ

WORDS = ("yes", "no")


def test_the_mix_is_one_tenth_speech() -> None:
    """In pieces, with silence around each; the silence itself is soft and never zeros."""
    audio = conditions(40.0)
    assert {name: len(samples) / SAMPLE_RATE_HZ for name, samples in audio.items()} == {
        "silence": 40.0,
        "mix": 40.0,
        "speech": 40.0,
    }
    said = np.count_nonzero(audio["mix"] != audio["silence"])
    assert said / len(audio["mix"]) == pytest.approx(0.1, abs=0.01)
    silence = audio["silence"].astype(np.float64)
    assert 20 * np.log10(silence.std() / 32767) == pytest.approx(SILENCE_DB, abs=0.1)
    assert np.array_equal(audio["mix"][:SAMPLE_RATE_HZ], audio["silence"][:SAMPLE_RATE_HZ])


def test_a_recording_is_repeated_until_it_is_long_enough(tmp_path: Path) -> None:
    """At 16 kHz, whatever its own rate."""
    path = tmp_path / "talk.wav"
    soundfile.write(path, np.sin(np.arange(8_000)).astype(np.float32) / 2, 8_000)
    talk = conditions(2.5, speech=path)["speech"]
    assert len(talk) == 2.5 * SAMPLE_RATE_HZ
    assert np.array_equal(talk[:SAMPLE_RATE_HZ], talk[SAMPLE_RATE_HZ : 2 * SAMPLE_RATE_HZ])


def test_slices_hold_each_condition_once_and_all_of_it() -> None:
    """What counts of all slices together is what was given, in order."""
    audio = {
        name: np.arange(index, 3 * SAMPLE_RATE_HZ, 3).astype(np.int16)
        for index, name in enumerate(CONDITIONS)
    }
    cut = slices(audio, 2)
    for name in CONDITIONS:
        parts = [
            one.samples[round(each.start_s * SAMPLE_RATE_HZ) : round(each.end_s * SAMPLE_RATE_HZ)]
            for one in cut
            for each in one.stretches
            if each.condition == name
        ]
        assert np.array_equal(np.concatenate(parts), audio[name])
    for one in cut:
        assert [each.condition for each in one.stretches] == list(CONDITIONS)
        assert one.stretches[-1].end_s < len(one.samples) / SAMPLE_RATE_HZ


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pocketsphinx", WORDS),
        ("pocketsphinx-endpointer", WORDS),
        ("pyopen-wakeword", ("hey_jarvis",)),
        ("pymicro-wakeword", ("hey_jarvis",)),
    ],
)
def test_each_rival_hears_its_words_and_not_noise(name: str, words: tuple[str, ...]) -> None:
    """In the proof that all must pass before they are measured, given in blocks of 80 ms."""
    pytest.importorskip(name.partition("-endpointer")[0].replace("-", "_"))
    listen = LISTENERS[name](words)
    noise = np.random.default_rng(0).normal(0, 3000, 2 * SAMPLE_RATE_HZ).astype(np.int16)
    for samples, expected in ((noise, False), (proof(), True)):
        data = samples.tobytes()
        starts = range(0, len(data) - BLOCK_BYTES + 1, BLOCK_BYTES)
        assert any([listen(data[start : start + BLOCK_BYTES]) for start in starts]) == expected


def test_a_rival_is_fed_in_real_time_and_watched_by_condition() -> None:
    """A stretch of 0.4 s takes 0.4 s, and takes processor time; starting does not count."""
    pytest.importorskip("pocketsphinx")
    noise = np.random.default_rng(0).normal(0, 300, 2 * SAMPLE_RATE_HZ).astype(np.int16)
    played = Slice(noise, (Stretch("silence", 0.5, 0.9), Stretch("speech", 1.0, 1.8)))
    measured, trouble = measure(Rival("rival", "pocketsphinx", WORDS), played)
    assert trouble == ""
    assert [each.condition for each in measured] == ["silence", "speech"]
    assert [each.used.elapsed_s for each in measured] == pytest.approx([0.4, 0.8], abs=0.1)
    for each in measured:
        assert 0 < each.used.cpu_s < each.used.elapsed_s
        assert each.main.cpu_s == pytest.approx(each.used.cpu_s, abs=1e-3)
        assert each.used.wake_ups_hz == pytest.approx(12.5, abs=6)


def test_a_system_that_ends_early_is_an_error_with_what_it_said() -> None:
    """Before it has said that it listens, or later."""
    played = Slice(np.zeros(SAMPLE_RATE_HZ, np.int16), (Stretch("silence", 0.1, 0.2),))
    with pytest.raises(SystemExit, match=r"nobody.* ended early:(.|\n)*KeyError: 'nobody'"):
        measure(Rival("rival", "nobody", WORDS), played)


def test_figures_weigh_slices_by_their_time() -> None:
    """1 % of 10 s and 4 % of 20 s are 3 % of 30 s; the main process is counted apart."""

    def used(percent: float, elapsed_s: float) -> Usage:
        cpu_ns = round(percent / 100 * elapsed_s * 1e9)
        return Usage(elapsed_s, (Thread("p", "t", cpu_ns, round(5 * elapsed_s), 0),))

    measured = [
        Measured(condition, used(percent, elapsed_s), used(percent / 2, elapsed_s), 1)
        for condition in CONDITIONS
        for percent, elapsed_s in ((1.0, 10.0), (4.0, 20.0))
    ]
    figures = by_condition(measured)["speech"]
    assert figures["percent"] == pytest.approx(3.0)
    assert figures["percent_by_slice"] == [1.0, 4.0]
    assert figures["wake_ups_hz"] == pytest.approx(5.0)
    assert figures["detections"] == 2
    assert by_condition(measured, main=True)["speech"]["percent"] == pytest.approx(1.5)


def test_the_uncut_model_is_a_model_folder_that_does_not_stream(tmp_path: Path) -> None:
    """With the graphs and the settings of the default model, and their hashes."""
    default = find_model("default")
    folder = load_model_folder(whole_windows(default, tmp_path / "whole"))
    assert not any(runtime.streams for runtime in folder.runtimes)
    assert len(folder.runtimes) == len(load_model_folder(default).runtimes)
    for runtime in folder.runtimes:
        assert folder.read_file(runtime.files[0])
    assert folder.operating_point == load_model_folder(default).operating_point


def row(*percents: float, words: int = 10) -> dict[str, object]:
    """A system's figures."""
    return {"words": words} | {
        condition: {"percent": percent, "wake_ups_hz": 33.3}
        for condition, percent in zip(CONDITIONS, percents, strict=True)
    }


FIGURES = {
    "date": "2026-01-02T03:04:05+00:00",
    "commit": None,
    "machine": {"cores": 2, "cpu": "X"},
    "seconds": 120.0,
    "speech": None,
    "wake_word": "hey_jarvis",
    "troubles": [],
    "targets": {"percent": TARGET_PERCENT, "mix_of_pocketsphinx": TARGET_MIX_OF_POCKETSPHINX},
    "gate_open_share": {"silence": 0.0, "mix": 0.09, "speech": 0.98},
    "versions": {"pocketsphinx": "5.1.1", "pymicro-wakeword": "2.5.0"},
    "systems": {
        OURS: row(0.8, 1.0, 2.0),
        MAIN: row(0.4, 0.6, 1.5),
        "pocketsphinx": row(3.0, 3.1, 3.2),
        "pocketsphinx, Endpointer": row(0.1, 0.4, 3.2),
        "pymicro-wakeword": row(0.9, 0.9, 0.9, words=1),
    },
}


def test_the_table_says_who_is_cheaper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where, how many words each listens for, and how long the gate was open."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    assert cpu_texts.cpu(tmp_path).startswith("Not measured yet: `python -m benchmarks.cpu`")
    (tmp_path / "cpu.jsonl").write_text(json.dumps(FIGURES) + "\n")
    text = cpu_texts.cpu(common.ROOT)
    assert "| kws-live (10 words) | 0.80 % | 1.00 % | 2.00 % | 33 / 33 / 33 |" in text
    assert "| pocketsphinx 5.1.1 – Endpointer (10 words) | 0.10 % | 0.40 % | 3.20 % |" in text
    assert "| pymicro-wakeword 2.5.0 (one word) | 0.90 % | 0.90 % | 0.90 % |" in text
    assert (
        "Cheaper than kws-live: pocketsphinx, Endpointer (in a quiet room, with one tenth speech); "
        "pymicro-wakeword (with one tenth speech, in continuous speech)." in text
    )
    assert (
        "Asked: in a quiet room ≤ 1.2 % – met, 0.80 %; in continuous speech ≤ 3.5 % – met, 2.00 %; "
        "with one tenth speech, ÷ pocketsphinx ≤ 0.7 – met, 0.32; "
        "with one tenth speech, ÷ pocketsphinx, Endpointer ≤ 0.7 – **missed**, 2.50." in text
    )
    assert "120 seconds of each in real time (the words of the bundled demo)" in text
    assert "9 % of the time with one tenth speech" in text
    assert "](docs/images/cpu.png)" in text
    assert "](images/cpu.png)" in cpu_texts.cpu(common.ROOT / "docs")


def test_work_that_was_not_done_stands_below_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would make a system look cheaper than it is; mostly there is none."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)
    for troubles in ([], ["kws-live, slice 2: lost_s 0.5"]):
        (tmp_path / "cpu.jsonl").write_text(json.dumps(FIGURES | {"troubles": troubles}) + "\n")
        told = "**Not all was listened to:** kws-live, slice 2: lost_s 0.5."
        assert (told in cpu_texts.cpu(tmp_path)) == bool(troubles)


def test_the_same_figures_give_the_same_chart(tmp_path: Path) -> None:
    """Byte for byte, so that drawing again changes nothing."""
    draw(FIGURES, tmp_path / "one.png")
    draw(FIGURES, tmp_path / "two.png")
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    height, width = size_of(tmp_path / "one.png")
    assert width > height > 100


def size_of(path: Path) -> tuple[int, int]:
    """Return height and width that a PNG declares."""
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return int.from_bytes(header[20:24]), int.from_bytes(header[16:20])
