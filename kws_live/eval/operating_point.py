"""Choosing a model's thresholds on labelled recordings, through the decoder that it is deployed with.

python -m kws_live.eval.operating_point --model DIR --out point.json words.wav speech.wav

Each recording has its label track beside it, with the suffix .txt. The model runs once; the
decoder runs for every threshold on the posteriors that it gave.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import soundfile
from rich.console import Console
from rich.progress import track

from kws_live.config import Config, DecoderSettings, EffectiveSettings, KeywordSettings, effective
from kws_live.errors import KwsLiveError, OutputError
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
        negative_h: hours in which a detection of each is false.
    """

    words: Mapping[str, int]
    misses: Mapping[str, int]
    false_accepts: Mapping[str, int]
    negative_h: Mapping[str, float]


def infer(
    path: Path, folder: ModelFolder, classifier: Classifier, settings: EffectiveSettings
) -> Recording:
    """Run gate and model over a recording, as the daemon does.

    Raises:
        InputError: the recording or its label track can't be read.
    """
    hops = spot(
        FileSource(path, _BLOCK_FRAMES), folder, classifier, settings.gate, settings.decoder
    )
    posteriors = [hop.posterior for hop in hops]
    return Recording(
        read_track(path.with_suffix(".txt")), soundfile.info(path).duration, posteriors
    )


def decode(
    recordings: Sequence[Recording], labels: Sequence[str], settings: DecoderSettings
) -> Outcome:
    """Run the decoder over stored posteriors and count what it got right and wrong."""
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
    """Return `settings` with, for each keyword, the lowest threshold that keeps to a rate.

    The rate is kept at that threshold and at every higher one. A keyword for which no threshold
    does gets the highest.

    Args:
        recordings: what the model gave.
        labels: the model's labels.
        settings: smoothing and times; its thresholds are replaced.
        fa_per_hour: most false accepts per hour of one keyword.
    """
    chosen = dict.fromkeys(settings.keywords, THRESHOLDS[-1])
    undecided = set(settings.keywords)
    for threshold in track(reversed(THRESHOLDS), "thresholds", len(THRESHOLDS), console=_CONSOLE):
        outcome = decode(
            recordings, labels, with_thresholds(settings, dict.fromkeys(chosen, threshold))
        )
        for keyword in tuple(undecided):
            if outcome.false_accepts[keyword] <= fa_per_hour * outcome.negative_h[keyword]:
                chosen[keyword] = threshold
            else:
                undecided.discard(keyword)
    return with_thresholds(settings, chosen)


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

    False accepts are summed over the keywords; the interval takes the hours of one keyword.
    """
    events = sum(outcome.false_accepts.values())
    hours = float(np.mean(list(outcome.negative_h.values())))
    words, misses = sum(outcome.words.values()), sum(outcome.misses.values())
    result: dict[str, Any] = {
        "data": data,
        "negative_hours": round(hours, 3),
        "false_accepts": events,
        "fa_per_hour": round(events / hours, 3),
        "fa_per_hour_ci95": [round(bound, 3) for bound in poisson_interval(events, hours)],
        "words": words,
    }
    if words:
        result["frr"] = round(misses / words, 4)
        result["frr_ci95"] = [round(bound, 4) for bound in binomial_interval(misses, words)]
    return result


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
    try:
        out.write_text(json.dumps(point, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"can't write {out}: {error.strerror}") from error
    for name, keyword in decoder.keywords.items():
        click.echo(
            f"{name:>8}  threshold {keyword.threshold:.2f}  missed {outcome.misses[name]:3d} of "
            f"{outcome.words[name]:3d}  false {outcome.false_accepts[name]:3d} in "
            f"{outcome.negative_h[name]:.2f} h"
        )
    click.echo(json.dumps(measured))


if __name__ == "__main__":
    try:
        main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KwsLiveError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
