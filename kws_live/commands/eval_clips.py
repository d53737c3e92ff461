"""`kws-live eval clips`: what is missed and what is false on clips of single words."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from kws_live.commands.configured import configured, settings_from
from kws_live.commands.progress import progress
from kws_live.termination import unwound_by_signals

_EPILOG = """\b
Examples:
  kws-live eval clips speech_commands_test/
  kws-live eval clips words/ --keyword stop --threshold 0.9
  kws-live eval clips words/ --csv clips.csv

\b
The folder holds a folder per word: stop/…, go/…, and others for words that must not be detected.
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@configured
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option(
    "--csv",
    "csv_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a row for each clip.",
)
@unwound_by_signals()
def clips(
    folder: Path,
    model: str | None,
    config: str | None,
    keywords: Sequence[str],
    threshold: str | None,
    as_json: bool,
    csv_file: Path | None,
) -> None:
    """Count the clips in which a word is missed or taken for another.

    Each clip is heard as a stream of its own, from digital silence into silence. Clips say nothing
    about false accepts per hour: that takes hours, and `kws-live eval stream`.
    """
    from rich.console import Console  # noqa: PLC0415

    from kws_live.eval.clip_counts import ClipCounts  # noqa: PLC0415
    from kws_live.eval.clip_runs import find_all_clips, run_clips  # noqa: PLC0415
    from kws_live.eval.report.clips import (  # noqa: PLC0415
        clips_csv,
        clips_document,
        clips_table,
    )
    from kws_live.eval.report.measured import model_of  # noqa: PLC0415
    from kws_live.files import check_writable, refuse_over, write_text  # noqa: PLC0415
    from kws_live.model import Classifier  # noqa: PLC0415

    settings = settings_from(model, config, keywords, threshold)
    found = find_all_clips(folder)
    if csv_file is not None:
        refuse_over([csv_file], [clip.path for clip in found])
        check_writable(csv_file)
    classifier = Classifier(settings.folder)
    with progress("listening", len(found)) as advance:
        runs = run_clips(found, settings.folder, classifier, settings.effective, progress=advance)
    counts = ClipCounts(tuple(settings.effective.decoder.keywords), runs)
    measured_model = model_of(settings.folder, classifier)
    if csv_file is not None:
        write_text(csv_file, clips_csv(counts))
    if as_json:
        document = clips_document(counts, measured_model, settings.effective)
        click.echo(json.dumps(document, allow_nan=False))
    else:
        click.echo(clips_table(counts, measured_model, settings.effective, Console()), nl=False)
