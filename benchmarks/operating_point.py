"""Operating points of the default model on speakers they were not chosen on.

For each target of false accepts per hour and keyword, thresholds are chosen as `kws-live tune` does:
on the background recordings of one half of the speakers. They are counted on the other half, then
the halves are swapped and the counts pooled. Misses are given by condition, which is what the name of
a recording ends in after its last underscore: words_A_clean, words_B_clean → clean.

The same thresholds for all words, chosen for a sum of false accepts over all of them, and the operating
point that the model ships with are counted on the same recordings. The latter was chosen on both halves,
which flatters it.

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
from kws_live.eval.choose import Target, choose, with_threshold
from kws_live.eval.counts import Counts
from kws_live.eval.crossfit import cross_fit, pooled
from kws_live.eval.evaluation import Evaluator
from kws_live.eval.ladder import FLOOR
from kws_live.eval.posteriors import Stored

TARGETS_FA_PER_HOUR = (0.5, 1.0, 2.0, 5.0)
"""Of each keyword."""
SUMMED_FA_PER_HOUR = 2.0
"""Of all together."""


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

    def count(self, settings: DecoderSettings) -> dict[str, Counts]:
        """Return, by condition, misses among its words and false accepts in the background."""
        quiet = self.quiet.at(settings).counts
        return {
            name: _joined(evaluator.at(settings).counts, quiet)
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
    targets = [
        {"target_fa_per_hour": rate, **at_target(Target(rate), prepared, conditions)}
        for rate in TARGETS_FA_PER_HOUR
    ]
    summed = {
        "target_fa_per_hour": SUMMED_FA_PER_HOUR,
        **at_target(Target(SUMMED_FA_PER_HOUR, total=True), prepared, conditions),
    }
    shipped = as_shipped(model.settings.decoder, prepared, conditions)
    rows = {f"{target['target_fa_per_hour']:g} FA/h a keyword": target for target in targets}
    rows |= {f"{SUMMED_FA_PER_HOUR:g} FA/h summed": summed, "as shipped": shipped}
    publish(
        "operating_point",
        "Chosen on one half of the speakers, counted on the other: misses and false accepts per hour",
        ["target", *conditions, "FA/h, all keywords"],
        [
            [
                name,
                *(cells.frr(row["conditions"][condition]) for condition in conditions),
                cells.fa_per_hour(row["all"]),
            ]
            for name, row in rows.items()
        ],
        {
            "recordings": [one.path.name for half in HALVES for one in recordings[half]],
            "model": model.folder.name,
            "sha256": dict(sorted(model.folder.sha256.items())),
            "conditions": conditions,
            "targets": targets,
            "summed": summed,
            "shipped": shipped,
        },
    )


def neutral(settings: DecoderSettings) -> DecoderSettings:
    """Return settings with the lowest thresholds: the shipped ones were chosen on both halves."""
    keywords = {name: with_threshold(own, FLOOR) for name, own in settings.keywords.items()}
    return replace(settings, keywords=keywords)


def at_target(
    target: Target, prepared: Mapping[Half, Prepared], conditions: Sequence[str]
) -> dict[str, Any]:
    """Return the figures of thresholds chosen on either half and counted on the other.

    Args:
        target: how many false accepts are accepted.
        prepared: both halves, with the same conditions.
        conditions: their names.
    """
    parts = cross_fit(
        prepared["A"],
        prepared["B"],
        lambda half: choose(half.background, target),
        lambda half, choice: half.count(choice.decoder),
    )
    return {
        "supported": all(choice.supported for choice, _ in parts),
        **_figures(
            [counts for _, counts in parts], conditions, [choice.decoder for choice, _ in parts]
        ),
    }


def as_shipped(
    settings: DecoderSettings, prepared: Mapping[Half, Prepared], conditions: Sequence[str]
) -> dict[str, Any]:
    """Return the figures of one set of thresholds on both halves.

    Args:
        settings: those of the model.
        prepared: both halves, with the same conditions.
        conditions: their names.
    """
    return _figures([half.count(settings) for half in prepared.values()], conditions, [settings])


def _figures(
    parts: Sequence[Mapping[str, Counts]],
    conditions: Sequence[str],
    decoders: Sequence[DecoderSettings],
) -> dict[str, Any]:
    """Return what was counted on both halves together, and under which thresholds."""
    by_condition = {name: pooled([counts[name] for counts in parts]) for name in conditions}
    background = by_condition[conditions[0]]
    every = _joined(pooled(list(by_condition.values())), background)
    return {
        "all": halves.figures(every),
        "conditions": {
            name: {**halves.figures(counts), "keywords": halves.keyword_figures(counts)}
            for name, counts in by_condition.items()
        },
        "keywords": {
            keyword: {
                "thresholds": [decoder.keywords[keyword].threshold for decoder in decoders],
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
