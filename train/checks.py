"""Whether there is enough to train on; if not, what is lacking and how to mend it."""

from collections import Counter
from collections.abc import Sequence

from kws_live.errors import InputError, did_you_mean
from kws_live.types import SILENCE_LABEL, UNKNOWN_LABEL

from .cache import UNREADABLE, ClipStore
from .corpus import BACKGROUND_FOLDER, Recording, label_of
from .plan import Pools
from .recipe import Recipe
from .voices import SYNTHETIC_PREFIX


def require_no_silence_folder(recordings: Sequence[Recording]) -> None:
    """Refuse a folder of silent clips among the words.

    Raises:
        InputError: There is one.
    """
    for r in recordings:
        if r.word == SILENCE_LABEL:
            raise InputError(
                f"{r.root} holds a folder {SILENCE_LABEL}, whose clips fit would leave out: name "
                f"it {BACKGROUND_FOLDER}, or give it with --noise"
            )


def require_readable(store: ClipStore, recipe: Recipe) -> None:
    """Refuse a corpus that is mostly broken, as one whose download was cut off is.

    Raises:
        InputError: Of a class, of longer speech or of noise more than half of the files can't be
            read.
    """
    files: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    example: dict[str, str] = {}
    for i, (r, fault) in enumerate(zip(store.recordings, store.faults, strict=True)):
        what = label_of(r.word, recipe.keywords) if r.kind == "word" else r.kind
        files[what] += 1
        if fault == UNREADABLE:
            broken[what] += 1
            example.setdefault(what, store.notes[i])
    for what, n in broken.items():
        if 2 * n > files[what]:
            raise InputError(
                f"{n} of {files[what]} files of {what} cannot be read, such as this: "
                f"{example[what]}. Get them anew"
            )


def require_words(store: ClipStore, recipe: Recipe, training: Pools, validation: Pools) -> None:
    """Make sure that keywords, and what is none, can be trained and judged.

    Raises:
        InputError: A keyword has no usable clip in training or validation, there is no other word
            to train on, or neither another word nor longer speech in validation.
    """
    for keyword in recipe.keywords:
        for name, pools in (("training", training), ("validation", validation)):
            if not pools.words[keyword]:
                raise InputError(f"no usable {name} clip of {keyword!r}. {_why(store, keyword)}")
    if not training.words[UNKNOWN_LABEL]:
        raise InputError(_why_no_other_word(store, recipe))
    if not validation.words[UNKNOWN_LABEL] and not len(validation.speech):
        raise InputError(
            "no word but the keywords, and no longer speech, is left for validation: a model that "
            "takes every word for a keyword would pass for perfect. Add longer speech of several people "
            "with --speech (a tenth of them validate), or other words said by several people; "
            "the voices of kws-train synthesize only train"
        )


def _why_no_other_word(store: ClipStore, recipe: Recipe) -> str:
    """Say why there is no word to train on but the keywords, and what is needed."""
    rows = [
        i
        for i, r in enumerate(store.recordings)
        if r.kind == "word" and label_of(r.word, recipe.keywords) == UNKNOWN_LABEL
    ]
    if not rows:
        return (
            "no folder of other words in --data: a model that knows only keywords takes every word "
            "for one. Add some, said by several people; kws-train synthesize adds voices that train"
        )
    if any(store.recordings[i].split == "held_out" and not store.faults[i] for i in rows):
        words = ", ".join(sorted({store.recordings[i].word for i in rows}))
        return (
            f"all words but the keywords ({words}) are held out of training: leave one to train on, "
            "by [validation] held_out_words or unknown_words_share in the recipe, or add other words"
        )
    counted = Counter(store.faults[i] or f"in {store.recordings[i].split}" for i in rows)
    listed = ", ".join(f"{n} {what}" for what, n in counted.items())
    return f"no usable training clip of any word but the keywords: {listed}. Add clips of more speakers"


def _why(store: ClipStore, keyword: str) -> str:
    """Say what there is of a keyword, and what else is needed."""
    rows = [i for i, r in enumerate(store.recordings) if r.word == keyword]
    if not rows:
        words = {r.word for r in store.recordings if r.kind == "word"}
        return (
            f"Each keyword needs a folder of its name in --data, with clips in it.{did_you_mean(keyword, words)} "
            f"There are clips of {', '.join(sorted(words))}"
        )
    usable = [i for i in rows if not store.faults[i]]
    if not usable:
        reasons = Counter(store.faults[i] for i in rows)
        counted = ", ".join(f"{n} {reason}" for reason, n in reasons.items())
        return f"None of its {len(rows)} clips can be used: {counted}"
    speakers = {store.recordings[i].speaker for i in usable}
    people = {s for s in speakers if not s.startswith(SYNTHETIC_PREFIX)}
    if not people:
        return "All its clips are by synthetic voices, which only train. Add recordings of people"
    if len(people) == 1:
        return (
            f"All recordings are by one speaker, {people.pop()}, who can't be in both training and "
            f"validation. Add clips of others ({keyword}/SPEAKER/FILE, or SPEAKER_nohash_N in the name). If "
            f"there is nobody else, leave the name out ({keyword}/FILE): then a tenth of the clips "
            "validates, and flatters"
        )
    splits = Counter(store.recordings[i].split for i in usable)
    counted = ", ".join(f"{n} in {split}" for split, n in splits.items())
    return (
        f"Its speakers are divided by the hash of their names, as in Speech Commands: {counted}. "
        "Add clips of more speakers"
    )
