"""The command line: flags and subcommands in, exit codes out."""

import errno
import logging
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from kws_live import __version__
from kws_live.commands.lazy import LazyGroup
from kws_live.errors import KwsLiveError, OutputError
from kws_live.text import printable

if TYPE_CHECKING:
    from kws_live.config import Resolved

_WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)

_EPILOG = """\b
Examples:
  kws-live                                   listen to the default microphone
  kws-live --device demo                     no microphone? see it work
  kws-live --hook 'stop=playerctl pause'     run a program when "stop" is said
  kws-live --json | jq .keyword              events for another program
  kws-live --input meeting.flac              search a recording
  kws-live tune                              set the thresholds for your room

\b
Exit codes: 0 done, 2 wrong flags, 66 input or model unusable,
69 no usable device, 70 internal error, 74 a write failed,
78 wrong configuration. Ctrl-C and SIGTERM stop cleanly.
"""


_COMMANDS = {
    "devices": "kws_live.commands.devices:devices",
    "eval": "kws_live.commands.eval:evaluate",
    "tune": "kws_live.commands.tune:tune",
    "review": "kws_live.commands.review:review",
    "completion": "kws_live.commands.completion:completion",
}


class _Group(LazyGroup):
    """A group that leaves a closed standard output to `main`; click itself would exit with 1."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the command line, which prints --help and --version; as click's own."""
        with _quiet_end():
            return super().make_context(*args, **options)

    def invoke(self, context: click.Context) -> Any:
        """Run the command; as click's own."""
        with _quiet_end():
            return super().invoke(context)


@contextmanager
def _quiet_end() -> Iterator[None]:
    """End the command with 0 when the reader of standard output has gone."""
    try:
        yield
    except BrokenPipeError:
        _discard_output()
        raise click.exceptions.Exit(0) from None


class _PrintableFormatter(logging.Formatter):
    """Writes log lines whose names of devices and files can't command the terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line without control characters."""
        return printable(super().formatMessage(record))


def _tell(text: str) -> None:
    """Say something on standard error, if anybody is still there, whatever names it holds."""
    lines = "\n".join(printable(line) for line in f"kws-live: {text}".split("\n"))
    with suppress(OSError):
        os.write(sys.stderr.fileno(), f"{lines}\n".encode(sys.stderr.encoding, "replace"))


