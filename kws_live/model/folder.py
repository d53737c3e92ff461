"""The model folder: `kws.json`, read with suspicion.

A folder may come from anywhere, so nothing in it is trusted: every field is checked for type and
range before use, file names may not leave the folder, and a file is hashed before it is opened.
"""

import base64
import hashlib
import json
import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kws_live.config.schema import settings_of
from kws_live.config.settings import DecoderConfig, GateConfig, KeywordConfig
from kws_live.errors import ModelError
from kws_live.types import SAMPLE_RATE_HZ, SILENCE_LABEL, UNKNOWN_LABEL, Int16Array

FORMAT = 1
"""The newest format of `kws.json` that this version reads."""

MANIFEST_NAME = "kws.json"
_MAX_MANIFEST_BYTES = 4 << 20
_MAX_TOLERANCE = 0.1
"""A self-test that allows more tells nothing."""


@dataclass(frozen=True, slots=True)
class SelfTest:
    """One real window and what a runtime file must answer to it on a healthy CPU.

    Attributes:
        window: int16 [window_samples].
        expected: logits [labels] of each runtime file.
        tolerance: greatest difference of any posterior, 0..1, for each runtime file.
    """

    window: Int16Array
    expected: Mapping[str, tuple[float, ...]]
    tolerance: Mapping[str, float]


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
        runtime_files: ONNX files in order of preference.
        unknown_weight: how much more often than in training something else is said where the model
            is used: the posterior of `_unknown_` is multiplied by it before all are normalised.
        operating_point: the gate, decoder and keyword settings it is shipped with, in the layout of
            `kws.json`.
        self_test: see `SelfTest`.
        sha256: expected hash of each file, hex.
    """

    path: Path
    name: str
    labels: tuple[str, ...]
    window_samples: int
    hop_samples: int
    stride_samples: int
    receptive_field_samples: int
    runtime_files: tuple[str, ...]
    unknown_weight: float
    operating_point: Mapping[str, Any]
    self_test: SelfTest
    sha256: Mapping[str, str]

    @property
    def keywords(self) -> tuple[str, ...]:
        """The labels a user can say."""
        return tuple(label for label in self.labels if label not in (UNKNOWN_LABEL, SILENCE_LABEL))

    def read_file(self, name: str) -> bytes:
        """Return the bytes of one of the folder's files after checking its hash.

        Raises:
            ModelError: the file is missing, unreadable, or not the one that `kws.json` describes.
        """
        path = self.path / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"model file {path} can't be read: {error.strerror}. {_REMEDY}"
            ) from error
        digest = hashlib.sha256(content).hexdigest()
        if digest != self.sha256[name]:
            raise ModelError(
                f"model file {path} is corrupt: its SHA-256 is {digest[:12]}…, {MANIFEST_NAME} says "
                f"{self.sha256[name][:12]}…. {_REMEDY}"
            )
        return content


_GATE = ("mode", "onset_s", "hangover_s", "preroll_s")
_DECODER = ("smoothing_s", "hold_s")
_KEYWORD = ("threshold", "release", "refractory_s")
_REMEDY = "Install the model again, or choose another one with --model."


def load_model_folder(path: Path) -> ModelFolder:
    """Read and check `kws.json` of the folder `path`; no other file is opened.

    Raises:
        ModelError: it is missing, unreadable, of a newer format, or a field is missing or out of
            range.
    """
    file = path / MANIFEST_NAME
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{file} is no regular file. {_REMEDY}")
        if status.st_size > _MAX_MANIFEST_BYTES:
            raise ModelError(f"{file} is larger than {_MAX_MANIFEST_BYTES} bytes. {_REMEDY}")
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path} is not a model folder: {MANIFEST_NAME} can't be read ({error.strerror}). "
            "Make one with kws-export."
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is corrupt: {error}. {_REMEDY}") from error
    return _Reader(file).folder(document)


class _Reader:
    """Checks one document; every complaint names the file and the field."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def _fail(self, complaint: str) -> ModelError:
        return ModelError(f"{self._file}: {complaint}. {_REMEDY}")

    def _field(self, table: Mapping[str, Any], key: str, kind: type | tuple[type, ...]) -> Any:
        if key not in table:
            raise self._fail(f"{key} is missing")
        value = table[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._fail(f"{key} = {value!r:.60} has the wrong type")
        return value

    def _count(self, table: Mapping[str, Any], key: str) -> int:
        value: int = self._field(table, key, int)
        if not 1 <= value <= 10 * SAMPLE_RATE_HZ:
            raise self._fail(f"{key} = {value} is out of range")
        return value

    def _strings(self, table: Mapping[str, Any], key: str) -> tuple[str, ...]:
        values = self._field(table, key, list)
        if not values or not all(isinstance(value, str) for value in values):
            raise self._fail(f"{key} must be a list of names")
        for value in values:
            self._check_name(key, value)
        if len(set(values)) != len(values):
            raise self._fail(f"{key} names something twice")
        return tuple(values)

    def _check_name(self, key: str, value: str) -> None:
        # Names are shown on terminals: a control character would be obeyed there.
        if not value.strip() or not value.isprintable():
            raise self._fail(f"{key} holds {value!r:.60}, which is no printable name")

    def _number(self, key: str, value: object) -> float:
        try:
            if isinstance(value, int | float) and not isinstance(value, bool):
                number = float(value)
                if math.isfinite(number):
                    return number
        except OverflowError:
            pass
        raise self._fail(f"{key} holds {value!r:.60}, which is no finite number")

    def folder(self, document: object) -> ModelFolder:
        if not isinstance(document, dict):
            raise self._fail("it must be a JSON object")
        version = self._count(document, "format")
        if version > FORMAT:
            raise ModelError(
                f"{self._file} has format {version}; this version of kws-live reads up to {FORMAT}. "
                "Install a newer kws-live, or export the model again with this one's kws-export."
            )
        if (rate_hz := self._count(document, "sample_rate_hz")) != SAMPLE_RATE_HZ:
            raise self._fail(f"sample_rate_hz = {rate_hz}, only {SAMPLE_RATE_HZ} is supported")
        labels = self._strings(document, "labels")
        for needed in (UNKNOWN_LABEL, SILENCE_LABEL):
            if needed not in labels:
                raise self._fail(f"labels lack {needed!r}")
        hop_samples = self._count(document, "hop_samples")
        stride_samples = self._count(document, "stride_samples")
        if hop_samples % stride_samples:
            raise self._fail(
                f"hop_samples = {hop_samples} is no multiple of stride_samples = {stride_samples}"
            )
        window_samples = self._count(document, "window_samples")
        sha256 = self._field(document, "sha256", dict)
        runtime_files = self._strings(document, "runtime_files")
        for name in runtime_files:
            if Path(name).name != name or name == "..":
                raise self._fail(f"runtime_files names {name!r}, which is outside the folder")
            if not isinstance(sha256.get(name), str):
                raise self._fail(f"sha256 lacks {name!r}")
        name = self._field(document, "name", str)
        self._check_name("name", name)
        return ModelFolder(
            path=self._file.parent,
            name=name,
            labels=labels,
            window_samples=window_samples,
            hop_samples=hop_samples,
            stride_samples=stride_samples,
            receptive_field_samples=self._count(document, "receptive_field_samples"),
            runtime_files=runtime_files,
            unknown_weight=self._unknown_weight(document),
            operating_point=self._operating_point(document, labels),
            self_test=self._self_test(document, window_samples, len(labels), runtime_files),
            sha256=sha256,
        )

    def _unknown_weight(self, document: Mapping[str, Any]) -> float:
        weight = self._number("unknown_weight", document.get("unknown_weight", 1.0))
        if weight <= 0:
            raise self._fail(f"unknown_weight = {weight:g} must be above 0")
        return weight

    def _operating_point(
        self, document: Mapping[str, Any], labels: tuple[str, ...]
    ) -> Mapping[str, Any]:
        name = self._field(document, "operating_point", str)
        point = self._field(self._field(document, "operating_points", dict), name, dict)
        where = f"operating_points.{name}"
        keywords = self._field(point, "keywords", dict)
        expected = {label for label in labels if label not in (UNKNOWN_LABEL, SILENCE_LABEL)}
        if set(keywords) != expected:
            odd = ", ".join(sorted(set(keywords) ^ expected))
            raise self._fail(f"{where}.keywords does not match labels: {odd}")
        return {
            "gate": self._settings(f"{where}.gate", GateConfig, _GATE, point.get("gate")),
            "decoder": self._settings(
                f"{where}.decoder", DecoderConfig, _DECODER, point.get("decoder")
            ),
            "keywords": {
                label: self._settings(
                    f"{where}.keywords.{label}", KeywordConfig, _KEYWORD, keywords[label]
                )
                for label in labels
                if label in expected
            },
        }

    def _settings(
        self, where: str, table: type, names: tuple[str, ...], values: object
    ) -> Mapping[str, Any]:
        """Check values by the rules of the configuration's own settings."""
        if not isinstance(values, dict):
            raise self._fail(f"{where} is missing")
        checked = {}
        for name in names:
            try:
                checked[name] = settings_of(table)[name].check(values.get(name))
            except ValueError as error:
                raise self._fail(f"{where}.{name} {error}") from error
        if checked.get("release", 0.0) >= checked.get("threshold", 1.0):
            raise self._fail(f"{where}.release must be below its threshold")
        return checked

    def _self_test(
        self, document: Mapping[str, Any], samples: int, labels: int, names: tuple[str, ...]
    ) -> SelfTest:
        table = self._field(document, "self_test", dict)
        try:
            raw = base64.b64decode(self._field(table, "window_int16_base64", str), validate=True)
        except ValueError as error:
            raise self._fail(f"self_test.window_int16_base64: {error}") from error
        if len(raw) != 2 * samples:
            raise self._fail(
                f"self_test.window_int16_base64 holds {len(raw)} bytes, not {2 * samples}"
            )
        files = self._field(table, "files", dict)
        expected: dict[str, tuple[float, ...]] = {}
        tolerance: dict[str, float] = {}
        for name in names:
            entry = self._field(files, name, dict)
            logits = self._field(entry, "logits", list)
            where = f"self_test.files.{name}"
            if len(logits) != labels:
                raise self._fail(f"{where}.logits must hold {labels} numbers")
            expected[name] = tuple(self._number(f"{where}.logits", value) for value in logits)
            tolerance[name] = self._number(f"{where}.tolerance", entry.get("tolerance"))
            if not 0 < tolerance[name] <= _MAX_TOLERANCE:
                raise self._fail(f"{where}.tolerance = {tolerance[name]} is out of range")
        return SelfTest(np.frombuffer(raw, dtype="<i2").astype(np.int16), expected, tolerance)
