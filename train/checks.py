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
    """Make sure that each keyword can be trained and judged, and that there are other words.

    Raises:
        InputError: A keyword has no usable clip in training or validation, or there is no other
            word to train on.
    """
    for keyword in recipe.keywords:
        for name, pools in (("training", training), ("validation", validation)):
            if not pools.words[keyword]:
                raise InputError(f"no usable {name} clip of {keyword!r}. {_why(store, keyword)}")
    if not training.words[UNKNOWN_LABEL]:
        raise InputError(
            "no folder of other words in --data: a model that knows only keywords takes every "
            "word for one. Add some, recorded or made by kws-train synthesize"
        )


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
