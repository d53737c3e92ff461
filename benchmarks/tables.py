"""The figures in README, model card and docs, written from what was measured.

A section between `<!-- table:NAME begin -->` and `<!-- table:NAME end -->` belongs to this program: it
is made from the newest line of `benchmarks/results/*.jsonl` and from the default model's `kws.json`
(the `*_texts.py` say how). Nobody types a figure, and none outlives its measurement.

    python -m benchmarks.tables            writes every section anew (make tables)
    python -m benchmarks.tables --check    fails where one is stale (make lint)
"""

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import (
    accuracy_texts,
    cpu_texts,
    model_texts,
    quality_texts,
    speed_texts,
    streams_texts,
    table_texts,
    training_texts,
)
from benchmarks.common import ROOT

Table = Callable[[Path], str]

TABLES: Mapping[str, Table] = {
    "cpu": cpu_texts.cpu,
    "startup": speed_texts.startup,
    "latency": speed_texts.latency,
    "throughput": speed_texts.throughput,
    "scaling": speed_texts.scaling,
    "quality": quality_texts.quality,
    "accuracy": accuracy_texts.accuracy,
    "accuracy-words": accuracy_texts.accuracy_words,
    "calibration": accuracy_texts.calibration,
    "streams-words": streams_texts.streams_words,
    "model-quality": model_texts.model_quality,
    "operating-point": model_texts.operating_point,
    "operating-points": table_texts.operating_points,
    "coverage": table_texts.coverage,
    "detection": table_texts.detection,
    "gate": table_texts.gate,
    "eval-speed": table_texts.eval_speed,
    "loader": training_texts.loader,
}
REQUIRED = {
    "README.md": ("model-quality", "accuracy", "cpu"),
    "models/default/README.md": ("operating-point", "accuracy", "accuracy-words"),
    "docs/model-quality.md": (
        "quality",
        "accuracy",
        "accuracy-words",
        "calibration",
        "streams-words",
    ),
    "docs/performance.md": ("latency", "scaling", "throughput"),
    "docs/benchmarks.md": (
        "cpu",
        "startup",
        "latency",
        "throughput",
        "scaling",
        "operating-points",
        "coverage",
        "gate",
        "detection",
        "eval-speed",
        "loader",
    ),
}
"""Documents that would mislead without these sections."""

_MARKER = re.compile(r"^<!-- table:(?P<name>\S+) (?P<side>begin|end) -->$", re.MULTILINE)


class MarkerError(Exception):
    """A document's markers can't be understood; says which, and what to do."""


def main() -> None:
    """Write the sections, or check them."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.tables",
        description="Generated sections of README, card and docs.",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail if one is stale")
    check = parser.parse_args().check
    try:
        stale = update(ROOT, TABLES, REQUIRED, write=not check)
    except MarkerError as error:
        sys.exit(str(error))
    for document in stale:
        print(f"{document}: {'stale, run make tables' if check else 'written'}")
    sys.exit(1 if check and stale else 0)


def update(
    root: Path,
    tables: Mapping[str, Table],
    required: Mapping[str, tuple[str, ...]],
    *,
    write: bool,
) -> list[str]:
    """Return the documents whose sections differ from what was measured, after writing them if asked.

    Args:
        root: the checkout; README.md, the default model's card and docs/*.md are looked at.
        tables: what makes each section; called with the folder of the document, for links.
        required: documents, relative to `root`, with the sections they must have.
        write: whether to bring them up to date.

    Raises:
        MarkerError: a marker lacks its partner or names no table, or a required section is missing.
    """
    documents = ["README.md", "models/default/README.md"]
    documents += sorted(str(path.relative_to(root)) for path in root.glob("docs/*.md"))
    stale = []
    for document in dict.fromkeys([*documents, *required]):
        path = root / document
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new, found = _regenerated(old, tables, document, path.parent)
        for name in required.get(document, ()):
            if name not in found:
                raise MarkerError(
                    f"{document} lacks the section {name}: put <!-- table:{name} begin --> and "
                    f"<!-- table:{name} end --> on lines of their own where it belongs"
                )
        if new != old:
            stale.append(document)
            if write:
                path.write_text(new, encoding="utf-8")
    return stale


def _regenerated(
    text: str, tables: Mapping[str, Table], document: str, folder: Path
) -> tuple[str, set[str]]:
    """Return the text with its sections made anew, and their names."""
    parts = []
    found = set()
    end_of_last = 0
    markers = list(_MARKER.finditer(text))
    for begin, end in zip(markers[::2], [*markers[1::2], None], strict=False):
        name = begin["name"]
        if name not in tables:
            raise MarkerError(
                f"{document}: there is no table {name!r}; there are {', '.join(sorted(tables))}"
            )
        if begin["side"] != "begin" or end is None or (end["name"], end["side"]) != (name, "end"):
            raise MarkerError(
                f"{document}: <!-- table:{name} {begin['side']} --> has no partner: each begin is "
                "followed by the end of the same name"
            )
        found.add(name)
        parts += [text[end_of_last : begin.end()], f"\n{tables[name](folder).strip()}\n"]
        end_of_last = end.start()
    return "".join([*parts, text[end_of_last:]]), found


if __name__ == "__main__":
    main()
