"""`kws-live eval make`: labelled streams to measure on."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kws_live import __version__
from kws_live.commands.progress import progress, stages
from kws_live.termination import unwound_by_signals
from kws_live.text import printable
from kws_live.types import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from kws_live.eval.compose import Composition
    from kws_live.eval.stream import Stream

_EPILOG = """\b
Examples:
  the words of Speech Commands' validation list in noise at four levels, one half of the speakers:
    kws-live eval make --clips speech_commands --clips-list speech_commands/validation_list.txt \\
      --keywords yes,no,stop,go --negatives 75 --half A --noise noise/ \\
      --snr-db 20 --snr-db 10 --snr-db 5 --snr-db 0 --out words.flac
  the same words in rooms, 0.5 to 3 m from the microphone, over soft noise:
    kws-live eval make --clips speech_commands --keywords yes,no --snr-db 40 \\
      --rt60-s 0.2 0.5 --distance-m 0.5 3 --out rooms.flac
  read speech, with the utterances marked that may hold a keyword:
    kws-live eval make --speech LibriSpeech/dev-clean --keywords yes,no --snr-db 50 --out speech.flac
  the wake-word benchmarks' protocol, 24 hours:
    kws-live eval make --preset wake-word-benchmark --clips audio --keywords computer \\
      --speech LibriSpeech/test-clean --noise demand-ch01 --out computer.flac

\b
Presets (options given beside them win; docs/labelled-streams.md says what they correspond to):
  wake-word-benchmark  24 h of noise at 10 dB, read speech in a fifth of it, each keyword clip once
  false-accepts        speech without the keywords, each utterance once

