"""What is told of latency, throughput and the cost of a hop."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import common, speed_texts
from benchmarks.latency_parts import NAMES

MEASURED = {
    "date": "2026-01-02T03:04:05+00:00",
    "commit": "abc",
    "machine": {"cpu": "A", "cores": 2},
}


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Keeps figures as a benchmark does, where no other result is."""
    monkeypatch.setattr(common, "RESULTS", tmp_path)

    def keep(benchmark: str, figures: dict[str, Any]) -> None:
        (tmp_path / f"{benchmark}.jsonl").write_text(json.dumps(MEASURED | figures) + "\n")

    return keep


@pytest.mark.parametrize("name", ["startup", "latency", "throughput", "scaling"])
def test_what_was_not_measured_is_said(name: str, publish: Any, tmp_path: Path) -> None:
    """The section names the command that measures it."""
    assert f"benchmarks.{name}" in getattr(speed_texts, name)(tmp_path)


def test_the_start_stands_beside_what_was_asked(publish: Any, tmp_path: Path) -> None:
    """What was asked is of listening to a microphone, with the capture process."""
    device = {"start_median_s": 0.3, "start_max_s": 0.4, "pss_max_mb": 80.4, "processes": 1}
    listening = {"start_median_s": 0.36, "start_max_s": 0.5, "pss_max_mb": 96.0, "processes": 2}
    publish(
        "startup",
        {
            "runs": 7,
            "targets": {"start_s": 0.35, "pss_mb": 100, "growth_mb": 3},
            "devices": {"demo": device, "default": listening},
            "soak": {"minutes": 1.0, "growth_mb": 2.04},
            "parts_ms": {"interpreter": 14.6, "command line": 40.0},
        },
    )
    text = speed_texts.startup(tmp_path)
    assert "| a microphone | 0.36 s | 0.50 s | 96 MB | 2 |" in text
    assert "in ms: interpreter 15, command line 40." in text
    assert (
        "Asked: start ≤ 0.35 s – **missed**, 0.36 s; memory ≤ 100 MB – met, 96 MB; "
        "more after 1 min of speech ≤ 3 MB – met, 2.0 MB." in text
    )


def test_latency_has_a_row_for_each_part_and_one_for_all(publish: Any, tmp_path: Path) -> None:
    """In the order in which they happen."""
    names = (*NAMES, "total")
    publish(
        "latency",
        {
            "words": 300,
            "hits": 240,
            "targets": {"total_p95_ms": 20.0},
            "mean_ms": {name: float(at) for at, name in enumerate(names)},
            "slowest_tenth_mean_ms": {name: 50.0 for name in names},
            **{f"{name}_ms_p50_p95_p99": [1.0, 20.4, 30.6] for name in names},
        },
    )
    lines = speed_texts.latency(tmp_path).splitlines()
    assert "Asked: 95 % of the words ≤ 20 ms – **missed**, 20.4 ms." in lines
    assert lines[0].startswith("240 of 300 words")
    assert lines[4] == "| model | 0 | 1 | 20 | 31 | 50 |"
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines[4:12]] == list(names)


def test_throughput_tells_what_of_the_hoped_for_speed_is_reached(
    publish: Any, tmp_path: Path
) -> None:
    """For the mix alone: the speech is what it is held against."""
    rates = {"steady_rate": 150.4, "whole_rate": 140.0, "open_share": 1.0}
    mixed = {"steady_rate": 1200.0, "whole_rate": 900.0, "open_share": 0.104}
    entry = {"cores": 1, "speech": rates, "mix": mixed, "efficiency": 0.83}
    targets = {"rate_1_core": 120.0, "efficiency": 0.85}
    publish("throughput", {"by_cores": [entry], "targets": targets})
    lines = speed_texts.throughput(tmp_path).splitlines()
    assert lines[2] == "| all of it, gate off | 1 | 100 % | 150 × | 140 × |  |"
    assert lines[3] == "| typical use, gate on | 1 | 10 % | 1200 × | 900 × | 0.83 |"
    assert (
        "Asked: one core, all of it, whole command ≥ 120 × – met, 140 ×; "
        "one core, of what the gate lets expect ≥ 0.85 – **missed**, 0.83." in lines
    )


def test_a_hop_stands_beside_its_limit(publish: Any, tmp_path: Path) -> None:
    """And the decoder, which has none, by itself."""
    macs = {"waveform": 3_000_000, "front": 7_000_000, "head": 97_000_000}
    model = {"name": "m", "hop_ms": 100.0, "took_ms": 1.6, "macs": macs, "limit_ms": 0.8}
    decoder = {"name": "d", "hop_ms": 100.0, "took_ms": 0.01, "macs": None, "limit_ms": None}
    rates = {"int8": 100.0, "float32": 40.0}
    publish(
        "scaling",
        {
            "targets": {"streaming_share": 0.6},
            "streaming_share": {"int8": 0.5, "float32": 0.6},
            "gmac_per_s": {"1": rates, "8": rates},
            "costs": [model, decoder],
        },
    )
    text = speed_texts.scaling(tmp_path)
    assert "0.50 of whole windows in int8" in text
    assert "Asked: streaming, of whole windows, int8 ≤ 0.6 – met, 0.50." in text
    assert "| m | 1.60 | 1.60 % | 107 | 0.80 | 50 % |" in text
    assert "| d | 0.01 | 0.01 % |  |  |  |" in text