def _discard_output() -> None:
    """Send what is still buffered nowhere, so that nothing is flushed to a reader that has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@click.group(cls=_Group, lazy=_COMMANDS, invoke_without_command=True, epilog=_EPILOG)
@click.version_option(__version__, prog_name="kws-live")
@click.option(
    "--device",
    metavar="NAME|ID",
    help="Microphone: 'default', an id, or parts of its name as 'kws-live devices' lists them; "
    "'demo' plays a bundled recording.",
)
@click.option(
    "--input",
    "input_",
    metavar="FILE|-",
    help="Take a sound file (WAV, FLAC, OGG; any rate) instead, or raw 16-bit little-endian mono "
    "samples at 16 kHz from standard input; as fast as it goes.",
)
@click.option("--realtime", is_flag=True, help="Play --input at its own pace.")
@click.option("--model", metavar="NAME|DIR", help="An installed model, or a model folder.")
@click.option(
    "--keyword",
    "keywords",
    multiple=True,
    metavar="WORD",
    help="Listen for this one only; repeatable.",
)
@click.option(
    "--threshold",
    metavar="SCORE",
    help="Score from 0 to 1 at which a keyword counts; lower hears more and mishears more.",
)
@click.option(
    "--hook",
    "hooks",
    multiple=True,
    metavar="WORD=COMMAND",
    help="Run a program, without a shell, when WORD ('*': any) is heard; repeatable. Details come "
    "as KWS_KEYWORD, KWS_SCORE, KWS_START_S, KWS_END_S, KWS_TIMESTAMP and as JSON on standard input.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Write events to standard output, one JSON a line."
)
@click.option("--record", metavar="FILE", help="Keep what was heard, as .wav or .flac.")
@click.option(
    "--save-clips",
    metavar="DIR",
    help="Keep a sound file of each detection and near miss in DIR, two seconds that end with the "
    "word, for you alone to read; old ones are deleted. 'kws-live review DIR' goes through them.",
)
@click.option("--config", metavar="FILE", help="Configuration file instead of the user's own.")
@click.option(
    "--print-config", is_flag=True, help="Show every setting and where it came from, and exit."
)
@click.option(
    "--check-config", is_flag=True, help="Check configuration, model and hooks, and exit."
)
@click.option("-v", "--verbose", is_flag=True, help="Say more on standard error.")
@click.pass_context
def cli(context: click.Context, /, **options: Any) -> None:
    """Listen to a microphone, recognise keywords, and run something when one is said.

    Without options it listens to the default microphone for all keywords of the default model.
    """
    verbose = options.pop("verbose")
    handler = logging.StreamHandler()
    handler.setFormatter(_PrintableFormatter("kws-live: %(levelname)s: %(message)s"))
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING, handlers=[handler], force=True
    )
    if context.invoked_subcommand is None:
        _listen(**options)
    elif any(options.values()):
        raise click.UsageError(
            f"options of listening mean nothing to {context.invoked_subcommand!r}. Leave them out."
        )


def _listen(
    *,
    device: str | None,
    input_: str | None,
    realtime: bool,
    model: str | None,
    keywords: Sequence[str],
    threshold: str | None,
    hooks: Sequence[str],
    as_json: bool,
    record: str | None,
    save_clips: str | None,
    config: str | None,
    print_config: bool,
    check_config: bool,
) -> None:
    # Imported here so that --help, --version and completion answer at once.
    from kws_live.config import FlagError, load  # noqa: PLC0415
    from kws_live.launch import launch  # noqa: PLC0415
    from kws_live.options import Options  # noqa: PLC0415

    if input_ is not None and device is not None:
        raise click.UsageError("--input and --device exclude each other. Give one of them.")
    if realtime and input_ is None:
        raise click.UsageError("--realtime paces --input; a device has its own pace. Leave it out.")
    for flag, path in (("--record", record), ("--config", config), ("--input", input_)):
        if path == "":
            raise click.UsageError(f"{flag} is given an empty name. Name a file, or leave it out.")
    flags = {
        "audio.device": device,
        "model": model,
        "decoder.threshold": threshold,
        "clips.directory": save_clips,
        "hook": hooks or None,
    }
    try:
        resolved = load(None if config is None else Path(config), os.environ, flags)
        if print_config or check_config:
            _show_config(resolved, keywords, check=not print_config)
            return
        options = Options(input_, realtime, as_json, None if record is None else Path(record))
        app = launch(resolved, keywords, options)
    except FlagError as error:
        raise click.UsageError(str(error)) from error
    if app.clips:
        _tell(f"keeping clips of detections and near misses in {app.clips.folder}")
    from kws_live.signals import Signals  # noqa: PLC0415

    with Signals(app) as signals:
        app.run()
    signals.raise_again()


def _show_config(resolved: "Resolved", keywords: Sequence[str], check: bool) -> None:
    """Hold the configuration against its model, and print it, or open the model too and say so."""
    from kws_live.compose import settle  # noqa: PLC0415
    from kws_live.config import render  # noqa: PLC0415
    from kws_live.model import Classifier  # noqa: PLC0415

    settings = settle(resolved, keywords)
    if not check:
        click.echo(render(settings.resolved, settings.effective), nl=False)
        return
    Classifier(settings.folder)
    click.echo(
        f"ok: model {settings.folder.name!r} in {settings.folder.path}, "
        f"{len(settings.effective.decoder.keywords)} keywords, "
        f"{len(settings.resolved.config.hooks)} hooks"
    )


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and end the process with the exit code of what happened."""
    _open_standard_descriptors()
    try:
        code = cli.main(args=arguments, prog_name="kws-live", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        # What the command had begun is cleaned up by now (kws_live.termination).
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except KwsLiveError as error:
        _tell(str(error))
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in _WRITE_ERRORS:
            _report_bug()
        _discard_output()
        _tell(f"can't write to standard output: {error.strerror}. Send it elsewhere.")
        sys.exit(OutputError.exit_code)
    except Exception:
        _report_bug()
    sys.exit(code)


def _report_bug() -> NoReturn:
    _tell(f"{traceback.format_exc()}internal error. Please report it with the lines above.")
    sys.exit(KwsLiveError.exit_code)


def _open_standard_descriptors() -> None:
    """Put /dev/null where standard input, output or error was closed (`>&-`).

    Else the next file that is opened would get its number, and be written to in its place.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, os.fdopen(number, mode))
