"""`kws.json`: what the daemon has to know of a model."""

import hashlib
import json
from pathlib import Path
from typing import Any

from kws_live.types import SAMPLE_RATE_HZ

from .checkpoint import Checkpoint
from .run_folder import WINDOW_SAMPLES, RunFolder
from .self_test import SelfTest
from .staging import MANIFEST

FORMAT = 1
HOP_SAMPLES = SAMPLE_RATE_HZ // 10
UNKNOWN_WEIGHT = 10.0
"""Measured in docs/decisions/0008-score.md; from 5 to 20 little changes."""
OPERATING_POINT = "default"
UNHASHED = (MANIFEST, "README.md")


def write_manifest(
    folder: Path,
    name: str,
    checkpoint: Checkpoint,
    run: RunFolder,
    operating_point: dict[str, Any],
    self_test: SelfTest,
    runtime_files: tuple[str, ...],
) -> None:
    """Write `kws.json` for the other files of `folder`, all of which must be there already."""
    stride = checkpoint.stride_samples
    document = {
        "format": FORMAT,
        "name": name,
        "labels": list(checkpoint.labels),
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "window_samples": WINDOW_SAMPLES,
        # A multiple of the stride, so that frames of one window are frames of the next.
        "hop_samples": max(1, round(HOP_SAMPLES / stride)) * stride,
        "stride_samples": stride,
        "receptive_field_samples": checkpoint.receptive_field_samples,
        "runtime_files": list(runtime_files),
        "unknown_weight": UNKNOWN_WEIGHT,
        "operating_point": OPERATING_POINT,
        "operating_points": {OPERATING_POINT: operating_point},
        "self_test": self_test.as_json(),
        "sha256": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.iterdir())
            if path.name not in UNHASHED
        },
        "training_commit": run.manifest.get("commit"),
        "metrics": run.metrics,
    }
    (folder / MANIFEST).write_text(
        json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
