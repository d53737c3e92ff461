"""The ways to run a model that its folder offers, as `kws.json` describes them."""

import base64
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kws_live.model.fields import Fields
from kws_live.types import Int16Array

_MAX_TOLERANCE = 0.1
"""A self-test that allows more tells nothing."""
_MAX_FILES = 2


@dataclass(frozen=True, slots=True)
class Runtime:
    """One way to run the model, and how to tell that it works on this computer.

    Attributes:
        name: as people know it: "int8 streaming", "float32", …
        files: one graph that takes whole windows, or two, an encoder (samples → frames) and a head
            (the frames of one window → logits).
        batches: whether several windows in one call each get the logits that they would alone.
        expected_logits: what a healthy CPU answers to the self-test window, [labels].
        tolerance: greatest difference of any posterior from those, 0..1.
    """

    name: str
    files: tuple[str, ...]
    batches: bool
    expected_logits: tuple[float, ...]
    tolerance: float

    @property
    def streams(self) -> bool:
        """Whether the frames of one window can serve the next."""
        return len(self.files) == _MAX_FILES


def read_runtimes(
    document: Fields, labels: int, hashed: Container[str], can_stream: bool
) -> tuple[Runtime, ...]:
    """Return the runtimes of `kws.json`, in order of preference.

    Args:
        document: all of it.
        labels: how many classes the model has.
        hashed: names of the files whose hash is known.
        can_stream: whether a window is long enough to hold a frame.

    Raises:
        ModelError: a field is missing or out of range, or a file lies outside the folder.
    """
    runtimes = []
    for fields in document.tables("runtimes"):
        files = fields.names("files")
        if len(files) > _MAX_FILES:
            raise fields.complaint("files", f"names {len(files)} files: one or two can be run")
        if len(files) == _MAX_FILES and not can_stream:
            raise fields.complaint("files", "can't stream: a window is shorter than one frame")
        for name in files:
            if Path(name).name != name or name == "..":
                raise fields.complaint("files", f"names {name!r}, which is outside the folder")
            if name not in hashed:
                raise fields.complaint("files", f"names {name!r}, which sha256 lacks")
        test = fields.table("self_test")
        tolerance = test.number("tolerance")
        if not 0 < tolerance <= _MAX_TOLERANCE:
            raise test.complaint("tolerance", f"= {tolerance} is out of range")
        runtimes.append(
            Runtime(
                name=fields.name("name"),
                files=files,
                batches=fields.boolean("batches"),
                expected_logits=test.numbers("logits", labels),
                tolerance=tolerance,
            )
        )
    return tuple(runtimes)


def read_self_test_window(document: Fields, samples: int) -> Int16Array:
    """Return the window that every runtime is tried on, int16 [samples].

    Raises:
        ModelError: it is missing or of another length.
    """
    test = document.table("self_test")
    key = "window_int16_base64"
    try:
        raw = base64.b64decode(test.text(key), validate=True)
    except ValueError as error:
        raise test.complaint(key, f"is not base64: {error}") from error
    if len(raw) != 2 * samples:
        raise test.complaint(key, f"holds {len(raw)} bytes, not {2 * samples}")
    return np.frombuffer(raw, dtype="<i2").astype(np.int16)
