"""Which recording each example of an epoch is made from: a pure function of (seed, epoch)."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

from .cache import ClipStore
from .corpus import label_of
from .recipe import Recipe
from .split import Split

Rows = npt.NDArray[np.int64]

#: Stands for "no recording" where a row is expected.
NO_ROW = -1


class Make(IntEnum):
    """What is made of a recording."""

    WORD = 0
    FRAGMENT = 1
    CROP = 2
    SILENCE = 3


@dataclass(frozen=True)
class Pools:
    """Row numbers of a store's usable recordings.

    Attributes:
        words: For each label of the recipe, the clips of each of its words.
        speech: Longer speech.
        noise: Noise recordings.
    """

    words: dict[str, dict[str, Rows]]
    speech: Rows
    noise: Rows


def pools_of(store: ClipStore, recipe: Recipe, *splits: Split, with_faulty: bool = False) -> Pools:
    """Sort the recordings of some splits by what they are good for.

    Args:
        store: The decoded recordings.
        recipe: Tells keywords from other words.
        splits: Which splits to take; none means all.
        with_faulty: Take those too that `ClipStore.faults` names, as far as they hold samples.
    """
    words: dict[str, dict[str, list[int]]] = {label: {} for label in recipe.labels}
    speech, noise = [], []
    for i, r in enumerate(store.recordings):
        if (splits and r.split not in splits) or store.length(i) == 0:
            continue
        if store.faults[i] and not with_faulty:
            continue
        if r.kind == "word":
            words[label_of(r.word, recipe.keywords)].setdefault(r.word, []).append(i)
        elif r.kind == "speech":
            speech.append(i)
        elif r.kind == "noise":
            noise.append(i)
    return Pools(
        words={k: {w: _rows(rows) for w, rows in v.items()} for k, v in words.items()},
        speech=_rows(speech),
        noise=_rows(noise),
    )


def plan_epoch(
    pools: Pools, lengths: npt.NDArray[np.int64], recipe: Recipe, epoch: int
) -> tuple[Rows, Rows, Rows]:
    """Return an epoch's examples in order: label number, `Make` and row of the store, int64 [n].

    Keywords are drawn evenly, each one's clips without repetition until all are used; other words
    with a weight of the square root of their clips, so that rare words count; speech by its
    length.

    Args:
        pools: The training recordings; every keyword and at least one other word among them.
        lengths: Length of each recording of the store in samples.
        recipe: Gives seed, size of an epoch and shares.
        epoch: Counts from 0.
    """
    rng = np.random.default_rng((recipe.seed, epoch))
    mix, n = recipe.mix, recipe.training.examples_per_epoch
    n_silence, n_unknown, n_keywords = _parts(n, mix.silence, mix.unknown)
    crops = mix.speech_crops if len(pools.speech) else 0.0
    n_crops, n_fragments, n_words = _parts(n_unknown, crops, mix.fragments)
    unknown, silence = recipe.labels.index(UNKNOWN_LABEL), recipe.labels.index(SILENCE_LABEL)
    keyword_rows = [pools.words[k][k] for k in recipe.keywords]
    edges = np.linspace(0, n_keywords, len(keyword_rows) + 1).astype(int)

    groups = [
        (label, Make.WORD, _cycle(clips, int(count), rng))
        for label, (clips, count) in enumerate(zip(keyword_rows, np.diff(edges), strict=True))
    ]
    fragments = _cycle(np.concatenate(keyword_rows), n_fragments, rng)
    groups.append((unknown, Make.FRAGMENT, fragments))
    words = _draw_words(pools.words[UNKNOWN_LABEL].values(), n_words, rng)
    groups.append((unknown, Make.WORD, words))
    if n_crops:
        weights = lengths[pools.speech] / lengths[pools.speech].sum()
        groups.append((unknown, Make.CROP, rng.choice(pools.speech, n_crops, p=weights)))
    noises = pools.noise if len(pools.noise) else _rows([NO_ROW])
    groups.append((silence, Make.SILENCE, rng.choice(noises, n_silence)))

    labels = np.concatenate([np.full(len(rows), label) for label, _, rows in groups])
    makes = np.concatenate([np.full(len(rows), int(make)) for _, make, rows in groups])
    rows = np.concatenate([rows for _, _, rows in groups])
    order = rng.permutation(n)
    return labels[order], makes[order], rows[order]


def _parts(n: int, *shares: float) -> list[int]:
    """Divide n by shares that add up to 1 at most: a count for each, and the rest.

    Rounded is where one part ends and the next begins, so that no part takes from another.
    """
    edges = [0, *(round(n * sum(shares[: i + 1])) for i in range(len(shares))), n]
    return [end - start for start, end in pairwise(edges)]


def _cycle(clips: Rows, count: int, rng: np.random.Generator) -> Rows:
    """Draw clips without repetition, starting over when all have been used."""
    rounds = max(1, -(-count // len(clips)))
    return np.concatenate([rng.permutation(clips) for _ in range(rounds)])[:count]


def _draw_words(words: Collection[Rows], count: int, rng: np.random.Generator) -> Rows:
    groups = list(words)
    weights = np.sqrt([len(g) for g in groups])
    chosen = rng.choice(len(groups), count, p=weights / weights.sum())
    return _rows([groups[g][rng.integers(len(groups[g]))] for g in chosen])


def _rows(rows: list[int]) -> Rows:
    return np.array(rows, dtype=np.int64)
