"""Audacity label tracks: which word is said when in a recording.

One label a line: `start<TAB>end<TAB>text`, times in seconds. The text is a word; `?word` marks a
span that may hold the word (an unaligned transcript, a homophone), in which a detection of it is
neither right nor wrong.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kws_live.errors import InputError, OutputError

UNCERTAIN_MARK = "?"
_SPECTRAL_MARK = "\\"


@dataclass(frozen=True, slots=True)
class Label:
    """A stretch of a recording and what is said in it.

    Attributes:
        start_s: where it begins, ≥ 0.
        end_s: where it ends, ≥ `start_s`.
        text: as in the file, `?` included.
    """

    start_s: float
    end_s: float
    text: str

    @property
    def uncertain(self) -> bool:
        """Whether the word may be there rather than is there."""
        return self.text.startswith(UNCERTAIN_MARK)

    @property
    def word(self) -> str:
        """The text without its `?` and what spaces follow it."""
        return self.text.removeprefix(UNCERTAIN_MARK).lstrip()


def read_track(path: Path) -> list[Label]:
    """Return the labels of the file at `path`, ordered by start.

    Blank lines and the frequency ranges that Audacity writes below a label are skipped.

    Raises:
        InputError: the file can't be read or a line is not a label; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"can't read the label track {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the label track {path} is not UTF-8 text: export it again") from error
    labels = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith(_SPECTRAL_MARK):
            continue
        try:
            labels.append(_parse(line))
        except ValueError as error:
            raise InputError(
                f"{path}, line {number}: {error}. A label is start<TAB>end<TAB>word, in seconds"
            ) from error
    return sorted(labels, key=_order)


def write_track(path: Path, labels: Iterable[Label]) -> None:
    """Write `labels` to `path`, ordered by start, times to a microsecond.

    Raises:
        OutputError: the file can't be written.
    """
    lines = (
        f"{label.start_s:.6f}\t{label.end_s:.6f}\t{label.text}\n"
        for label in sorted(labels, key=_order)
    )
    try:
        path.write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"can't write the label track {path}: {error.strerror}") from error


def _order(label: Label) -> tuple[float, float, str]:
    return label.start_s, label.end_s, label.text


def _parse(line: str) -> Label:
    fields = line.split("\t")
    if len(fields) != 3:
        raise ValueError(f"{len(fields)} fields in {line!r} instead of 3")
    start_s, end_s = _seconds(fields[0]), _seconds(fields[1])
    if end_s < start_s:
        raise ValueError(f"the end {fields[1]} is before the start {fields[0]}")
    text = fields[2].strip()
    if not text.removeprefix(UNCERTAIN_MARK).strip():
        raise ValueError("the word is missing")
    return Label(start_s, end_s, text)


def _seconds(field: str) -> float:
    try:
        value = float(field)
    except ValueError:
        raise ValueError(f"{field!r} is not a time") from None
    if not math.isfinite(value) or value < 0.0:
        raise ValueError(f"{field!r} is not a time")
    return value
