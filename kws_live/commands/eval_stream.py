"""`kws-live eval stream`: what is missed and what is false in long recordings."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from kws_live.commands.configured import configured, settings_from
from kws_live.commands.progress import progress
from kws_live.termination import unwound_by_signals

_EPILOG = """\b
Examples:
  kws-live eval stream office.flac                     with its labels in office.txt
  kws-live eval stream monday.wav tuesday.wav --labels mo.txt tu.txt
  kws-live eval stream recordings/ --report report.html
  kws-live eval stream recordings/ --threshold 0.9 --json | jq .point.all

\b
A label track is what Audacity exports: start<TAB>end<TAB>word, a label a line, in seconds. Label each
time a keyword is said; other words may be labelled too. `?word` marks a stretch in which the word may
be said. A recording in which none is said needs an empty track.
"""


class _TracksTogether(click.Command):
    """Takes `--labels A.txt B.txt` for `--labels A.txt --labels B.txt`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Parse the command line; as click's own."""
        spread: list[str] = []
        for argument in args:
            if spread[-2:-1] == ["--labels"] and argument.endswith(".txt"):
                spread.append("--labels")
            spread.append(argument)
        return super().parse_args(context, spread)


@click.command(cls=_TracksTogether, epilog=_EPILOG)
@click.argument(
    "audio", nargs=-1, required=True, metavar="AUDIO...", type=click.Path(path_type=Path)
)
@click.option(
    "--labels",
    "tracks",
    multiple=True,
    metavar="TRACK...",
    type=click.Path(path_type=Path),
    help="Label tracks in the order of the recordings, or one folder of them. Else each is beside its "
    "recording, by the same name with .txt.",
)
@configured
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option(
    "--csv",
    "csv_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write the sweep: a row for each threshold and keyword.",
)
@click.option(
    "--track",
    "track_folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write what was hit, missed and false as label tracks, to open beside the recordings.",
)
@click.option(
    "--report",
    "report_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write an HTML page with curves, scores, and the worst errors to listen to; needs kws-live[eval].",
)
@unwound_by_signals()
def stream(
    audio: Sequence[Path],
    tracks: Sequence[Path],
    model: str | None,
    config: str | None,
    keywords: Sequence[str],
    threshold: str | None,
    as_json: bool,
    csv_file: Path | None,
    track_folder: Path | None,
    report_file: Path | None,
) -> None:
    """Count what is missed and what is false in labelled recordings.

    AUDIO are sound files, or folders of them. They run through the gate, the model and the decoder as
    a microphone would, with your configuration; then the decoder runs again with each threshold.
    """
    from rich.console import Console  # noqa: PLC0415

    from kws_live.eval.evaluation import sweep_thresholds  # noqa: PLC0415
    from kws_live.eval.posteriors import infer  # noqa: PLC0415
    from kws_live.eval.recordings import find_recordings  # noqa: PLC0415
    from kws_live.eval.report import audacity, page  # noqa: PLC0415
    from kws_live.eval.report.document import document  # noqa: PLC0415
    from kws_live.eval.report.measured import measure  # noqa: PLC0415
    from kws_live.eval.report.sweep_csv import sweep_csv  # noqa: PLC0415
    from kws_live.eval.report.table import table  # noqa: PLC0415
    from kws_live.files import check_writable, refuse_over, write_text  # noqa: PLC0415
    from kws_live.model import Classifier  # noqa: PLC0415

    settings = settings_from(model, config, keywords, threshold)
    recordings = find_recordings(audio, tracks, settings.folder.keywords)
    read = [path for one in recordings for path in (one.path, one.track)]
    outputs = [path for path in (csv_file, report_file) if path is not None]
    tracks_out: list[Path] = []
    if track_folder is not None:
        tracks_out = audacity.track_paths(track_folder, [one.path for one in recordings])
    refuse_over([*outputs, *tracks_out], read)
    for path in outputs:
        check_writable(path)
    if track_folder is not None:
        audacity.make_folder(track_folder)
        check_writable(tracks_out[0])
    if report_file is not None:
        page.check_installed()
    classifier = Classifier(settings.folder)
    durations_s = [one.duration_s for one in recordings]
    known_s = None if None in durations_s else sum(d for d in durations_s if d is not None)
    with progress("listening", known_s) as advance:
        stored = infer(
            [(one.path, one.labels) for one in recordings],
            settings.folder,
            classifier,
            settings.effective.gate,
            progress=advance,
        )
    thresholds = sweep_thresholds()
    with progress("trying thresholds", len(thresholds)) as advance:
        measured = measure(
            stored, settings.folder, classifier, settings.effective, thresholds, progress=advance
        )
    if csv_file is not None:
        write_text(csv_file, sweep_csv(measured.sweep))
    if track_folder is not None:
        audacity.write_tracks(tracks_out, measured.outcomes)
    if report_file is not None:
        write_text(report_file, page.page(measured))
    if as_json:
        click.echo(json.dumps(document(measured), allow_nan=False))
    else:
        click.echo(table(measured, Console()), nl=False)
