"""Whether what `kws-live tune` predicts comes true: on simulated streams, and on speakers it didn't hear.

Simulated: streams of scores whose false accepts are Poisson processes of a rate that is drawn for
each; thresholds and smoothing are chosen on one stream, and false accepts counted on another one of
the same rate (`tests/eval/test_tune_coverage.py` holds the same bar).

Real: recordings of two halves of the speakers, each with its label track beside it. Everything is
chosen on one half, and what was predicted is held against what the other half gives; then the other
way round. The false-reject rate is that of the half that wasn't chosen on, pooled.

    python -m benchmarks.coverage --speech-a A.flac --words-a A_words.flac --speech-b … --words-b …
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.common import ROOT, publish
from kws_live.commands.progress import progress
from kws_live.config import Config, EffectiveSettings, effective
from kws_live.eval.background import Background
from kws_live.eval.choose import Target
from kws_live.eval.counts import Counts
from kws_live.eval.crossfit import cross_fit, pooled
from kws_live.eval.evaluation import evaluate
from kws_live.eval.posteriors import Stored, infer
from kws_live.eval.recordings import find_recordings
from kws_live.model import Classifier, ModelFolder, find_model, load_model_folder
from kws_live.tune.tuning import Tuning, tune

sys.path.insert(0, str(ROOT / "tests"))
from support import score_streams

STREAMS = 2_000
LEAST_COVERED = 0.93
_AUDIO = click.Path(path_type=Path, exists=True)


@dataclass(frozen=True)
class Half:
    """The recordings of half of the speakers."""

    speech: list[Stored]
    words: list[Stored]


@dataclass(frozen=True)
class Outcome:
    """What the other half gave.

    Attributes:
        false_accepts: of each keyword.
        hours: of speech.
        words: what was missed of the words.
    """

    false_accepts: Mapping[str, int]
    hours: float
    words: Counts


@click.command()
@click.option("--model", default="default", show_default=True)
@click.option("--speech-a", multiple=True, required=True, type=_AUDIO, help="Speech of half A.")
@click.option("--words-a", multiple=True, required=True, type=_AUDIO, help="Keywords of half A.")
@click.option("--speech-b", multiple=True, required=True, type=_AUDIO, help="Speech of half B.")
@click.option("--words-b", multiple=True, required=True, type=_AUDIO, help="Keywords of half B.")
@click.option("--fa-per-hour", default=5.0, show_default=True, help="For each keyword.")
@click.option("--data", required=True, help="What the recordings are.")
def main(
    model: str,
    speech_a: tuple[Path, ...],
    words_a: tuple[Path, ...],
    speech_b: tuple[Path, ...],
    words_b: tuple[Path, ...],
    fa_per_hour: float,
    data: str,
) -> None:
    """Measure both, and print and keep the figures."""
    folder = load_model_folder(find_model(model))
    settings = effective(Config(), folder.operating_point)
    parts = [_infer(paths, folder, settings) for paths in (speech_a, words_a, speech_b, words_b)]
    first, second = Half(parts[0], parts[1]), Half(parts[2], parts[3])
    target = Target(fa_per_hour)

    def choose(half: Half) -> Tuning:
        return tune(half.speech, half.words, folder.labels, settings.decoder, target)

    def count(half: Half, tuning: Tuning) -> Outcome:
        speech = Background(half.speech, folder.labels, tuning.after)
        return Outcome(
            speech.together(tuning.after),
            min(speech.hours.values()),
            evaluate(half.words, folder.labels, tuning.after).counts,
        )

    results = cross_fit(first, second, choose, count)
    words = pooled([outcome.words for _, outcome in results])
    assert words.frr is not None
    assert words.frr_ci95 is not None
    simulated = simulate(STREAMS)
    rows = [["simulated streams", f"{STREAMS}", f"{simulated:.1%} of sums inside", ""]]
    figures = []
    for name, (tuning, outcome) in zip(("A → B", "B → A"), results, strict=True):
        total = sum(outcome.false_accepts.values())
        low, high = tuning.choice.prediction.count_interval(outcome.hours)
        inside = [_inside(tuning, outcome, keyword) for keyword in outcome.false_accepts]
        rows.append(
            [
                f"{name}, {fa_per_hour:g}/h of each keyword",
                f"{total} in {outcome.hours:.2f} h",
                f"{low} – {high}",
                f"{sum(inside)} of {len(inside)} inside",
            ]
        )
        figures.append(
            {
                "halves": name,
                "chosen_on_h": round(tuning.hours, 3),
                "counted_in_h": round(outcome.hours, 3),
                "smoothing_s": tuning.after.smoothing_s,
                "false_accepts": total,
                "predicted95": [low, high],
                "expected": round(tuning.choice.prediction.per_hour * outcome.hours, 1),
                "inside": bool(low <= total <= high),
                "keywords_inside": sum(inside),
                "keywords": {
                    keyword: {
                        "false_accepts": number,
                        "predicted95": list(
                            tuning.choice.keywords[keyword].prediction.count_interval(outcome.hours)
                        ),
                    }
                    for keyword, number in outcome.false_accepts.items()
                },
            }
        )
    publish(
        "coverage",
        "kws-live tune: false accepts predicted and counted",
        ["", "counted", "predicted, 95 %", "keywords"],
        rows,
        {
            "targets": {"covered": LEAST_COVERED},
            "simulated": {"streams": STREAMS, "covered": round(simulated, 4)},
            "data": data,
            "fa_per_hour": fa_per_hour,
            "halves": figures,
            "words": words.words,
            "misses": words.misses,
            "frr": round(words.frr, 4),
            "frr_ci95": [round(limit, 4) for limit in words.frr_ci95],
        },
    )


def simulate(streams: int) -> float:
    """Return the share of simulated streams whose held-out count is within the prediction."""
    covered = 0
    with progress("simulating", streams) as advance:
        for seed in range(streams):
            covered += _simulated(np.random.default_rng(seed))
            advance(1)
    return covered / streams


def _simulated(rng: np.random.Generator) -> bool:
    hours, later_h, per_hour = rng.uniform(0.5, 3), rng.uniform(0.5, 3), rng.uniform(1, 8)
    rates = {keyword: float(rng.uniform(2, 30)) for keyword in score_streams.KEYWORDS}
    labels, settings = score_streams.LABELS, score_streams.settings(0.3)
    heard = [score_streams.background(rng, hours, rates)]
    tuning = tune(heard, [score_streams.spoken(rng, 10)], labels, settings, Target(per_hour))
    later = Background([score_streams.background(rng, later_h, rates)], labels, tuning.after)
    low, high = tuning.choice.prediction.count_interval(later_h)
    return bool(low <= sum(later.together(tuning.after).values()) <= high)


def _inside(tuning: Tuning, outcome: Outcome, keyword: str) -> bool:
    low, high = tuning.choice.keywords[keyword].prediction.count_interval(outcome.hours)
    return low <= outcome.false_accepts[keyword] <= high


def _infer(
    paths: tuple[Path, ...], folder: ModelFolder, settings: EffectiveSettings
) -> list[Stored]:
    recordings = find_recordings(paths, (), folder.keywords)
    total_s = sum(recording.duration_s or 0.0 for recording in recordings)
    with progress("listening", total_s) as advance:
        return infer(
            [(recording.path, recording.labels) for recording in recordings],
            folder,
            Classifier(folder),
            settings.gate,
            progress=advance,
        )


if __name__ == "__main__":
    main()
