"""All that a report on long recordings tells, gathered once and not yet put into any form."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kws_live.config import EffectiveSettings
from kws_live.eval.counts import Count, Counts
from kws_live.eval.evaluation import Evaluation, Evaluator, SweepPoint
from kws_live.eval.outcomes import Outcome, Scores, outcomes
from kws_live.eval.posteriors import Stored
from kws_live.model import Classifier, ModelFolder
from kws_live.types import Float32Array

ALL = "*"
"""Stands for all keywords together where one would be named."""


@dataclass(frozen=True, slots=True)
class Model:
    """Which model was measured.

    Attributes:
        name: as in events and on the display.
        runtime: the runtime that was used, as "int8 streaming".
        sha256: hash of each of its files, hex.
    """

    name: str
    runtime: str
    sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of latencies: how many, and the times within which half, 95 % and 99 % of them lie, s."""

    n: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class Measured:
    """What was measured, on what, and with what.

    Attributes:
        model: the model.
        settings: what gate and decoder ran with.
        evaluation: the counts under these settings.
        sweep: the counts with one threshold for all keywords, thresholds ascending.
        outcomes: of each recording, in the order of the evaluation.
        word_scores: for each keyword, the score of each time that it was said, see `Scores.of_words`.
        background_scores: for each keyword, float32 [n], see `Scores.of_background`.
    """

    model: Model
    settings: EffectiveSettings
    evaluation: Evaluation
    sweep: Sequence[SweepPoint]
    outcomes: Sequence[Sequence[Outcome]]
    word_scores: Mapping[str, Sequence[float]]
    background_scores: Mapping[str, Float32Array]

    @property
    def keywords(self) -> Sequence[str]:
        """Those listened for, in the order of the decoder."""
        return tuple(self.evaluation.counts.keywords)

    @property
    def duration_s(self) -> float:
        """How much audio was evaluated on."""
        return sum(stored.duration_s for stored, _ in self.evaluation.recordings)

    @property
    def open_s(self) -> float:
        """How much of it passed the gate."""
        return sum(stored.open_s for stored, _ in self.evaluation.recordings)

    def latency(self, keyword: str) -> Percentiles | None:
        """Return the percentiles of a keyword's latencies, or of all for "*"; None without any hit."""
        of = self.evaluation.latencies_s
        found = (
            [value for values in of.values() for value in values] if keyword == ALL else of[keyword]
        )
        if not found:
            return None
        p50, p95, p99 = (float(value) for value in np.percentile(found, (50, 95, 99)))
        return Percentiles(len(found), p50, p95, p99)

    def confusions(self) -> list[tuple[str | None, str | None, int]]:
        """Return (said, detected, how often) of what went wrong, the most frequent first."""
        wrong = [
            (said, detected, count)
            for (said, detected), count in self.evaluation.confusion.items()
            if said != detected
        ]
        return sorted(wrong, key=lambda one: (-one[2], one[0] or "", one[1] or ""))

    def embedded(self) -> list[tuple[str, str, int]]:
        """Return (word, keyword in it, how often) of false accepts in longer words, most frequent first."""
        found = [(word, keyword, n) for (word, keyword), n in self.evaluation.embedded.items()]
        return sorted(found, key=lambda one: (-one[2], one[0], one[1]))


def rows(counts: Counts) -> Iterator[tuple[str, Count | Counts]]:
    """Yield each keyword with its count, and "*" with that of all where there are several."""
    yield from counts.keywords.items()
    if len(counts.keywords) > 1:
        yield ALL, counts


def model_of(folder: ModelFolder, classifier: Classifier) -> Model:
    """Return which model it is that was opened."""
    runtime = classifier.runtime
    return Model(folder.name, runtime.name, {file: folder.sha256[file] for file in runtime.files})


def measure(
    recordings: Sequence[Stored],
    folder: ModelFolder,
    classifier: Classifier,
    settings: EffectiveSettings,
    thresholds: Sequence[float],
    *,
    progress: Callable[[float], None] = lambda thresholds: None,
) -> Measured:
    """Run the decoder over stored posteriors, as configured and with each of `thresholds` for all keywords.

    Args:
        recordings: what the model gave, at least one recording.
        folder: the model's settings.
        classifier: the model that was run.
        settings: what the gate ran with and the decoder is to run with.
        thresholds: of the sweep, ascending, each in (0, 1].
        progress: called with 1 after each threshold.
    """
    evaluator = Evaluator(recordings, folder.labels, settings.decoder)
    evaluation = evaluator.at(settings.decoder)
    keywords = tuple(settings.decoder.keywords)
    scores = [
        Scores(stored, scored, keywords)
        for stored, scored in zip(recordings, evaluator.scores, strict=True)
    ]
    points = []
    for point in evaluator.sweep(settings.decoder, thresholds):
        points.append(point)
        progress(1)
    return Measured(
        model=model_of(folder, classifier),
        settings=settings,
        evaluation=evaluation,
        sweep=points,
        outcomes=[
            outcomes(matching, of)
            for (_, matching), of in zip(evaluation.recordings, scores, strict=True)
        ],
        word_scores={word: [s for of in scores for s in of.of_words(word)] for word in keywords},
        background_scores={
            word: np.concatenate([of.of_background(word) for of in scores]) for word in keywords
        },
    )
