"""What the benchmarks share: where a figure was measured, how it is shown and how it is kept."""

import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import rich
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DEMO = ROOT / "kws_live" / "demo" / "demo.flac"


def kws_live() -> Path:
    """Returns the installed command of the environment that runs the benchmark.

    Raises:
        SystemExit: It is not installed there.
    """
    command = Path(sys.executable).parent / "kws-live"
    if not command.exists():
        raise SystemExit(f"There is no {command}; run the benchmarks with `make bench`.")
    return command


@contextlib.contextmanager
def bare_environment() -> Iterator[dict[str, str]]:
    """Yields an environment with an empty home: one's own configuration would change what is measured."""
    with tempfile.TemporaryDirectory() as home:
        yield {"PATH": os.defpath, "HOME": home}


def machine() -> dict[str, object]:
    """Returns what a reader needs to compare figures: processor, cores, system, Python."""
    cpuinfo = Path("/proc/cpuinfo")
    names = (
        line.partition(":")[2].strip()
        for line in (cpuinfo.read_text().splitlines() if cpuinfo.exists() else ())
        if line.startswith("model name")
    )
    return {
        "cpu": next(names, platform.processor() or platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_1min": round(os.getloadavg()[0], 2),
    }


def commit() -> str | None:
    """Returns the checked-out commit, with `+` if files differ from it; None outside a clone."""

    def git(*args: str) -> str:
        return subprocess.run(
            ["git", *args], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", ":!benchmarks/results")
        return git("rev-parse", "--short=12", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def newest(benchmark: str, *fields: str) -> dict[str, Any] | None:
    """Returns what was last published by a benchmark; None if it was not run since it has all `fields`.

    Args:
        benchmark: Its name, as given to `publish`.
        fields: What is needed of its figures; an older form of the benchmark may lack them.
    """
    path = RESULTS / f"{benchmark}.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if not lines:
        return None
    figures: dict[str, Any] = json.loads(lines[-1])
    return figures if figures.keys() >= set(fields) else None


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table.

    Args:
        title: What it shows.
        columns: Headings; the first column is text, the others are figures.
        rows: The cells, as people read them.
    """
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    for row in rows:
        table.add_row(*row)
    rich.print(table)


def publish(
    benchmark: str,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    figures: Mapping[str, object],
) -> None:
    """Prints a table and one line of JSON, and appends that line to `results/BENCHMARK.jsonl`.

    Args:
        benchmark: Name of the benchmark, and of its file of results.
        title: What the table shows.
        columns: Headings; the first column is text, the others are figures.
        rows: The cells, as people read them.
        figures: The same for programs, units in the names; JSON types only.
    """
    show(title, columns, rows)
    line = json.dumps(
        {
            "benchmark": benchmark,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": machine(),
            **figures,
        },
        allow_nan=False,
    )
    print(line)
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{benchmark}.jsonl").open("a", encoding="utf-8") as results:
        results.write(line + "\n")
