"""A folder that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws_live.errors import OutputError
from kws_live.model.folder import MANIFEST_NAME

from .errors import TargetError


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target`, and put it in `target`'s place if the body ends well.

    An older model in `target` is replaced; if the body raises, it stays and the new folder is removed.

    Raises:
        TargetError: `target` holds something that is no model.
        OutputError: the new folder can't be made or put in its place.
    """
    target = target.resolve()  # so that `.` and a link have a name and a folder to be in
    with writing(target):
        taken = target.exists() and not (
            (target / MANIFEST_NAME).is_file() or _is_empty_folder(target)
        )
    if taken:
        raise TargetError(
            f"{target} exists and is no model folder (it has no {MANIFEST_NAME}); name another one"
        )
    new, old = (target.with_name(f".{target.name}.{os.getpid()}.{x}") for x in ("new", "old"))
    try:
        with writing(target):
            new.mkdir(parents=True)
        yield new
        with writing(target):
            if target.exists():
                target.rename(old)
            new.rename(target)
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says while `path` is written into an OutputError that says what to do."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"can't write {error.filename or path}: {error.strerror or error}. "
            "Free some space or give a folder you may write to"
        ) from error


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
