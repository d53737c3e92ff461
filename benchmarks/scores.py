"""Which score finds the most words at a given rate of false accepts?

Recordings of two halves of the speakers: streams with words, and long ones without. For each score,
each keyword's threshold is chosen on the long streams of one half, at so many false accepts per
hour of that keyword, and the words of the other half are decoded with it by the deployed trigger;
then the other way round. Every score is compared with the mean over 0.3 s on the same words. The
intervals are of a bootstrap over clips and over stretches of two minutes of speech, thresholds
chosen anew in each, so they hold the luck of that choice too.

    python -m benchmarks.scores --a A/*.flac --b B/*.flac --cache DIR
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.common import publish
from benchmarks.held_out import (
    Draw,
    Half,
    HeldOut,
    draw_replicates,
    held_out,
    prepare,
    replicates,
    said,
)
from benchmarks.score_variants import BASE, Array, Score, variants
from benchmarks.second_look import with_second_look
from benchmarks.stored import every_hop, gated, read_samples
from kws_live.config import Config, DecoderSettings, effective
from kws_live.eval.match import Truth
from kws_live.model import find_model, load_model_folder

RATES = (0.5, 1.0, 2.0, 5.0)
"""False accepts per hour of each keyword."""
REPLICATES = 1000


def main() -> None:
    """Compare all scores and publish the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for half in "ab":
        parser.add_argument(f"--{half}", nargs="+", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="folder that keeps posteriors")
    arguments = parser.parse_args()

    folder = load_model_folder(find_model("default"))
    settings = effective(Config(), folder.operating_point)
    keywords = tuple(settings.decoder.keywords)

    def load(paths: Sequence[Path]) -> Half:
        recordings = [
            gated(one, read_samples(one.path), settings.gate, folder.hop_samples)
            for one in every_hop(paths, folder, arguments.cache)
        ]
        words = [one for one in recordings if said(one, keywords)]
        speech = [one for one in recordings if not said(one, keywords)]
        truths = [Truth(one.labels, keywords, one.duration_s) for one in speech]
        hours = {k: sum(truth.negative_s[k] for truth in truths) / 3600 for k in keywords}
        return Half(words, speech, hours)

    halves = (load(arguments.a), load(arguments.b))
    tried = variants(folder.labels, keywords, folder.hop_samples)
    columns = [folder.labels.index(keyword) for keyword in keywords]
    for how in ("lowest", "mean"):
        tried[f"second look, {how} with mean of 0.3 s"] = with_second_look(
            tried[BASE], columns, folder, arguments.cache, lowest=how == "lowest"
        )
    replicas = draw_replicates(halves, keywords, REPLICATES)
    results = [
        _measure(name, score, halves, settings.decoder, replicas) for name, score in tried.items()
    ]
    publish(
        "scores",
        f"{results[0].held_out[1].hit.size} words, "
        f"{sum(s.duration_s for half in halves for s in half.speech) / 3600:.2f} h without; "
        f"differences from {BASE}",
        [
            "score",
            *(f"FRR % at {rate:g}/h" for rate in RATES),
            *(f"difference at {rate:g}/h" for rate in RATES[1:]),
            *(f"p95 ms at {rate:g}/h" for rate in RATES),
        ],
        [result.row(results[0]) for result in results],
        {
            "streams": [[s.path.stem for s in half.words + half.speech] for half in halves],
            "scores": [result.figures(results[0]) for result in results],
        },
    )


@dataclass(frozen=True)
class Result:
    """What was measured of one score: at each rate, and the FRR in each replicate [replicates, rates]."""

    name: str
    held_out: Mapping[float, HeldOut]
    replicates: Array

    def frr(self, rate: float) -> float:
        """The share of words missed, in percent."""
        return 100 * (1 - float(self.held_out[rate].hit.mean()))

    def difference(self, base: "Result", rate: float) -> list[float]:
        """The FRR less that of `base`, in points: mean and 95 % interval over the replicates."""
        points = 100 * (self.replicates - base.replicates)[:, RATES.index(rate)]
        return [round(float(x), 2) for x in (points.mean(), *np.percentile(points, (2.5, 97.5)))]

    def row(self, base: "Result") -> list[str]:
        """The cells of the table."""
        differences = (self.difference(base, rate) for rate in RATES[1:])
        return [
            self.name,
            *(f"{self.frr(rate):.1f}" for rate in RATES),
            *("{:+.1f} [{:+.1f}, {:+.1f}]".format(*points) for points in differences),
            *(str(self.held_out[rate].latency_ms[1]) for rate in RATES),
        ]

    def figures(self, base: "Result") -> dict[str, object]:
        """The same for programs; `won_lost` counts words that only this score, or only `base` found."""
        at: dict[str, object] = {}
        for rate in RATES:
            own, others = self.held_out[rate].hit, base.held_out[rate].hit
            at[f"{rate:g}"] = {
                "frr": round(self.frr(rate) / 100, 4),
                "fa_per_hour_and_keyword": round(self.held_out[rate].fa_per_hour, 3),
                "latency_ms_p50_p95": self.held_out[rate].latency_ms,
                "won_lost": [int((own & ~others).sum()), int((others & ~own).sum())],
                "frr_difference_points_ci95": self.difference(base, rate),
            }
        return {"score": self.name, "at_fa_per_hour": at}


def _measure(
    name: str,
    score: Score,
    halves: tuple[Half, Half],
    settings: DecoderSettings,
    draws: Sequence[Draw],
) -> Result:
    scored = [prepare(half, score, tuple(settings.keywords)) for half in halves]
    at = {rate: held_out(halves, scored, settings, rate) for rate in RATES}
    return Result(name, at, replicates(halves, scored, draws, RATES))


if __name__ == "__main__":
    main()
