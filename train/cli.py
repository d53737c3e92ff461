"""The command `kws-train`."""

import errno
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kws_live import __version__
from kws_live.errors import KwsLiveError, OutputError

from .errors import EndedElsewhereError

if TYPE_CHECKING:
    from .report.judged import Judged

DEFAULT_CACHE = "$XDG_CACHE_HOME/kws-live/train"


class _Group(click.Group):
    """Ends with the exit code of an expected error and shows it as one line."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except KwsLiveError as error:
            if isinstance(error, EndedElsewhereError):
                ctx.exit(error.exit_code)
            click.echo(f"kws-train: {error}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read our output has gone: click ends quietly
            hint = "Check that it may be written to and that its disk has space"
            click.echo(f"kws-train: {error}. {hint}", err=True)
            ctx.exit(OutputError.exit_code)


def _folders(flag: str, help_text: str, required: bool = False) -> Callable[..., Any]:
    name = flag.removeprefix("--")
    kind = click.Path(path_type=Path)
    return click.option(
        flag, name, type=kind, multiple=True, required=required, metavar="DIR", help=help_text
    )


_cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help=f"Where decoded audio is kept, 2 MB a minute.  [default: {DEFAULT_CACHE}]",
)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kws-train")
def main() -> None:
    r"""Train a keyword model for kws-live.

    \b
    A first model, from Google's Speech Commands and synthetic voices:
      kws-train synthesize --out voices
      kws-train fit --data speech_commands --data voices --out run
      kws-train evaluate run
      kws-export run models/mine
      kws-live --model models/mine

    The more speech without keywords is given with --speech, the fewer false alarms.
    """
    # Of several processes of one run, the first one speaks for all.
    level = logging.INFO if os.environ.get("RANK", "0") == "0" else logging.WARNING
    logging.basicConfig(
        level=level, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr
    )
    for noisy in ("transformers", "accelerate", "httpx"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


@main.command()
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    metavar="NAME|FILE.toml",
    help="What to train, in which stages. default: a compact network, from scratch. "
    "wav2vec2-base: fine-tunes the pretrained model.",
)
@click.option(
    "--keywords",
    metavar="WORD,WORD,…",
    help="The words to spot, in place of the recipe's. Each has a folder of its name in --data.",
)
@_folders(
    "--data",
    "Word clips: WORD/FILE, better WORD/SPEAKER/FILE or WORD/SPEAKER_nohash_N.wav, or any folders "
    "with a table clips.tsv (file, word, speaker); and _background_noise_/. Words that are no "
    "keyword teach what to ignore. Repeatable.",
    required=True,
)
@_folders("--speech", "Longer speech that holds no keyword, in any folders. Repeatable.")
@_folders("--noise", "Recordings of noise without speech, in any folders. Repeatable.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN",
    help="A new folder for checkpoints, the best model and its metrics.",
)
@click.option("--resume", is_flag=True, help="Continue the run in RUN from its last checkpoint.")
@click.option(
    "--init",
    metavar="CHECKPOINT",
    help="Start from this local model folder, or model name of the Hugging Face hub, in place of "
    "what the recipe starts its first Wav2Vec2 from.",
)
@click.option(
    "--tensorboard", is_flag=True, help="Log for TensorBoard too, in RUN/tensorboard (an extra)."
)
@_cache_option
@click.option(
    "--workers",
    type=click.IntRange(0, 64),
    default=1,
    show_default=True,
    help="Processes that prepare examples. The result does not depend on it.",
)
def fit(
    recipe: str,
    keywords: str | None,
    data: tuple[Path, ...],
    speech: tuple[Path, ...],
    noise: tuple[Path, ...],
    out: Path,
    resume: bool,
    init: str | None,
    tensorboard: bool,
    cache: Path | None,
    workers: int,
) -> None:
    """Train a model.

    One speaker in ten goes to validation and one in ten is kept for testing, by the hash of the
    Speech Commands data set; the model with the best validation accuracy is kept in RUN.
    Ctrl-C writes a checkpoint; the same command with --resume goes on from it.

    Several GPUs or machines: torchrun --nproc-per-node N -m kws_train fit …, or accelerate launch.
    """
    from . import processes  # noqa: PLC0415 - torch must not slow --help down
    from .cache import default_cache_dir  # noqa: PLC0415
    from .fit import Corpora, fit  # noqa: PLC0415
    from .recipe import load_recipe  # noqa: PLC0415
    from .words import keywords_from  # noqa: PLC0415

    began_s = time.monotonic()
    chosen = load_recipe(recipe)
    if keywords is not None:
        chosen = chosen.with_keywords(keywords_from(keywords))
    stopped_by = fit(
        chosen,
        Corpora(data, speech, noise),
        out,
        cache_dir=cache or default_cache_dir(),
        resume=resume,
        init=init,
        workers=workers,
        tensorboard=tensorboard,
    )
    processes.leave()
    if stopped_by is not None:
        if processes.is_main():
            click.echo("stopped; the same command with --resume goes on", err=True)
        # The parent is to see what ended us.
        signal.signal(stopped_by, signal.SIG_DFL)
        os.kill(os.getpid(), stopped_by)
    if not processes.is_main():
        return
    logging.getLogger(__name__).info("trained in %.0f min", (time.monotonic() - began_s) / 60)
    _report(out)
    click.echo(f"next: kws-export {out} models/NAME")


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
@_folders("--data", "Clips to judge by, as for fit. Without it, those that fit validated with.")
@click.option(
    "--split",
    type=click.Choice(["validation", "test", "all"]),
    default="validation",
    show_default=True,
    help="Whose clips; all is for a folder that holds nothing but test clips.",
)
@_cache_option
def evaluate(run: Path, data: tuple[Path, ...], split: str, cache: Path | None) -> None:
    """Measure the model in RUN.

    Prints recall and precision of each class, and writes into RUN metrics.json, the confusion
    matrix (confusion-*.csv, confusion-*.png) and a list of all mistakes (mistakes-*.csv).
    Accuracy on clips says little about false alarms on a day of sound: measure those with kws-live
    eval and kws-live tune.
    """
    _evaluate(run, data, split, cache)


@main.command()
@click.argument("run", type=click.Path(path_type=Path))
def report(run: Path) -> None:
    """Write the report of RUN again, as fit does at its end.

    Measures the model on the validation windows, and makes RUN/report: curves of loss and accuracy,
    confusion matrix, DET, reliability and the worst mistakes, as PNGs and as one page with players.
    """
    _report(run)


@main.command()
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new folder."
)
@click.option(
    "--voices",
    type=click.IntRange(1, 2000),
    default=90,
    show_default=True,
    help="How many espeak-ng voices; those of flite and festival are added.",
)
@click.option("--seed", type=int, default=0, show_default=True)
def synthesize(out: Path, voices: int, seed: int) -> None:
    """Make clips of synthetic voices, to be given to fit as one more --data.

    espeak-ng, flite and festival speak the ten command words, and words that resemble them.
    Some voices are never used, so that the demo and the tests can: see voices.json in DIR.
    """
    from .synthesize import synthesize_corpus  # noqa: PLC0415

    with click.progressbar(length=100, label="speaking", file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.update(100 * done // total - bar.pos)

        n = synthesize_corpus(out, n_espeak=voices, seed=seed, progress=show)
    click.echo(f"{n} clips in {out}")


def _report(run: Path) -> None:
    from .report.write import write_report  # noqa: PLC0415

    page = write_report(run, _evaluate(run, (), "validation", None))
    click.echo(f"report: {page}")


def _evaluate(run: Path, data: tuple[Path, ...], split: str, cache: Path | None) -> "Judged":
    from . import evaluate as ev  # noqa: PLC0415
    from . import folder_windows as folder  # noqa: PLC0415
    from .cache import default_cache_dir  # noqa: PLC0415
    from .manifest import moved_speakers  # noqa: PLC0415

    weights = ev.weights_sha256(run)
    model, recipe, normalize = ev.load_run(run)
    choice: folder.SplitChoice = "testing" if split == "test" else split  # type: ignore[assignment]
    if data:
        moved = moved_speakers(run)
        windows = folder.windows_from(data, recipe, choice, cache or default_cache_dir(), moved)
        name = folder.evaluation_name(data, choice, windows, recipe, moved)
    elif split == "validation":
        windows, name = ev.stored_validation(run), "validation"
    else:
        raise click.UsageError(f"--split {split} needs --data: name the folder of test clips")
    judged = ev.judge(model, windows, recipe.labels, normalize)
    metrics = ev.write_evaluation(run, name, judged, weights)
    for line in ev.report_lines(name, metrics):
        click.echo(line)
    return judged
