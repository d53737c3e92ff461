"""The model folder: `kws.json`, read with suspicion.

A folder may come from anywhere, so nothing in it is trusted: every field is checked for type and
range before use, file names may not leave the folder, and a file is hashed before it is opened.
"""

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kws_live.errors import ModelError
from kws_live.model.fields import REMEDY, Fields
from kws_live.model.point import read_operating_point
from kws_live.model.runtimes import Runtime, read_runtimes, read_self_test_window
from kws_live.types import SAMPLE_RATE_HZ, SILENCE_LABEL, UNKNOWN_LABEL, Int16Array

FORMAT = 1
"""The newest format of `kws.json` that this version reads."""

MANIFEST_NAME = "kws.json"
_MAX_MANIFEST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """What `kws.json` says, checked.

    Attributes:
        path: the folder.
        name: the model's name in events and on the display.
        labels: classes of the model in the order of its outputs, `_unknown_` and `_silence_` among
            them.
        window_samples: what the model is given, at 16 kHz.
        hop_samples: step between windows; a multiple of `stride_samples`.
        stride_samples: step of the model's own frames.
        receptive_field_samples: how much audio one of its frames sees.
        runtimes: ways to run it, in order of preference.
        unknown_weight: how much more often than in training something else is said where the model
            is used: the posterior of `_unknown_` is multiplied by it before all are normalised.
        operating_point: the gate, decoder and keyword settings it is shipped with, in the layout of
            `kws.json`.
        self_test_window: what every runtime is tried on, int16 [window_samples].
        sha256: expected hash of each file, hex.
    """

    path: Path
    name: str
    labels: tuple[str, ...]
    window_samples: int
    hop_samples: int
    stride_samples: int
    receptive_field_samples: int
    runtimes: tuple[Runtime, ...]
    unknown_weight: float
    operating_point: Mapping[str, Any]
    self_test_window: Int16Array
    sha256: Mapping[str, str]

    @property
    def keywords(self) -> tuple[str, ...]:
        """The labels a user can say."""
        return _keywords(self.labels)

    def read_file(self, name: str) -> bytes:
        """Return the bytes of one of the folder's files after checking its hash.

        Raises:
            ModelError: the file is missing, unreadable, or not the one that `kws.json` describes.
        """
        path = self.path / name
        try:
            _size_bytes(path)
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"model file {path} can't be read: {error.strerror}. {REMEDY}"
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256[name]:
            raise ModelError(
                f"model file {path} is corrupt: its SHA-256 is {digest[:12]}…, {MANIFEST_NAME} says "
                f"{self.sha256[name][:12]}…. {REMEDY}"
            )
        return content


def load_model_folder(path: Path) -> ModelFolder:
    """Read and check `kws.json` of the folder `path`; no other file is opened.

    Raises:
        ModelError: it is missing, unreadable, of a newer format, or a field is missing or out of
            range.
    """
    file = path / MANIFEST_NAME
    try:
        if _size_bytes(file) > _MAX_MANIFEST_BYTES:
            raise ModelError(f"{file} is larger than {_MAX_MANIFEST_BYTES} bytes. {REMEDY}")
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path} is not a model folder: {MANIFEST_NAME} can't be read ({error.strerror}). "
            "Make one with kws-export."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is corrupt: {error}. {REMEDY}") from error
    return _folder(Fields(file, document))


def _size_bytes(file: Path) -> int:
    """Return how large a file is; refuse what may have no end, or none that comes: a device, a pipe."""
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{file} is no regular file. {REMEDY}")
    return status.st_size


def _folder(document: Fields) -> ModelFolder:
    version = document.count("format")
    if version > FORMAT:
        raise ModelError(
            f"{document.file} has format {version}; this version of kws-live reads up to {FORMAT}. "
            "Install a newer kws-live, or export the model again with this one's kws-export."
        )
    if (rate_hz := document.count("sample_rate_hz")) != SAMPLE_RATE_HZ:
        raise document.complaint(
            "sample_rate_hz", f"= {rate_hz}, only {SAMPLE_RATE_HZ} is supported"
        )
    labels = document.names("labels")
    for needed in (UNKNOWN_LABEL, SILENCE_LABEL):
        if needed not in labels:
            raise document.complaint("labels", f"lack {needed!r}")
    operating_point = read_operating_point(document, _keywords(labels))
    window_samples = document.count("window_samples")
    hop_samples = document.count("hop_samples")
    stride_samples = document.count("stride_samples")
    receptive_field_samples = document.count("receptive_field_samples")
    if hop_samples % stride_samples:
        raise document.complaint(
            "hop_samples", f"= {hop_samples} is no multiple of stride_samples = {stride_samples}"
        )
    if 2 * hop_samples > window_samples:
        # Words between two windows would be cut; and so would spans that a ring can't hold.
        raise document.complaint(
            "hop_samples", f"= {hop_samples} is more than half of window_samples = {window_samples}"
        )
    unknown_weight = document.number("unknown_weight", default=1.0)
    if unknown_weight <= 0:
        raise document.complaint("unknown_weight", f"= {unknown_weight:g} must be above 0")
    sha256 = _hashes(document)
    return ModelFolder(
        path=document.file.parent,
        name=document.name("name"),
        labels=labels,
        window_samples=window_samples,
        hop_samples=hop_samples,
        stride_samples=stride_samples,
        receptive_field_samples=receptive_field_samples,
        runtimes=read_runtimes(
            document, len(labels), sha256, receptive_field_samples <= window_samples
        ),
        unknown_weight=unknown_weight,
        operating_point=operating_point,
        self_test_window=read_self_test_window(document, window_samples),
        sha256=sha256,
    )


def _hashes(document: Fields) -> Mapping[str, str]:
    hashes = document.table("sha256")
    return {name: hashes.text(name) for name in hashes.fields()}


def _keywords(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(label for label in labels if label not in (UNKNOWN_LABEL, SILENCE_LABEL))
