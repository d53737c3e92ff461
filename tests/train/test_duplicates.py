"""Copies: which one is kept."""

from kws_train.corpus import Recording
from kws_train.duplicates import find_copies
from kws_train.split import Split


def clip(path: str, split: Split, word: str = "go") -> Recording:
    return Recording("data", path, "word", word, path, "file", split)


def test_what_is_used_for_judging_is_kept() -> None:
    """A test clip before what is held out, that before one of validation, that before training."""
    order: list[Split] = ["training", "validation", "held_out", "testing"]
    for n in range(2, 5):
        clips = [clip(split, split) for split in order[:n]]
        copies = find_copies(clips, ["go"] * n, [b"x"] * n, [True] * n)
        assert copies == {i: ("duplicate", n - 1) for i in range(n - 1)}


def test_of_equals_the_first_is_kept() -> None:
    """Within a split their order decides; other samples are nobody's copy."""
    clips = [clip(str(i), "training") for i in range(4)]
    copies = find_copies(clips, ["go"] * 4, [b"x", b"y", b"x", b"x"], [True] * 4)
    assert copies == {2: ("duplicate", 0), 3: ("duplicate", 0)}


def test_a_copy_under_another_label_leaves_neither() -> None:
    """Nothing says which of the two is right."""
    clips = [clip("a", "training"), clip("b", "validation", "stop"), clip("c", "testing")]
    copies = find_copies(clips, ["go", "stop", "go"], [b"x"] * 3, [True] * 3)
    assert copies == {
        0: ("contradiction", 1),
        1: ("contradiction", 0),
        2: ("contradiction", 1),
    }


def test_other_words_with_one_label_agree() -> None:
    """`cat/a.wav` and `_unknown_/a.wav` are both no keyword: one of them is used."""
    clips = [clip("a", "training", "_unknown_"), clip("a", "training", "cat")]
    copies = find_copies(clips, ["_unknown_"] * 2, [b"x"] * 2, [True] * 2)
    assert copies == {1: ("duplicate", 0)}


def test_only_usable_recordings_of_a_kind_are_compared() -> None:
    """Silent clips are all alike; and noise is not a copy of a word."""
    noise = Recording("n", "a", "noise", "", "a", "file", "training")
    clips = [clip("a", "training"), clip("b", "training"), noise]
    assert find_copies(clips, ["go"] * 3, [b"x"] * 3, [True, False, True]) == {}
