"""Which recordings are kept from training: speakers, whole words, kinds of noise."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

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

    The hash of each speaker decides; then keywords, and other words, that it left without training
    or validation get it (`with_both_splits`), and some words other than keywords are held out of training
    (`without_words`), and some kinds of noise of the whole run (`without_noises`). Warns where
    nothing tells who speaks.
    """
    warn_of_unknown_speakers(recordings)
    spread = with_both_splits(recordings, recipe.keywords)
    kept = without_noises(spread, recipe.validation.held_out_noises)
    return without_words(kept, held_out_words(kept, recipe))


def warn_of_unknown_speakers(recordings: Sequence[Recording]) -> None:
    """Log which words and longer speech have nobody's name on them, and what follows."""
    nameless = [r for r in recordings if r.kind != "noise" and r.known_by == "file"]
    if words := Counter(r.word for r in nameless if r.kind == "word"):
        named = ", ".join(f"{word} ({n})" for word, n in words.most_common(5))
        more = f" and {len(words) - 5} words more" if len(words) > 5 else ""
        log.warning(
            "nothing tells who speaks in %d clips: %s%s. Each counts as its own speaker, so that one voice may "
            "be in both training and validation, which then flatters. Name speakers by folder "
            "(WORD/SPEAKER/FILE), by a table clips.tsv (file, word, speaker) or by file (SPEAKER_nohash_N)",
            *(words.total(), named, more),
        )
    if talks := Counter(r.folder for r in nameless if r.kind == "speech"):
        named = ", ".join(f"{folder} ({n})" for folder, n in talks.items())
        log.warning(
            "nothing tells who speaks in %d files of --speech: %s. Each counts as its own speaker, so that one "
            "voice may be in both training and validation, which then flatters. Name speakers by "
            "folder (SPEAKER/FILE) or by file (SPEAKER_nohash_N)",
            *(talks.total(), named),
        )


def with_both_splits(recordings: Sequence[Recording], keywords: Sequence[str]) -> list[Recording]:
    """Return the recordings with each keyword in training and in validation, where that is possible.

    The words that are no keywords, taken together, are treated as one more keyword. Of few speakers
    the hash may put all into one split. Then the one with the lowest hash moves, with all their
    clips, unless that would take the last speaker of a keyword from training or validation.
    Speakers named as in Speech Commands stay where its published split has them; synthetic voices
    train, and don't count.
    Longer speech by somebody who also speaks words, going by the name, goes where their words are.
    """
    fixed: set[str] = set()
    split_of: dict[str, Split] = {}
    speakers: dict[str, set[str]] = {label: set() for label in (*keywords, UNKNOWN_LABEL)}
    for r in recordings:
        if r.kind == "word":
            split_of[r.speaker] = r.split
            if r.known_by == "name":
                fixed.add(r.speaker)
            label = label_of(r.word, keywords)
            if label in speakers and not r.speaker.startswith(SYNTHETIC_PREFIX):
                speakers[label].add(r.speaker)
    groups = list(speakers.values())
    for label, group in speakers.items():
        for wanted in _NEEDED:
            if any(split_of[s] == wanted for s in group):
                continue
            movable = [s for s in group - fixed if _can_leave(s, groups, split_of)]
            if movable:
                speaker = min(movable, key=lambda s: (_spared_last(split_of[s]), hash_percent(s)))
                log.info("%s: speaker %s is used for %s", label, speaker, wanted)
                split_of[speaker] = wanted
    return [
        replace(r, split=split_of[r.speaker]) if r.kind != "noise" and r.speaker in split_of else r
        for r in recordings
    ]


def held_out_words(recordings: Sequence[Recording], recipe: Recipe) -> tuple[str, ...]:
    """Return the words that training is to know nothing of, so that validation finds out.

    Those that the recipe names, as far as speakers of validation or test say them; if there is none,
    a share of the words that are no keywords and that a validation speaker says, by hash. They hold
    at most the same share of the clips, and words of few clips are taken before that is exceeded:
    what is learned most from stays. Folders whose names begin with `_` hold no one word, and stay
    too. Says of each word that the recipe names in vain why that is.
    """
    others = [
        r
        for r in recordings
        if r.kind == "word"
        and label_of(r.word, recipe.keywords) == UNKNOWN_LABEL
        and not r.word.startswith("_")
    ]
    if named := _judging(recipe, others):
        return named
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
    """Return the recordings, noise anywhere below folders of these names in the split `held_out`.

    The folder given may be one of them. A corpus without such a folder has nothing of that kind to
    hold out; that is said.
    """
    kinds = frozenset(kinds)
    folders: set[str] = set()
    kept, n = [], 0
    for recording in recordings:
        r = recording
        if r.kind == "noise":
            above = {r.folder, *r.path.split("/")[:-1]}
            folders |= above
            if not kinds.isdisjoint(above):
                r, n = replace(r, split="held_out"), n + 1
        kept.append(r)
    if n:
        log.info("left for tests: %d noises in folders %s", n, ", ".join(sorted(kinds & folders)))
    for kind in sorted(kinds - folders) if folders else ():
        log.info(
            "[validation] held_out_noises: no noise lies in a folder %r.%s",
            *(kind, did_you_mean(kind, folders)),
        )
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


def _judging(recipe: Recipe, others: Sequence[Recording]) -> tuple[str, ...]:
    """Return the words that a recipe names to be held out and that can judge; say why the rest can't."""
    known = {r.word for r in others}
    judged = {r.word for r in others if r.split in ("validation", "testing")}
    named = recipe.validation.held_out_words
    for word in named:
        if word in recipe.keywords:
            log.warning("[validation] held_out_words: %r is a keyword and is trained", word)
        elif word not in known:
            meant = did_you_mean(word, known)
            # Without a word like it, the recipe was written for other recordings.
            level = logging.WARNING if meant else logging.INFO
            log.log(
                level, "[validation] held_out_words: --data holds no clip of %r.%s", word, meant
            )
        elif word not in judged:
            log.warning(
                "[validation] held_out_words: %r is trained: nobody of validation or test says it",
                word,
            )
    return tuple(w for w in named if w in judged)
