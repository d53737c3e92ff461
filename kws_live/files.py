"""Writing files so that a reader sees the old one or the new one, never a part."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kws_live.errors import OutputError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a path to write to, whose file takes the place of `path` when the block ends.

    If the block fails, what it wrote is removed and `path` stays as it was. A link stays a link,
    and what is no file (a pipe, `/dev/stdout`) is written to as it is.

    Raises:
        OSError: the file can't be put in place.
    """
    if path.exists() and not path.is_file():
        waiting = target = path
    else:
        target = path.resolve()
        waiting = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield waiting
        if waiting is not target:
            os.replace(waiting, target)
    finally:
        if waiting is not target:
            waiting.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """As `atomic`, for a file that the user named.

    Raises:
        OutputError: writing fails.
    """
    try:
        with atomic(path) as waiting:
            yield waiting
    except OSError as error:
        raise OutputError(
            f"can't write {path}: {error.strerror or error}. Free space there or name another place."
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all.

    Of a file's name that is no UTF-8, the bytes that are none are written as escapes.

    Raises:
        OutputError: writing fails.
    """
    with replacing(path) as waiting:
        waiting.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")


def check_writable(path: Path) -> None:
    """Find out now, not after hours of work, that `path` can't be written.

    Raises:
        OutputError: its folder is missing or may not be written to, or it is a folder itself.
    """
    folder = path.parent
    if path.exists() and not path.is_file() and not path.is_dir():
        return
    if not folder.is_dir():
        raise OutputError(f"can't write {path}: there is no folder {folder}. Make it first.")
    if path.is_dir():
        raise OutputError(f"can't write {path}: it is a folder. Name a file.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"can't write {path}: nothing may be written to {folder}. Name another place."
        )


def refuse_over(outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Find out that a file to be written is one of those that are read, or is to be written twice.

    Raises:
        OutputError: it is, and would be destroyed.
    """
    read = {path.resolve() for path in inputs}
    written: set[Path] = set()
    for path in outputs:
        place = path.resolve()
        if place in read:
            raise OutputError(
                f"{path} is one of the files that are read, and would be destroyed. Name another."
            )
        # A pipe or /dev/null may be named as often as one likes.
        if place in written and (path.is_file() or not path.exists()):
            raise OutputError(f"{path} is to be written twice. Name two files.")
        written.add(place)
