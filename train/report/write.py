"""Writing the report of a run: pictures, and a page that holds everything."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kws_live.errors import InputError
from kws_live.eval.calibration import Reliability
from kws_live.eval.report.drawing import png
from kws_live.files import atomic, write_text

from ..run_folder import REPORT_FOLDER
from . import confusion, curves, det, mistakes, page, reliability
from .judged import Judged

PAGE = "index.html"


def write_report(run: Path, judged: Judged) -> Path:
    """Write `report/` into a run folder, in place of an older one, and return its page.

    Beside `index.html`, which needs no other file, it holds `curves.png`, `confusion.png`,
    `det.png`, `reliability.png` and, where there are any, `mistakes.png`.

    Args:
        run: The run folder.
        judged: What its model makes of its validation windows.

    Raises:
        InputError: The run has no history.
        OSError: A file cannot be written.
    """
    history = curves.read_history(run)
    found = Reliability.of(judged.posteriors, judged.windows.labels)
    dets = det.det_curves(judged)
    worst = mistakes.mistakes_of(judged)[: mistakes.SHOWN]
    n = len(judged.labels)
    drawn: dict[str, tuple[Callable[..., None], tuple[float, float], tuple[Any, ...]]] = {
        "curves": (curves.draw_curves, curves.SIZE_INCHES, (history,)),
        "confusion": (
            confusion.draw_confusion,
            confusion.confusion_inches(n),
            (judged.labels, judged.confusion),
        ),
        "reliability": (reliability.draw_reliability, reliability.SIZE_INCHES, (found,)),
    }
    if dets:
        drawn["det"] = det.draw_det_grid, det.grid_inches(len(dets)), (dets,)
    if worst:
        drawn["mistakes"] = mistakes.draw_sheet, mistakes.sheet_inches(len(worst)), (worst,)
    folder = run / REPORT_FOLDER
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    for name, (draw, size, content) in drawn.items():
        with atomic(folder / f"{name}.png") as waiting:
            waiting.write_bytes(png(partial(draw, *content), size))
    text = page.page(run.resolve().name, judged, history, _provenance(run))
    write_text(folder / PAGE, text)
    return folder / PAGE


def _provenance(run: Path) -> dict[str, str]:
    """Return what the run folder says of its origin: the voices, the code, the libraries, the recipe."""
    try:
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        recipe = (run / "recipe.toml").read_text(encoding="utf-8")
        versions = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
        commit = manifest["commit"] or "unknown"
        voices = _voices(manifest["speakers_known_by"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{run} does not say what it was made from: {error!r}. "
            "Its manifest.json and recipe.toml are those that kws-train fit wrote"
        ) from error
    return {"voices": voices, "commit": commit, "versions": versions, "recipe": recipe}


def _voices(known_by: dict[str, int]) -> str:
    """Return whose voices the validation windows hold, by how many clips tell who speaks in which way."""
    nameless, clips = known_by.get("file", 0), sum(known_by.values())
    if not nameless:
        return "words of people who were not trained on"
    return (
        f"nothing tells who speaks in {nameless} of the run's {clips} word clips, so voices that were "
        "trained on may be among them, which flatters"
    )
