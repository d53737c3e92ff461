"""`kws.json`: what the daemon has to know of a model."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from kws_live.model.folder import MANIFEST_NAME
from kws_live.types import SAMPLE_RATE_HZ

from .checkpoint import Checkpoint
from .operating_point import OperatingPoint
from .run_folder import WINDOW_SAMPLES, RunFolder
from .runtimes import Runtime
from .self_test import SelfTest

FORMAT = 1
OPERATING_POINT = "default"
UNHASHED = (MANIFEST_NAME, "README.md")


def write_manifest(
    folder: Path,
    name: str,
    checkpoint: Checkpoint,
    run: RunFolder,
    operating_point: OperatingPoint,
    runtimes: Sequence[Runtime],
    self_test: SelfTest,
) -> None:
    """Write `kws.json` for the other files of `folder`, all of which must be there already."""
    grid = checkpoint.grid
    document = {
        "format": FORMAT,
        "name": name,
        "labels": list(checkpoint.labels),
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "window_samples": WINDOW_SAMPLES,
        "hop_samples": grid.hop_samples,
        "stride_samples": grid.stride_samples,
        "receptive_field_samples": grid.receptive_field_samples,
        "runtimes": [
            {
                "name": x.name,
                "files": [file.name for file in x.files],
                "batches": x.batches,
                "self_test": self_test.as_json(x),
            }
            for x in runtimes
        ],
        "unknown_weight": operating_point.unknown_weight,
        "operating_point": OPERATING_POINT,
        "operating_points": {OPERATING_POINT: operating_point.settings},
        "self_test": self_test.window_as_json(),
        "sha256": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.iterdir())
            if path.name not in UNHASHED
        },
        "training_commit": run.manifest.get("commit"),
        "metrics": run.metrics,
    }
    (folder / MANIFEST_NAME).write_text(
        json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
