"""Which recordings are kept from training: speakers, whole words, kinds of noise."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from kws_live.errors import did_you_mean
from kws_live.types import UNKNOWN_LABEL

from .corpus import Recording, label_of
from .recipe import Recipe
from .split import Split, hash_percent
from .voices import SYNTHETIC_PREFIX

log = logging.getLogger(__name__)

#: Where each keyword has to have a speaker.
_NEEDED: tuple[Split, ...] = ("training", "validation")


def choose_splits(recordings: Sequence[Recording], recipe: Recipe) -> list[Recording]:
    """Return the recordings of a run, in their order, each in the split where it is used.

    The hash of each speaker decides; then keywords that it left without training or validation
    get it (`with_both_splits`), and some words other than keywords are held out of training
    (`without_words`), and some kinds of noise of the whole run (`without_noises`). Warns where
    nothing tells who speaks.
    """
    warn_of_unknown_speakers(recordings)
    spread = with_both_splits(recordings, recipe.keywords)
    kept = without_noises(spread, recipe.validation.held_out_noises)
    return without_words(kept, held_out_words(kept, recipe))


def warn_of_unknown_speakers(recordings: Sequence[Recording]) -> None:
    """Log which word clips have nobody's name on them, and what follows."""
    words = Counter(r.word for r in recordings if r.kind == "word" and r.known_by == "file")
    if not words:
        return
    named = ", ".join(f"{word} ({n})" for word, n in words.most_common(5))
    more = f" and {len(words) - 5} words more" if len(words) > 5 else ""
    log.warning(
        "nothing tells who speaks in %d clips: %s%s. Each counts as its own speaker, so that one voice may "
        "be in both training and validation, which then flatters. Name speakers by folder "
        "(WORD/SPEAKER/FILE), by a table clips.tsv (file, word, speaker) or by file (SPEAKER_nohash_N)",
        *(words.total(), named, more),
    )


def with_both_splits(recordings: Sequence[Recording], keywords: Sequence[str]) -> list[Recording]:
    """Return the recordings with each keyword in training and in validation, where that is possible.

    Of few speakers the hash may put all into one split. Then the one with the lowest hash moves,
    with all their clips, unless that would take the last speaker of a keyword from training or
    validation. Speakers named as in Speech Commands stay where its published split has them;
    synthetic voices train, and don't count.
    Longer speech by somebody who also speaks words goes where their words are.
    """
    fixed: set[str] = set()
    split_of: dict[str, Split] = {}
    speakers: dict[str, set[str]] = {keyword: set() for keyword in keywords}
    for r in recordings:
        if r.kind == "word":
            split_of[r.speaker] = r.split
            if r.known_by == "name":
                fixed.add(r.speaker)
            if r.word in speakers and not r.speaker.startswith(SYNTHETIC_PREFIX):
                speakers[r.word].add(r.speaker)
    groups = list(speakers.values())
    for keyword, group in speakers.items():
        for wanted in _NEEDED:
            if any(split_of[s] == wanted for s in group):
                continue
            movable = [s for s in group - fixed if _can_leave(s, groups, split_of)]
            if movable:
                speaker = min(movable, key=lambda s: (_spared_last(split_of[s]), hash_percent(s)))
                log.info("%s: speaker %s is used for %s", keyword, speaker, wanted)
                split_of[speaker] = wanted
    return [
        replace(r, split=split_of[r.speaker])
        if r.speaker in split_of and (r.kind == "word" or r.known_by == "folder")
        else r
        for r in recordings
    ]


def held_out_words(recordings: Sequence[Recording], recipe: Recipe) -> tuple[str, ...]:
    """Return the words that training is to know nothing of, so that validation finds out.

    Those that the recipe names, as far as the corpus holds them; if it holds none, a share of the
    words that are no keywords and that a validation speaker says, by hash. They hold at most the
    same share of the clips, and words of few clips are taken before that is exceeded: what is
    learned most from stays. Folders whose names
    begin with `_` hold no one word, and stay too. Warns of each word that the recipe names in vain.
    """
    others = [
        r
        for r in recordings
        if r.kind == "word"
        and label_of(r.word, recipe.keywords) == UNKNOWN_LABEL
        and not r.word.startswith("_")
    ]
    named = recipe.validation.held_out_words
    if present := _present(named, {r.word for r in others}, recipe.keywords):
        return present
    clips = Counter(r.word for r in others if r.split == "training")
    judged = {r.word for r in others if r.split == "validation"}
    share = recipe.validation.unknown_words_share
    wanted, clips_left = int(share * len(judged)), share * clips.total()
    chosen: list[str] = []
    for word in sorted(judged, key=hash_percent):
        if len(chosen) < wanted and clips[word] <= clips_left:
            chosen.append(word)
            clips_left -= clips[word]
    return tuple(chosen)


def without_words(recordings: Sequence[Recording], words: Iterable[str]) -> list[Recording]:
    """Return the recordings, the training speakers' clips of some words in the split `held_out`.

    The clips of those words by validation and test speakers stay where they are. A training
    speaker's can't be judged by: their voice is known.
    """
    words = frozenset(words)
    kept = [
        replace(r, split="held_out")
        if r.kind == "word" and r.word in words and r.split == "training"
        else r
        for r in recordings
    ]
    if words:
        splits = Counter(r.split for r in kept if r.kind == "word" and r.word in words)
        log.info(
            "held out of training, for validation: %s (%d clips judge, %d are not used)",
            *(", ".join(sorted(words)), splits["validation"], splits["held_out"]),
        )
    return kept


def without_noises(recordings: Sequence[Recording], kinds: Iterable[str]) -> list[Recording]:
    """Return the recordings, noise in folders of these names in the split `held_out`.

    A corpus without such a folder has nothing of that kind to hold out.
    """
    kinds = frozenset(kinds)
    kept = [
        replace(r, split="held_out")
        if r.kind == "noise" and not kinds.isdisjoint((Path(r.root) / r.path).parts[-2:-1])
        else r
        for r in recordings
    ]
    if n := sum(r.kind == "noise" and r.split == "held_out" for r in kept):
        log.info("left for tests: %d noises in folders %s", n, ", ".join(sorted(kinds)))
    return kept


def _can_leave(speaker: str, groups: Sequence[set[str]], split_of: dict[str, Split]) -> bool:
    """Whether each keyword that this speaker says keeps another one in their split; tests may go."""
    split = split_of[speaker]
    return split == "testing" or all(
        any(split_of[s] == split for s in group - {speaker}) for group in groups if speaker in group
    )


def _spared_last(split: Split) -> bool:
    """Test clips are given up last: they were to be used for nothing else."""
    return split == "testing"


def _present(named: Sequence[str], others: set[str], keywords: Sequence[str]) -> tuple[str, ...]:
    """Return the named words that can be held out of this corpus; say why the rest can't."""
    for word in named:
        if word in keywords:
            log.warning("[validation] held_out_words: %r is a keyword and is trained", word)
        elif word not in others:
            log.warning(
                "[validation] held_out_words: --data holds no clip of %r.%s",
                *(word, did_you_mean(word, others)),
            )
    return tuple(w for w in named if w in others)
