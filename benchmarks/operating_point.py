"""Operating points of the default model on speakers they were not chosen on.

For each target of false accepts per hour and keyword, thresholds are chosen as `kws-live tune` does:
on the background recordings of one half of the speakers. They are counted on the other half, then
the halves are swapped and the counts pooled. Misses are given by condition, which is what the name of
a recording ends in after its last underscore: words_A_clean, words_B_clean → clean.

    python -m benchmarks.operating_point --a words_A_*.flac speech_A.flac --b words_B_*.flac speech_B.flac

A recording without any of the words is background; in the others words are missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks import cells, halves
from benchmarks.common import publish
from benchmarks.halves import HALVES, Half, Model
from kws_live.config import DecoderSettings
from kws_live.errors import InputError
from kws_live.eval.background import Background
from kws_live.eval.choose import Choice, Target, choose, with_threshold
from kws_live.eval.counts import Counts
from kws_live.eval.crossfit import cross_fit, pooled
from kws_live.eval.evaluation import Evaluator
from kws_live.eval.ladder import FLOOR
from kws_live.eval.posteriors import Stored

TARGETS_FA_PER_HOUR = (0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Prepared:
    """One half, ready to be counted: hours to choose on, and words by condition."""

    background: Background
    quiet: Evaluator
    words: Mapping[str, Evaluator]

    @classmethod
    def of(
        cls, stored: Sequence[Stored], labels: Sequence[str], settings: DecoderSettings
    ) -> "Prepared":
        """Sort a half's recordings into background and words.

        Raises:
            InputError: one of the two is missing.
        """
        quiet: list[Stored] = []
        words: dict[str, list[Stored]] = {}
        for one in stored:
            if any(label.text in settings.keywords for label in one.labels):
                words.setdefault(condition(one), []).append(one)
            else:
                quiet.append(one)
        if not quiet or not words:
            raise InputError("each half needs a recording with the words and one without them")
        return cls(
            Background(quiet, labels, settings),
            Evaluator(quiet, labels, settings),
            {name: Evaluator(some, labels, settings) for name, some in words.items()},
        )

    def count(self, choice: Choice) -> dict[str, Counts]:
        """Return, by condition, misses among its words and false accepts in the background."""
        quiet = self.quiet.at(choice.decoder).counts
        return {
            name: _joined(evaluator.at(choice.decoder).counts, quiet)
            for name, evaluator in self.words.items()
        }


def condition(stored: Stored) -> str:
    """Return what the name of a recording ends in: `10` of words_A_10.flac."""
    return stored.path.stem.rpartition("_")[2]


def main() -> None:
    """Choose and count at each target, and print and keep the figures."""
    model = Model.default()
    recordings = halves.parse(
        "benchmarks.operating_point",
        "Operating points chosen on one half of the speakers and counted on the other.",
        model.folder.keywords,
    )
    settings = neutral(model.settings.decoder)
    stored = halves.infer_halves(model, recordings)
    try:
        prepared = {
            half: Prepared.of(stored[half], model.folder.labels, settings) for half in HALVES
        }
    except InputError as error:
        raise SystemExit(str(error)) from error
    conditions = list(prepared["A"].words)
    if set(conditions) != set(prepared["B"].words):
        raise SystemExit(
            f"Half A has words in the conditions {', '.join(prepared['A'].words)} and half B in "
            f"{', '.join(prepared['B'].words)}: both halves must have the same."
        )
    targets = [at_target(target, prepared, conditions) for target in TARGETS_FA_PER_HOUR]
    publish(
        "operating_point",
        "Chosen on one half of the speakers, counted on the other: misses and false accepts per hour",
        ["target a keyword", *conditions, "FA/h, all keywords"],
        [
            [
                f"{target['target_fa_per_hour']:g} FA/h",
                *(cells.frr(target["conditions"][name]) for name in conditions),
                cells.fa_per_hour(target["all"]),
            ]
            for target in targets
        ],
        {
            "recordings": [one.path.name for half in HALVES for one in recordings[half]],
            "model": model.folder.name,
            "conditions": conditions,
            "targets": targets,
        },
    )


def neutral(settings: DecoderSettings) -> DecoderSettings:
    """Return settings with the lowest thresholds: the shipped ones were chosen on both halves."""
    keywords = {name: with_threshold(own, FLOOR) for name, own in settings.keywords.items()}
    return replace(settings, keywords=keywords)


def at_target(
    target: float, prepared: Mapping[Half, Prepared], conditions: Sequence[str]
) -> dict[str, Any]:
    """Return the figures of thresholds chosen on either half and counted on the other.

    Args:
        target: false accepts per hour of each keyword.
        prepared: both halves, with the same conditions.
        conditions: their names.
    """
    parts = cross_fit(
        prepared["A"],
        prepared["B"],
        lambda half: choose(half.background, Target(target)),
        lambda half, choice: half.count(choice),
    )
    by_condition = {name: pooled([counts[name] for _, counts in parts]) for name in conditions}
    background = by_condition[conditions[0]]
    every = _joined(pooled(list(by_condition.values())), background)
    choices = [choice for choice, _ in parts]
    return {
        "target_fa_per_hour": target,
        "supported": all(choice.supported for choice in choices),
        "all": halves.figures(every),
        "conditions": {name: halves.figures(by_condition[name]) for name in conditions},
        "keywords": {
            keyword: {
                "thresholds": [choice.decoder.keywords[keyword].threshold for choice in choices],
                **figures,
            }
            for keyword, figures in halves.keyword_figures(every).items()
        },
    }


def _joined(words: Counts, background: Counts) -> Counts:
    """Return the misses of one and the false accepts of the other."""
    return Counts(
        {
            keyword: replace(
                count,
                false_accepts=background.keywords[keyword].false_accepts,
                negative_h=background.keywords[keyword].negative_h,
            )
            for keyword, count in words.keywords.items()
        }
    )


if __name__ == "__main__":
    main()