Writes three files: the audio, its label track (.txt, opens in Audacity) and its recipe (.json: options,
counts and hashes). The same command with the same files makes the same bytes (.wav and .flac).
"""

Option = Callable[[Any], Any]


def _range(name: str, help_: str) -> Option:
    return click.option(name, type=float, nargs=2, metavar="MIN MAX", help=help_)


@click.command(epilog=_EPILOG)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="The audio: .flac, .wav or .ogg. With several --snr-db each one is added to the name.",
)
@click.option("--preset", metavar="NAME", help="Start from a well-known protocol; see below.")
@click.option(
    "--clips",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Words to splice in: DIR/WORD/FILE or DIR/WORD/SPEAKER/FILE.",
)
@click.option(
    "--clips-list",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use only the clips that it names, one WORD/FILE a line: an official split.",
)
@click.option(
    "--keywords",
    multiple=True,
    metavar="WORD,…",
    help="What is listened for; other words of --clips are negatives.  [default: every word]",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    metavar="N",
    help="Draw so many keyword clips.  [default: each once]",
)
@click.option(
    "--negatives",
    type=click.IntRange(min=0),
    metavar="N",
    help="Draw so many clips of other words.  [default: each once]",
)
@click.option(
    "--half",
    type=click.Choice(["A", "B"]),
    help="Only this half of the speakers, of clips and of speech; nobody is in both.",
)
@click.option(
    "--speech",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Transcribed speech between the words: a LibriSpeech folder, or a tab-separated table with "
    "the columns file, text and perhaps speaker.",
)
@click.option(
    "--speech-share",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=1.0,
    show_default=True,
    metavar="SHARE",
    help="How much of the speech is heard; the rest is a pause as long.",
)
@click.option(
    "--keyword-speech",
    type=click.Choice(["mark", "drop"]),
    default="mark",
    show_default=True,
    help="What becomes of utterances with a keyword, or one that sounds like it, in them: a span "
    "`?word` in the label track, or left out.",
)
@click.option(
    "--noise",
    default="pink",
    show_default=True,
    metavar="PATH|COLOUR|none",
    help="What lies under everything: a recording or a folder of them, looped; white, pink or brown.",
)
@click.option(
    "--snr-db",
    type=click.FloatRange(-50.0, 100.0),
    multiple=True,
    default=(20.0,),
    metavar="DB",
    help="Level of what is said over the noise; repeatable: the same stream at each.  [default: 20]",
)
@_range("--gap-s", "Pauses around words.  [default: 0.8 1.5]")
@_range("--speech-gap-s", "Pauses between utterances.  [default: 0.3 0.8]")
@click.option(
    "--words-per-minute",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="N",
    help="How often words come on average: sets the pauses, or how much speech there is.",
)
@click.option(
    "--hours",
    type=click.FloatRange(min=0.0, min_open=True),
    metavar="H",
    help="How long the stream is: sets the pauses, or how much speech there is.",
)
@click.option(
    "--level-spread-db",
    type=click.FloatRange(0.0, 40.0),
    default=0.0,
    show_default=True,
    metavar="DB",
    help="What is said is up to so much louder or softer.",
)
@_range("--rt60-s", "Rooms that ring so long.  [default with --distance-m: 0.2 0.5]")
@_range("--distance-m", "Microphones so far away.  [default with --rt60-s: 0.5 3]")
@click.option(
    "--rate-hz",
    type=click.IntRange(8_000, 192_000),
    default=16_000,
    show_default=True,
    metavar="HZ",
    help="Of the audio file.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 8),
    default=1,
    show_default=True,
    metavar="N",
    help="Of the audio file, all the same.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Of everything that is drawn.",
)
@click.pass_context
@unwound_by_signals()
def make(
    context: click.Context,
    /,
    out: Path,
    preset: str | None,
    snr_db: tuple[float, ...],
    rate_hz: int,
    channels: int,
    **options: Any,
) -> None:
    """Make a recording to measure on: words at known times, in speech and noise, with labels."""
    # Imported here so that --help answers at once.
    from kws_live.eval.compose import compose  # noqa: PLC0415
    from kws_live.eval.recipe import Recipe  # noqa: PLC0415
    from kws_live.eval.splice import MADE_BY, check_place, write_stream  # noqa: PLC0415

    options |= {"snr_db": snr_db, "keywords": _split(options["keywords"])}
    if preset is not None:
        _apply(preset, context, options)
    levels_db = options.pop("snr_db")
    recipe = Recipe(**options)
    places = {snr: out if len(levels_db) == 1 else _named(out, snr) for snr in levels_db}
    for place in places.values():
        check_place(place)
    try:
        recipe.check()
        with stages() as show:
            made = compose(recipe, show)
        streams = {snr: made.stream(snr) for snr in places}
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    for warning in made.warnings:
        _warn(warning)
    document = {
        "made_by": MADE_BY,
        "version": __version__,
        "options": {
            **{name: _plain(value) for name, value in dataclasses.asdict(recipe).items()},
            "rate_hz": rate_hz,
            "channels": channels,
        },
        "counts": made.counts,
        "sources_sha256": made.sources_sha256,
    }
    for snr, place in places.items():
        with progress(f"writing {place.name}", streams[snr].length_samples) as advance:
            clipped = write_stream(
                streams[snr],
                place,
                rate_hz=rate_hz,
                channels=channels,
                recipe={**document, "snr_db": snr},
                progress=advance,
            )
        _say(_summary(place, streams[snr], made))
        if clipped:
            _warn(
                f"{clipped} samples of {place.name} were beyond full scale and are clipped: raise "
                "--snr-db, or lower --level-spread-db, if that is many"
            )


def _apply(preset: str, context: click.Context, options: dict[str, Any]) -> None:
    """Let the preset set the options that were not given.

    Raises:
        click.UsageError: no such preset, or one of the options it needs is missing.
    """
    from kws_live.eval.presets import find_preset  # noqa: PLC0415

    try:
        found = find_preset(preset)
    except ValueError as error:
        raise click.UsageError(str(error)) from error

    def given(name: str) -> bool:
        return context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT

    missing = [what for name, what in found.required.items() if not given(name)]
    if missing:
        raise click.UsageError(f"--preset {preset} needs {'; '.join(missing)}")
    options |= {name: value for name, value in found.defaults.items() if not given(name)}


def _split(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words of `--keywords a,b --keywords c`, each once."""
    return tuple(dict.fromkeys(w.strip() for given in words for w in given.split(",") if w.strip()))


def _named(out: Path, snr_db: float) -> Path:
    return out.with_name(f"{out.stem}_{snr_db:g}db{out.suffix}")


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _summary(place: Path, stream: "Stream", made: "Composition") -> str:
    minutes = stream.length_samples / SAMPLE_RATE_HZ / 60.0
    length = f"{minutes / 60.0:.2f} h" if minutes >= 90.0 else f"{minutes:.1f} min"
    certain = [label for label in stream.labels if not label.uncertain]
    keywords = sum(label.word in made.keywords for label in certain)
    parts = [f"{keywords} keywords"]
    if len(certain) > keywords:
        parts.append(f"{len(certain) - keywords} other words")
    if utterances := sum(s.audible and s.word is None for s in made.segments):
        spans = len(stream.labels) - len(certain)
        parts.append(f"{utterances} utterances with {spans} uncertain spans")
    return f"{place}: {', '.join(parts)} in {length}; labels in .txt, recipe in .json"


def _say(text: str) -> None:
    click.echo(printable(text), err=True)


def _warn(text: str) -> None:
    click.secho(f"warning: {printable(text)}", err=True, fg="yellow")
