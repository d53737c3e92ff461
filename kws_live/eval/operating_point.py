"""Choosing a model's thresholds on labelled recordings, through the decoder that it is deployed with.

python -m kws_live.eval.operating_point --model DIR --out point.json words.wav speech.wav

Each recording has its label track beside it, with the suffix .txt. The model runs once; the
decoder runs for every threshold on the posteriors that it gave.
"""

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import soundfile
from rich.console import Console
from rich.progress import track

from kws_live.config import Config, DecoderSettings, EffectiveSettings, KeywordSettings, effective
from kws_live.errors import InputError, KwsLiveError, OutputError
from kws_live.eval.intervals import binomial_interval, poisson_interval
from kws_live.eval.match import Decision, Matching, match
from kws_live.eval.tracks import Label, read_track
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.offline import spot
from kws_live.sources.files import FileSource
from kws_live.stages.decoder import Decoder
from kws_live.types import SAMPLE_RATE_HZ, Posterior

THRESHOLDS = tuple(np.arange(0.30, 0.985, 0.01).round(2).tolist())
_RELEASE_SHARE = 0.5
_BLOCK_FRAMES = 16_000


@dataclass(frozen=True, slots=True)
class Recording:
    """What the model gave for one labelled recording."""

    labels: Sequence[Label]
    duration_s: float
    posteriors: Sequence[Posterior]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Counts over all recordings at one setting of the decoder.

    Attributes:
        words: how often each keyword was said.
        misses: how often each was missed.
        false_accepts: how often each was detected where it was not said.
        negative_h: hours in which a detection of each is false, > 0.

    Raises:
        InputError: there is no time in which a detection of some keyword would be false.
    """

    words: Mapping[str, int]
    misses: Mapping[str, int]
    false_accepts: Mapping[str, int]
    negative_h: Mapping[str, float]

    def __post_init__(self) -> None:
        never = [keyword for keyword, hours in self.negative_h.items() if hours <= 0]
        if never:
            raise InputError(
                f"the recordings leave no time in which a detection of {', '.join(never)} would be "
                "false, so false accepts per hour can't be measured. Give a long recording of "
                "speech without the keywords too, with an empty label track"
            )

    def exceeding(self, fa_per_hour: float) -> tuple[str, ...]:
        """Return the keywords with more false accepts per hour of their own than that."""
        return tuple(
            keyword
            for keyword, events in self.false_accepts.items()
            if events > fa_per_hour * self.negative_h[keyword]
        )


def infer(
    path: Path, folder: ModelFolder, classifier: Classifier, settings: EffectiveSettings
) -> Recording:
    """Run gate and model over a recording, as the daemon does.

    Raises:
        InputError: the recording or its label track can't be read.
    """
    labels = read_track(path.with_suffix(".txt"))
    hops = spot(
        FileSource(path, _BLOCK_FRAMES), folder, classifier, settings.gate, settings.decoder
    )
    posteriors = [hop.posterior for hop in hops]
    return Recording(labels, soundfile.info(path).duration, posteriors)


def decode(
    recordings: Sequence[Recording], labels: Sequence[str], settings: DecoderSettings
) -> Outcome:
    """Run the decoder over stored posteriors and count what it got right and wrong.

    Raises:
        InputError: the recordings leave a keyword no negative time.
    """
    keywords = tuple(settings.keywords)
    matchings = [_matching(recording, labels, settings) for recording in recordings]

    def count(of: Any) -> dict[str, int]:
        found = [word for matching in matchings for word in of(matching)]
        return {keyword: found.count(keyword) for keyword in keywords}

    misses = count(lambda matching: [label.word for label in matching.misses])
    hits = count(lambda matching: [pair.label.word for pair in matching.hits])
    return Outcome(
        words={keyword: hits[keyword] + misses[keyword] for keyword in keywords},
        misses=misses,
        false_accepts=count(lambda matching: [one.keyword for one in matching.false_accepts]),
        negative_h={
            keyword: sum(matching.negative_s[keyword] for matching in matchings) / 3600
            for keyword in keywords
        },
    )


def _matching(recording: Recording, labels: Sequence[str], settings: DecoderSettings) -> Matching:
    decoder = Decoder(labels, settings)
    decided = (decoder.step(posterior) for posterior in recording.posteriors)
    decisions = [
        Decision(one.keyword, one.decided_sample / SAMPLE_RATE_HZ) for one in decided if one
    ]
    return match(decisions, recording.labels, tuple(settings.keywords), recording.duration_s)


def choose(
    recordings: Sequence[Recording],
    labels: Sequence[str],
    settings: DecoderSettings,
    fa_per_hour: float,
) -> DecoderSettings:
    """Return `settings` with, for each keyword, a low threshold that keeps to a rate.

    First, with one threshold for all: for each keyword the lowest at which the rate is kept, and
    at every higher one. But keywords hold each other back, so one may fire more often beside
    others of other thresholds. Therefore all are then decoded together, and whatever exceeds the
    rate is raised step by step. A keyword for which no threshold does ends with the highest; it is
    among `exceeding` of the outcome.

    Args:
        recordings: what the model gave.
        labels: the model's labels.
        settings: smoothing and times; its thresholds are replaced.
        fa_per_hour: most false accepts per hour of one keyword.

    Raises:
        InputError: the recordings leave a keyword no negative time.
    """
    chosen = dict.fromkeys(settings.keywords, THRESHOLDS[-1])
    undecided = set(chosen)
    for threshold in reversed(THRESHOLDS):
        together = with_thresholds(settings, dict.fromkeys(chosen, threshold))
        undecided -= set(decode(recordings, labels, together).exceeding(fa_per_hour))
        chosen |= dict.fromkeys(undecided, threshold)
        if not undecided:
            break
    while True:
        result = with_thresholds(settings, chosen)
        exceeding = decode(recordings, labels, result).exceeding(fa_per_hour)
        raised = {
            keyword: THRESHOLDS[THRESHOLDS.index(chosen[keyword]) + 1]
            for keyword in exceeding
            if chosen[keyword] < THRESHOLDS[-1]
        }
        if not raised:
            return result
        chosen |= raised


def with_thresholds(settings: DecoderSettings, thresholds: Mapping[str, float]) -> DecoderSettings:
    """Return `settings` with these thresholds, each with half of it as release."""
    keywords = {
        name: KeywordSettings(
            thresholds[name], round(thresholds[name] * _RELEASE_SHARE, 3), own.refractory_s
        )
        for name, own in settings.keywords.items()
    }
    return replace(settings, keywords=keywords)


def summary(outcome: Outcome, data: str) -> dict[str, Any]:
    """Return the rates of an outcome with their 95 % intervals, as `measured` in `kws.json`.

    `fa_per_hour` is the sum of the keywords' own rates. Its interval is that of the count of all,
    scaled to the spread of the sum (Dobson, Kuulasmaa, Eberle and Scherer 1991): exact where all
    keywords have the same hours.
    """
    hours = outcome.negative_h
    events = sum(outcome.false_accepts.values())
    rate = math.fsum(n / hours[keyword] for keyword, n in outcome.false_accepts.items())
    spread = math.fsum(n / hours[keyword] ** 2 for keyword, n in outcome.false_accepts.items())
    # Without any event the keyword that was tested for the shortest time bounds the rate.
    scale = math.sqrt(spread / events) if events else 1 / min(hours.values())
    interval = [rate + scale * (bound - events) for bound in poisson_interval(events, 1.0)]
    words, misses = sum(outcome.words.values()), sum(outcome.misses.values())
    result: dict[str, Any] = {
        "data": data,
        "chosen_on": "the same recordings",
        "intervals": "95 %, of counting only: not of choosing the thresholds on these recordings",
        "negative_hours": round(float(np.mean(list(hours.values()))), 3),
        "false_accepts": events,
        "fa_per_hour": round(rate, 3),
        "fa_per_hour_ci95": [round(max(0.0, bound), 3) for bound in interval],
        "words": words,
    }
    if words:
        result["frr"] = round(misses / words, 4)
        result["frr_ci95"] = [round(bound, 4) for bound in binomial_interval(misses, words)]
    result["keywords"] = {
        keyword: {
            "words": outcome.words[keyword],
            "misses": outcome.misses[keyword],
            "false_accepts": outcome.false_accepts[keyword],
            "negative_hours": round(hours[keyword], 3),
        }
        for keyword in outcome.words
    }
    return result


def warnings(outcome: Outcome, settings: DecoderSettings, fa_per_hour: float) -> list[str]:
    """Return what to tell of each keyword that no threshold keeps to the rate."""
    return [
        f"no threshold keeps {name!r} to {fa_per_hour:g} false accepts per hour; at "
        f"{settings.keywords[name].threshold:.2f} it has {outcome.false_accepts[name]} in "
        f"{outcome.negative_h[name]:.2f} h. Allow more with --fa-per-hour, or train the model on "
        "more speech like that"
        for name in outcome.exceeding(fa_per_hour)
    ]


_CONSOLE = Console(stderr=True)


@click.command()
@click.argument("audio", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", default="default", show_default=True, help="A model's name or folder.")
@click.option(
    "--fa-per-hour",
    type=click.FloatRange(0),
    default=1.0,
    show_default=True,
    help="False accepts per hour allowed for each keyword.",
)
@click.option("--data", required=True, help="What the recordings are, for the model card.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="JSON file to write.")
def main(audio: tuple[Path, ...], model: str, fa_per_hour: float, data: str, out: Path) -> None:
    """Choose thresholds on recordings, each with an Audacity label track (.txt) beside it.

    The file written is what kws-export takes as --operating-point. Recordings with words measure
    what is missed, long ones without measure false accepts: give both.
    """
    folder = load_model_folder(find_model(model))
    settings = effective(Config(), folder.operating_point)
    classifier = Classifier(folder)
    recordings = [
        infer(path, folder, classifier, settings)
        for path in track(audio, "recordings", console=_CONSOLE)
    ]
    with _CONSOLE.status("choosing thresholds"):
        decoder = choose(recordings, folder.labels, settings.decoder, fa_per_hour)
    outcome = decode(recordings, folder.labels, decoder)
    measured = summary(outcome, data)
    point = {
        "gate": dict(folder.operating_point["gate"]),
        "decoder": dict(folder.operating_point["decoder"]),
        "keywords": {
            name: {"threshold": k.threshold, "release": k.release, "refractory_s": k.refractory_s}
            for name, k in decoder.keywords.items()
        },
        "measured": measured,
    }
    _write(out, point)
    for name, keyword in decoder.keywords.items():
        click.echo(
            f"{name:>8}  threshold {keyword.threshold:.2f}  missed {outcome.misses[name]:3d} of "
            f"{outcome.words[name]:3d}  false {outcome.false_accepts[name]:3d} in "
            f"{outcome.negative_h[name]:.2f} h"
        )
    for warning in warnings(outcome, decoder, fa_per_hour):
        click.echo(f"warning: {warning}", err=True)
    click.echo(json.dumps(measured))


def _write(path: Path, point: Mapping[str, Any]) -> None:
    """Write the file so that a reader sees the old one or the new one, never a part."""
    waiting = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        waiting.write_text(json.dumps(point, indent=1) + "\n", encoding="utf-8")
        waiting.replace(path)
    except OSError as error:
        with suppress(OSError):
            waiting.unlink()
        raise OutputError(f"can't write {path}: {error.strerror}") from error


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KwsLiveError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
