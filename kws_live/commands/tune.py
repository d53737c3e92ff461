"""`kws-live tune`."""

import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kws_live.commands.configured import settings_from
from kws_live.commands.tune_checks import (
    check_keywords,
    check_out,
    check_same_model,
    check_usage,
)
from kws_live.errors import ConfigError
from kws_live.termination import unwound_by_signals
from kws_live.text import printable

if TYPE_CHECKING:
    from kws_live.compose import Settings
    from kws_live.eval.choose import Target
    from kws_live.tune.inputs import Words
    from kws_live.tune.tuning import Tuning

_DECIDERS_SHOWN = 10


@click.command()
@click.option(
    "--background",
    "background",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE|DIR",
    help="Recordings of your rooms without the keywords; repeatable. A label track (.txt) beside one "
    "says where a keyword is in it after all. Without, you are guided through a session at the microphone.",
)
@click.option(
    "--clips",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Recordings of the keywords, a folder for each word.",
)
@click.option(
    "--fa-per-hour",
    type=click.FloatRange(0, min_open=True, max=3600),
    default=1.0,
    show_default=True,
    metavar="RATE",
    help="False accepts per hour that you accept of each keyword.",
)
@click.option("--total", is_flag=True, help="Take --fa-per-hour for all keywords together.")
@click.option(
    "--keyword",
    "keywords",
    multiple=True,
    metavar="WORD",
    help="Tune this one only; repeatable. The others keep their settings.",
)
@click.option("--model", metavar="NAME|DIR", help="An installed model, or a model folder.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write a copy of the model with the new operating point here, instead of your configuration.",
)
@click.option(
    "--data", metavar="TEXT", help="With --out: what the recordings are, for the model card."
)
@click.option("--config", metavar="FILE", help="Configuration file instead of your own.")
@click.option("--device", metavar="NAME|ID", help="Microphone of the guided session.")
@click.option(
    "--session",
    "session_path",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the guided session; one that was interrupted is gone on with.",
)
@click.option(
    "--takes",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="How often to say each keyword in the session.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True, max=100_000),
    default=10.0,
    show_default=True,
    help="How much background to record in the session.",
)
@click.option("--dry-run", is_flag=True, help="Report, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@unwound_by_signals()
def tune(
    background: Sequence[Path],
    clips: Path | None,
    fa_per_hour: float,
    total: bool,
    keywords: Sequence[str],
    model: str | None,
    out: Path | None,
    data: str | None,
    config: str | None,
    device: str | None,
    session_path: Path | None,
    takes: int,
    minutes: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Choose thresholds, smoothing and refractory times for your voice and your rooms.

    Thresholds are put as low as the false accepts per hour that you name allow, on recordings of
    yours. The report says what to expect, with 95 % intervals, and what your recordings are too
    short to show: no false accept in T hours bounds their rate at 3 / T.

    Without --background, you are asked to say each keyword a few times and then to live normally
    for a while; the recordings are kept. The result goes into your configuration file, whose former
    version is kept beside it, or with --out into a copy of the model.
    """
    from kws_live.eval.choose import Target  # noqa: PLC0415
    from kws_live.tune.report import span  # noqa: PLC0415

    check_usage(background, clips, session_path, device, out, data)
    settings = settings_from(model, config, (), None)
    check_keywords(settings, keywords)
    if model is not None and out is None and not dry_run:
        check_same_model(settings, config)
    if out is not None:
        check_out(settings, out)
    wanted = tuple(keywords) or tuple(settings.effective.decoder.keywords)
    if not background:
        from kws_live.tune.guided import record_session  # noqa: PLC0415

        session = record_session(settings, wanted, session_path, device, takes, minutes * 60)
        background = (session.background,)
        clips = session.words if any(session.takes(word) for word in wanted) else None
    tuning, words = _tune(settings, background, clips, Target(fa_per_hour, total), wanted)
    recordings = f"{span(tuning.hours)} of background" + (
        f" and {sum(words.counts.values())} clips" if words else ""
    )
    _report(tuning, words, as_json)
    if not dry_run:
        _write(settings, tuning, config, out, data or recordings, quiet=as_json)


def _tune(
    settings: "Settings",
    background: Sequence[Path],
    clips: Path | None,
    target: "Target",
    keywords: Sequence[str],
) -> "tuple[Tuning, Words | None]":
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    import soundfile  # noqa: PLC0415

    from kws_live.commands.progress import progress  # noqa: PLC0415
    from kws_live.eval.posteriors import infer  # noqa: PLC0415
    from kws_live.model import Classifier  # noqa: PLC0415
    from kws_live.tune.inputs import find_background, prepare_words  # noqa: PLC0415
    from kws_live.tune.tuning import tune as choose  # noqa: PLC0415

    folder, effective = settings.folder, settings.effective
    recordings = find_background(background)
    classifier = Classifier(folder)
    with TemporaryDirectory(prefix="kws-live-") as scratch:
        words = None
        if clips is not None:
            words = prepare_words(clips, keywords, Path(scratch))
        said = words.recordings if words else ()
        total_s = sum(soundfile.info(path).duration for path, _ in (*recordings, *said))
        with progress("listening", total_s) as advance:
            stored = infer(
                [*recordings, *said], folder, classifier, effective.gate, progress=advance
            )
    parts = stored[: len(recordings)], stored[len(recordings) :]
    return choose(*parts, folder.labels, effective.decoder, target, keywords), words


def _report(tuning: "Tuning", words: "Words | None", as_json: bool) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    from kws_live.tune.figures import as_json as figures  # noqa: PLC0415
    from kws_live.tune.inputs import notes_on  # noqa: PLC0415
    from kws_live.tune.report import deciders, sentences, table  # noqa: PLC0415

    if as_json:
        click.echo(json.dumps(figures(tuning), allow_nan=False))
        return
    console = Console(file=sys.stdout)
    console.print(table(tuning))
    decided = list(deciders(tuning))[:_DECIDERS_SHOWN]
    if decided:
        click.echo("\nwhat kept the thresholds up (listen to it; label what was no mistake):")
        for line in decided:
            click.echo(f"  {printable(line)}")
    click.echo()
    for sentence in (*sentences(tuning), *(notes_on(words) if words else ())):
        console.print(Text(printable(sentence)))


def _write(
    settings: "Settings",
    tuning: "Tuning",
    config: str | None,
    out: Path | None,
    recordings: str,
    *,
    quiet: bool,
) -> None:
    from kws_live.config import default_path, effective, load  # noqa: PLC0415
    from kws_live.tune.figures import as_comment, as_point  # noqa: PLC0415
    from kws_live.tune.write_config import write_config  # noqa: PLC0415
    from kws_live.tune.write_model import copy_model  # noqa: PLC0415

    def tell(text: str) -> None:
        click.echo(printable(text), err=quiet)

    point = dict(settings.folder.operating_point)
    if out is not None:
        copy_model(
            settings.folder, out, as_point(tuning, settings.effective.gate, point, recordings)
        )
        tell(f"written: the model in {out}. Run it with: kws-live --model {out.resolve()}")
        return
    path = Path(config) if config else default_path(os.environ)
    if path is None:
        raise ConfigError(
            "there is no home folder for a configuration file. Give one with --config."
        )
    now = datetime.now()
    comment = as_comment(tuning, settings.folder.name, recordings, now)
    backup = write_config(path, tuning.after, tuning.keywords, comment, point, now)
    tell(f"written: {path}" + (f" (what it was before: {backup})" if backup else ""))
    running = effective(load(path, os.environ, {}).config, point).decoder
    if running != tuning.after:
        click.echo(
            "kws-live: warning: KWS_LIVE_* variables of the environment override what was written. Unset "
            "them to run it.",
            err=True,
        )
