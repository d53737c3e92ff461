"""From a run to a model folder, step by step."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from kws_live.errors import InputError, ModelError
from kws_live.model import Classifier, load_model_folder

from .card import write_card
from .checkpoint import CHECKPOINT_FILES, WEIGHTS, check_files, load_checkpoint
from .errors import CheckpointError, ExportFault
from .graph import write_graph, write_lean_graph
from .manifest import write_manifest
from .measure import Graph
from .operating_point import default_operating_point, read_operating_point
from .parity import check_parity
from .report import cost_report, parity_report
from .run_folder import read_run
from .runtimes import WHOLE, RuntimeBuilder
from .self_test import make_self_test
from .staging import staged, writing


def export_model(
    run_path: Path,
    target: Path,
    operating_point_path: Path | None = None,
    attributions_path: Path | None = None,
    *,
    say: Callable[[str], object],
) -> None:
    """Write the checkpoint of a run as the model folder `target`, and report on it line by line with `say`.

    Raises:
        InputError: the run, its checkpoint or one of the other files can't be used.
        TargetError: `target` holds something else than a model.
        ParityError: a graph doesn't compute what the checkpoint computes.
        StreamingError: encoder and head don't compute what the whole graph computes.
        ExportFault: the daemon couldn't use what was exported.
        OutputError: a file can't be written.
    """
    check_files(run_path)
    attributions = _read_text(attributions_path) if attributions_path else ""
    place = target.resolve()
    inside = place == Path.cwd()
    with staged(place) as folder, TemporaryDirectory(prefix="kws-export-") as temporary:
        scratch = Path(temporary)
        weights_sha256 = _copy_checkpoint(run_path, folder)
        # Both sides from the copies: a run that still goes on may change its own at any moment.
        checkpoint = load_checkpoint(folder, run_path)
        run = read_run(run_path, len(checkpoint.labels), weights_sha256)
        point = (
            read_operating_point(operating_point_path, checkpoint.keywords)
            if operating_point_path
            else default_operating_point(checkpoint.keywords)
        )
        say(
            f"{run_path}: {type(checkpoint.model).__name__}, {len(checkpoint.labels)} labels; "
            f"{len(run.clips)} validation and {len(run.calibration)} calibration windows"
        )
        lean = scratch / "lean.onnx"
        with writing(target):
            write_graph(load_checkpoint(folder, run_path), folder / WHOLE)
            write_lean_graph(load_checkpoint(folder, run_path), lean)
        graph = Graph(folder / WHOLE)
        say(parity_report(check_parity(checkpoint, [graph, Graph(lean)], run.clips)))
        say("quantizing, then measuring all on the validation windows …")
        with writing(target):
            built = RuntimeBuilder(folder, scratch, lean, checkpoint, run, say).build()
        say(cost_report(built.measured))
        self_test = make_self_test(checkpoint, graph, built.runtimes)
        with writing(target):
            write_manifest(folder, place.name, checkpoint, run, point, built.runtimes, self_test)
            write_card(folder, place.name, checkpoint, run, point, built, attributions)
        say(_check_usable(folder, built.runtimes[0].name))
    say(
        f"wrote {target}"
        + (" (in place of the folder you are in: cd . enters it)" if inside else "")
    )


def _copy_checkpoint(run_path: Path, folder: Path) -> str:
    """Copy the checkpoint's files into `folder` and return the SHA-256 of its weights, hex."""
    sha256 = ""
    for name in CHECKPOINT_FILES:
        try:
            content = (run_path / name).read_bytes()
        except OSError as error:
            raise CheckpointError(f"{run_path / name} can't be read: {error.strerror}") from error
        with writing(folder / name):
            (folder / name).write_bytes(content)
        if name == WEIGHTS:
            sha256 = hashlib.sha256(content).hexdigest()
    return sha256


def _check_usable(folder: Path, preferred: str) -> str:
    """Open the folder as the daemon does, and return what it would run."""
    try:
        used = Classifier(load_model_folder(folder)).runtime.name
    except ModelError as error:
        raise ExportFault(f"the daemon can't use what was exported: {error}") from error
    if used != preferred:
        return f"WARNING: {preferred} fails its self-test on this CPU; kws-live runs {used} here"
    return f"self-test passed; kws-live runs {used}"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the attributions {path} can't be read: {error}") from error
