"""kws-live and pocketsphinx's keyword mode on the same recordings: misses against false accepts.

Both listen for the same words on the same hours and are matched with the labels by the same rule
(`kws_live.eval.match`). Each has its thresholds swept, one for all words: that is the DET curve. At
each bar of false accepts per hour, summed over the words, two figures stand:

* one threshold for all words, the best of the sweep that keeps to the bar;
* a threshold for each word, chosen on one half of the speakers and counted on the other, swapped
  and pooled; all are moved together until the bar is kept there. Both systems' thresholds are
  chosen by the same method.

    python -m benchmarks.detection --a words_A.flac speech_A.flac --b words_B.flac speech_B.flac

What it finds it also draws: docs/images/detection.svg.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from typing import Any, Protocol

import kws_live
from benchmarks import cells, halves
from benchmarks.budget import Option, fewest_misses
from benchmarks.common import publish
from benchmarks.det_chart import draw
from benchmarks.halves import HALVES, Half, Model
from benchmarks.rival import FLOOR, detections, spot_all
from kws_live.eval.choose import with_threshold
from kws_live.eval.counts import Counts, count
from kws_live.eval.crossfit import cross_fit, pooled
from kws_live.eval.evaluation import Evaluator
from kws_live.eval.match import Truth
from kws_live.eval.recordings import Recording

BARS_FA_PER_HOUR = (1, 5, 20)
HIGHEST_LOG10 = 67.0
"""Above all that it can tell of: there it spots nothing."""
STEP_LOG10 = 0.25
LOG_ODDS = [-3.0 + 0.1 * step for step in range(146)]
"""Thresholds of kws-live from 0.05 to 0.99999: finer than its own sweep, as fine as the rival's."""
HEADINGS = {"one_threshold": "one threshold", "threshold_per_word": "one for each word"}


class System(Protocol):
    """A keyword spotter that has listened to both halves.

    Attributes:
        name: what people call it.
        thresholds: those of the sweep, on the system's own scale.
    """

    name: str
    thresholds: Sequence[float]

    def count(self, half: Half, thresholds: Mapping[str, float]) -> Counts:
        """Return what is counted on a half with these thresholds, one for each keyword."""
        ...


class KwsLive:
    """The default model behind the shipped gate and decoder."""

    name = "kws-live"

    def __init__(self, model: Model, recordings: Mapping[Half, Sequence[Recording]]) -> None:
        self.thresholds: Sequence[float] = [1 / (1 + math.exp(-x)) for x in LOG_ODDS]
        self._settings = model.settings.decoder
        self._evaluators = {
            half: Evaluator(stored, model.folder.labels, self._settings)
            for half, stored in halves.infer_halves(model, recordings).items()
        }

    def count(self, half: Half, thresholds: Mapping[str, float]) -> Counts:
        """See `System`."""
        keywords = {
            keyword: with_threshold(own, thresholds[keyword])
            for keyword, own in self._settings.keywords.items()
        }
        return self._evaluators[half].at(replace(self._settings, keywords=keywords)).counts


class Pocketsphinx:
    """pocketsphinx's keyword mode with its own model of American English."""

    name = "pocketsphinx"

    def __init__(
        self, keywords: Sequence[str], recordings: Mapping[Half, Sequence[Recording]]
    ) -> None:
        steps = round((HIGHEST_LOG10 - FLOOR) / STEP_LOG10)
        self.thresholds: Sequence[float] = [FLOOR + STEP_LOG10 * i for i in range(steps + 1)]
        self._keywords = tuple(keywords)
        every = [one for half in HALVES for one in recordings[half]]
        spotted = spot_all([one.path for one in every], keywords)
        heard = {one.path: segments for one, segments in zip(every, spotted, strict=True)}
        self._prepared = {
            half: [
                (heard[one.path], Truth(one.labels, keywords, one.duration_s or 0.0))
                for one in recordings[half]
            ]
            for half in HALVES
        }

    def count(self, half: Half, thresholds: Mapping[str, float]) -> Counts:
        """See `System`."""
        matchings = [
            truth.match(detections(segments, thresholds))
            for segments, truth in self._prepared[half]
        ]
        return count(self._keywords, matchings)


