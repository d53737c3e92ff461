"""A folder that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kws_live.errors import OutputError

from .errors import TargetError

MANIFEST = "kws.json"


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Give a new folder beside `target`, and put it in `target`'s place if the body ends well.

    An older model in `target` is replaced; if the body raises, it stays and the new folder is removed.

    Raises:
        TargetError: `target` holds something that is no model.
        OutputError: a file can't be written.
    """
    if target.exists() and not (target / MANIFEST).is_file() and not _is_empty_folder(target):
        raise TargetError(
            f"{target} exists and is no model folder (it has no {MANIFEST}); name another one"
        )
    new, old = (target.with_name(f".{target.name}.{os.getpid()}.{x}") for x in ("new", "old"))
    try:
        new.mkdir(parents=True)
        yield new
        if target.exists():
            target.rename(old)
        new.rename(target)
    except OSError as error:
        raise OutputError(
            f"can't write {error.filename or target}: {error.strerror}. "
            "Free some space or give a folder you may write to"
        ) from error
    finally:
        if old.exists() and not target.exists():
            old.rename(target)
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())
