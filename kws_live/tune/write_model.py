"""A copy of a model folder with another operating point."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kws_live.errors import OutputError
from kws_live.eval.card import BEGIN, END, HEADING, point_lines
from kws_live.model import Classifier, ModelFolder, load_model_folder
from kws_live.model.folder import MANIFEST_NAME

CARD_NAME = "README.md"


def copy_model(folder: ModelFolder, out: Path, point: Mapping[str, Any]) -> None:
    """Copy the model to the folder `out` with `point` as its operating point, in manifest and card.

    It appears there complete, after the copy was loaded and has passed its self-test.

    Args:
        folder: the model.
        out: a folder that isn't there yet, or is empty.
        point: an entry of `operating_points`, `measured` included.

    Raises:
        OutputError: `out` is in use or can't be written.
        ModelError: the copy doesn't work.
    """
    check_free(out)
    waiting = out.with_name(f".{out.name}.{os.getpid()}.new")
    try:
        waiting.mkdir(parents=True)
        for path in sorted(folder.path.iterdir()):
            if path.is_file() and path.name != MANIFEST_NAME:
                shutil.copyfile(path, waiting / path.name)
        manifest = json.loads((folder.path / MANIFEST_NAME).read_text(encoding="utf-8"))
        manifest["operating_points"][manifest["operating_point"]] = dict(point)
        (waiting / MANIFEST_NAME).write_text(
            json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        card = waiting / CARD_NAME
        if card.exists():
            card.write_text(with_point(card.read_text(encoding="utf-8"), point), encoding="utf-8")
        Classifier(load_model_folder(waiting))
        waiting.replace(out)
    except OSError as error:
        raise OutputError(f"can't write {out}: {error.strerror}. Name another folder") from error
    finally:
        with suppress(OSError):
            shutil.rmtree(waiting)


def check_free(out: Path) -> None:
    """Raise an OutputError if `out` is there and no empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"--out {out} is there already. Name a folder that isn't")


def with_point(card: str, point: Mapping[str, Any]) -> str:
    """Return the model card with its section on the operating point replaced, or added at the end."""
    section = "\n".join(["", BEGIN, *point_lines(point), END])
    before, heading, rest = card.partition(f"\n{HEADING}\n")
    if not heading:
        return f"{card.rstrip()}\n\n{HEADING}\n{section}\n"
    _, next_heading, after = rest.partition("\n## ")
    return f"{before}{heading}{section}\n{next_heading}{after}"