@dataclass(frozen=True)
class Swept:
    """A system's counts on each half at each threshold of its sweep."""

    system: System
    keywords: Sequence[str]
    counts: Mapping[Half, Sequence[Counts]]

    @classmethod
    def of(cls, system: System, keywords: Sequence[str]) -> "Swept":
        """Sweep one threshold for all keywords."""
        return cls(
            system,
            keywords,
            {
                half: [system.count(half, dict.fromkeys(keywords, x)) for x in system.thresholds]
                for half in HALVES
            },
        )

    def curve(self) -> list[tuple[float, Counts]]:
        """Return both halves together, by threshold."""
        return [
            (threshold, pooled(counts))
            for threshold, *counts in zip(
                self.system.thresholds, *self.counts.values(), strict=True
            )
        ]

    def one_threshold(self, bar: float) -> dict[str, Any] | None:
        """Return the figures of the fewest misses at no more false accepts than `bar`."""
        kept = [
            (counts.misses, -threshold, counts)
            for threshold, counts in self.curve()
            if counts.fa_per_hour is not None and counts.fa_per_hour <= bar
        ]
        if not kept:
            return None
        _, negated, counts = min(kept, key=lambda entry: entry[:2])
        return {"threshold": -negated, **halves.figures(counts)}

    def threshold_per_word(self, bar: float) -> dict[str, Any] | None:
        """Return the figures of thresholds chosen for `bar` on one half and counted on the other.

        What is chosen on a half lets more through elsewhere, so that all thresholds of both halves
        are then moved together, by the least number of steps of the sweep that keeps to the bar.
        """
        chosen = [self._choose(half, bar) for half in HALVES]
        if None in chosen:
            return None

        def moved(steps: int) -> Counts:
            parts = cross_fit(
                HALVES[0],
                HALVES[1],
                lambda half: self._moved(chosen[HALVES.index(half)], steps),
                self.system.count,
            )
            return pooled([counts for _, counts in parts])

        def keeps(steps: int) -> bool:
            rate = moved(steps).fa_per_hour
            return rate is not None and rate <= bar

        last = len(self.system.thresholds)
        up = next((steps for steps in range(last) if keeps(steps)), None)
        if up is None:
            return None
        down = next((steps for steps in range(up - 1, -last, -1) if not keeps(steps)), -last)
        return {"moved_steps": down + 1, **halves.figures(moved(down + 1))}

    def _moved(self, chosen: Mapping[str, float] | None, steps: int) -> dict[str, float]:
        assert chosen is not None
        sweep = self.system.thresholds
        return {
            keyword: sweep[min(max(sweep.index(threshold) + steps, 0), len(sweep) - 1)]
            for keyword, threshold in chosen.items()
        }

    def _choose(self, half: Half, bar: float) -> dict[str, float] | None:
        return fewest_misses(
            {
                keyword: [
                    Option(threshold, count.misses, count.fa_per_hour)
                    for threshold, counts in zip(
                        self.system.thresholds, self.counts[half], strict=True
                    )
                    if (count := counts.keywords[keyword]).fa_per_hour is not None
                ]
                for keyword in self.keywords
            },
            bar,
        )


def main() -> None:
    """Listen twice, count, draw, and print and keep the figures."""
    model = Model.default()
    keywords = model.folder.keywords
    recordings = halves.parse(
        "benchmarks.detection", "kws-live and pocketsphinx side by side.", keywords
    )
    began_s = time.perf_counter()
    systems: list[System] = [KwsLive(model, recordings), Pocketsphinx(keywords, recordings)]
    swept = [Swept.of(system, keywords) for system in systems]
    bars: list[dict[str, Any]] = [
        {
            "fa_per_hour": bar,
            **{
                kind: {one.system.name: getattr(one, kind)(bar) for one in swept}
                for kind in HEADINGS
            },
        }
        for bar in BARS_FA_PER_HOUR
    ]
    names = [one.path.name for half in HALVES for one in recordings[half]]
    figures = {
        "recordings": names,
        "hours": round(halves.hours(recordings), 3),
        "words": swept[0].curve()[0][1].words,
        "keywords": list(keywords),
        "model": model.folder.name,
        "versions": {
            "kws-live": kws_live.__version__,
            "pocketsphinx": metadata.version("pocketsphinx"),
        },
        "bars": bars,
        "curves": {one.system.name: _curve(one) for one in swept},
        "took_s": round(time.perf_counter() - began_s, 1),
    }
    publish(
        "detection",
        f"Words missed at so many false accepts per hour, all {len(keywords)} words together; "
        f"{figures['words']} words, {figures['hours']:.2f} h",
        ["at most", "thresholds", *(one.system.name for one in swept)],
        [
            [
                f"{bar['fa_per_hour']} FA/h",
                heading,
                *(cells.frr_at(bar[kind][one.system.name]) for one in swept),
            ]
            for bar in bars
            for kind, heading in HEADINGS.items()
        ],
        figures,
    )
    draw(figures)


def _curve(swept: Swept) -> dict[str, list[float]]:
    curve = swept.curve()
    return {
        "threshold": [threshold for threshold, _ in curve],
        "misses": [counts.misses for _, counts in curve],
        "false_accepts": [counts.false_accepts for _, counts in curve],
        "fa_per_hour": [round(counts.fa_per_hour or 0.0, 3) for _, counts in curve],
    }


if __name__ == "__main__":
    main()
