"""Who and what is kept from training."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kws_train.corpus import KnownBy, Recording
from kws_train.holdout import choose_splits, held_out_words, with_both_splits, without_words
from kws_train.recipe import Recipe, parse_recipe
from kws_train.settings import ValidationSettings
from kws_train.split import speaker_split, two_way_split

from kws_live.errors import ConfigError

from .conftest import speakers, tiny_document


def clip(word: str, speaker: str, n: int = 0, known_by: KnownBy = "folder") -> Recording:
    path = f"{word}/{speaker}/{n}.wav"
    return Recording("data", path, "word", word, speaker, known_by, speaker_split(speaker))


def talk(speaker: str, known_by: KnownBy = "folder") -> Recording:
    path = f"{speaker}.wav" if known_by == "file" else f"{speaker}/1.wav"
    return Recording("s", path, "speech", "", speaker, known_by, two_way_split(speaker))


def recipe(**validation: object) -> Recipe:
    return parse_recipe(tiny_document() | {"keywords": ["go"], "validation": validation}).last


def splits_of(recordings: Sequence[Recording], word: str) -> set[str]:
    return {r.split for r in recordings if r.word == word}


NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=2, max_size=12, unique=True)


@given(NAMES, st.integers(0, 2**12 - 1))
def test_nobody_is_in_two_splits(names: list[str], saying: int) -> None:
    """Whoever says which words, and talks besides: all recordings under a name share a split."""
    talks = [talk(n, known_by) for n in names for known_by in ("folder", "file")]
    said = [clip("go" if saying >> i & 1 else "cat", name) for i, name in enumerate(names)]
    found = choose_splits([*said, *(clip("cat", n, 1) for n in names), *talks], recipe())
    splits: dict[str, set[str]] = {}
    for r in found:
        splits.setdefault(r.speaker, set()).add("training" if r.split == "held_out" else r.split)
    assert all(len(s) == 1 for s in splits.values())


@given(NAMES)
def test_two_speakers_are_enough_to_train_and_to_judge(names: list[str]) -> None:
    """Wherever their hashes fall, a keyword has one in training and another in validation."""
    found = with_both_splits([clip("go", name) for name in names], ["go"])
    assert splits_of(found, "go") >= {"training", "validation"}


@given(NAMES)
def test_two_speakers_of_other_words_are_enough(names: list[str]) -> None:
    """What is to be ignored is trained by one and judged by another, whichever words they say."""
    found = with_both_splits([clip(f"word{n}", name) for n, name in enumerate(names)], ["go"])
    assert {r.split for r in found} >= {"training", "validation"}


@given(NAMES, NAMES)
def test_one_keyword_is_not_served_at_the_cost_of_another(one: list[str], two: list[str]) -> None:
    """Who moves for a word takes their other words along; those keep a speaker."""
    found = [*(clip("go", name) for name in one), *(clip("stop", name) for name in two)]
    before = {w: splits_of(found, w) & {"training", "validation"} for w in ("go", "stop")}
    found = with_both_splits(found, ["go", "stop"])
    for word, had in before.items():
        assert splits_of(found, word) >= had


def test_the_published_split_is_not_touched() -> None:
    """Names as in Speech Commands stay, even where a keyword then lacks validation."""
    found = [clip("go", s, known_by="name") for s in speakers("training", 5)]
    assert with_both_splits(found, ["go"]) == found


def test_many_speakers_stay_where_the_hash_has_them() -> None:
    """Nobody moves while each keyword has both."""
    found = [clip("go", f"s{i}") for i in range(100)]
    assert with_both_splits(found, ["go"]) == found


def test_one_speaker_cannot_be_divided() -> None:
    """The recordings stay as they are; that there is no validation is said later."""
    found = [clip("go", "anna", n) for n in range(5)]
    assert with_both_splits(found, ["go"]) == found


OTHERS = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay")


def corpus_of(words: Sequence[str], clips: int = 1) -> list[Recording]:
    """Each word, and the keyword, by six speakers of training and two of validation."""
    names = [*speakers("training", 6), *speakers("validation", 2)]
    return [clip(w, s, n) for w in ("go", *words) for s in names for n in range(clips)]


def test_a_fifth_of_the_other_words_is_held_out() -> None:
    """The same ones every time, whole, and no keyword."""
    found = corpus_of(OTHERS)
    words = held_out_words(found, recipe())
    assert len(words) == 2
    assert set(words) < set(OTHERS)
    assert held_out_words(found[::-1], recipe()) == words
    kept = choose_splits(found, recipe())
    for word in OTHERS:
        trained = "held_out" if word in words else "training"
        assert splits_of(kept, word) == {trained, "validation"}
    assert splits_of(kept, "go") == {"training", "validation"}


def test_a_word_of_very_many_clips_goes_on_teaching() -> None:
    """What is held out has at most a fifth of the clips, or most of the lesson would be lost."""
    for big in OTHERS:
        found = corpus_of([w for w in OTHERS if w != big]) + corpus_of([big], clips=50)
        words = held_out_words(found, recipe())
        assert len(words) == 2
        assert big not in words


def test_of_few_other_words_none_is_held_out() -> None:
    """Four words are too few to lose one; with five, one goes."""
    assert held_out_words(corpus_of(OTHERS[:4]), recipe()) == ()
    assert len(held_out_words(corpus_of(OTHERS[:5]), recipe())) == 1


def test_words_that_validation_lacks_are_not_held_out() -> None:
    """Synthetic voices never validate: without their words nothing would be gained."""
    found = corpus_of(OTHERS[:5])
    found += [clip(w, "synthetic-a", n) for w in ("note", "nose", "cat") for n in range(2)]
    kept = choose_splits(found, recipe(held_out_words=["cat"]))
    assert {r.split for r in kept if r.word == "cat" and r.speaker == "synthetic-a"} == {"held_out"}
    for share in (0.2, 0.5, 1.0):
        assert not {"note", "nose"} & set(held_out_words(found, recipe(unknown_words_share=share)))


def test_the_recipe_may_name_the_words_or_none() -> None:
    """Names take the place of the share, and a share of 0 holds nothing out."""
    found = corpus_of(OTHERS)
    assert held_out_words(found, recipe(held_out_words=["cat", "bee"])) == ("cat", "bee")
    assert held_out_words(found, recipe(unknown_words_share=0.0)) == ()


def test_folders_that_hold_no_one_word_stay() -> None:
    """`_unknown_`, or what was taken for a keyword, is not a word that could be held out."""
    found = corpus_of(["_unknown_", *(f"_not_{w}_" for w in OTHERS)])
    assert held_out_words(found, recipe(unknown_words_share=1.0)) == ()


def test_words_that_cannot_be_held_out_are_named(caplog: pytest.LogCaptureFixture) -> None:
    """A recipe serves other words and folders too: what it names in vain is said, and the share holds."""
    found = corpus_of(OTHERS)
    by_share = held_out_words(found, recipe())
    assert held_out_words(found, recipe(held_out_words=["go"])) == by_share
    assert "held_out_words: 'go' is a keyword and is trained" in caplog.text
    assert held_out_words(found, recipe(held_out_words=["catt"])) == by_share
    assert "holds no clip of 'catt'. Did you mean 'cat'" in caplog.text
    assert held_out_words(found, recipe(held_out_words=["go", "bee", "catt"])) == ("bee",)


def test_a_recipe_for_other_words_is_no_mistake(caplog: pytest.LogCaptureFixture) -> None:
    """A word that the folders lack, and none like it, is told without alarm."""
    caplog.set_level(logging.INFO)
    held_out_words(corpus_of(OTHERS), recipe(held_out_words=["xylophone"]))
    assert [r.levelname for r in caplog.records if "no clip of 'xylophone'" in r.message] == [
        "INFO"
    ]


def test_a_named_word_that_nobody_could_judge_is_trained(caplog: pytest.LogCaptureFixture) -> None:
    """Held out it would be lost for nothing: no speaker of validation or test says it."""
    found = [*corpus_of(OTHERS), *(clip("yak", s) for s in speakers("training", 3))]
    assert held_out_words(found, recipe(held_out_words=["yak", "bee"])) == ("bee",)
    assert "'yak' is trained: nobody of validation or test says it" in caplog.text


def noise(root: str, path: str) -> Recording:
    name = path.rsplit("/", maxsplit=1)[-1]
    return Recording(root, path, "noise", "", name, "file", two_way_split(name))


def test_kinds_of_noise_are_left_for_tests() -> None:
    """By any folder that a recording lies in, the one given among them; other noise is used."""
    held_out = [
        *(noise("n", "rain/1.ogg"), noise("a/rain", "2.ogg")),
        *(noise("n", "rain/heavy/3.ogg"), noise("a/rain", "heavy/4.ogg")),
    ]
    used = [noise("n", "sea/rain.ogg"), noise("rain/a", "sea/5.ogg")]
    found = [*corpus_of(OTHERS), *held_out, *used]
    kept = choose_splits(found, recipe(held_out_noises=["rain", "hail"]))
    splits = [r.split for r in kept if r.kind == "noise"]
    assert splits == ["held_out"] * 4 + [r.split for r in used]
    assert "held_out" not in splits[4:]


def test_a_kind_of_noise_that_is_not_there_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """It may be misspelt, or the recipe was written for other folders; where all are there, silence."""
    caplog.set_level(logging.INFO)
    found = [noise("n", "rain/1.ogg")]
    choose_splits(found, recipe(held_out_noises=["rian"]))
    assert "no noise lies in a folder 'rian'. Did you mean 'rain'?" in caplog.text
    assert {r.levelname for r in caplog.records} == {"INFO"}
    caplog.clear()
    choose_splits(found, recipe(held_out_noises=["rain"]))
    assert "no noise lies" not in caplog.text


def test_test_clips_of_held_out_words_stay_test_clips() -> None:
    """Only training loses them."""
    found = [clip("cat", s) for s in speakers("testing", 3)]
    assert without_words(found, ["cat"]) == found


def test_the_risk_of_unknown_speakers_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Which words, how many clips, what may happen and what to do; silent where all are known."""
    caplog.set_level(logging.WARNING)
    choose_splits(corpus_of(OTHERS), recipe())
    assert caplog.text == ""
    nameless = [replace(clip("go", f"{n:04}"), known_by="file") for n in range(40)]
    choose_splits([*nameless, *corpus_of(OTHERS)], recipe())
    assert "nothing tells who speaks in 40 clips: go (40)" in caplog.text
    assert "one voice may be in both training and validation, which then flatters" in caplog.text
    assert "WORD/SPEAKER/FILE" in caplog.text


def test_the_risk_of_unknown_talkers_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """Longer speech in files that lie flat leaks like words do."""
    choose_splits([talk(f"{n:04}", "file") for n in range(40)], recipe())
    assert "nothing tells who speaks in 40 files of --speech: s (40)" in caplog.text
    assert "SPEAKER/FILE" in caplog.text


def test_a_share_is_a_share() -> None:
    """And unknown keys of the section are errors."""
    with pytest.raises(
        ConfigError, match=r"\[validation\] unknown_words_share = 2.0: a share lies"
    ):
        recipe(unknown_words_share=2.0)
    with pytest.raises(ConfigError, match=r"\[validation\] held_out: unknown key"):
        recipe(held_out=["cat"])
    assert recipe().validation == ValidationSettings(0.2, ())


def test_synthetic_voices_are_no_reason_to_lose_the_only_person() -> None:
    """Who alone recorded a word is not taken from training to judge what synthetic voices taught."""
    for person in (f"person{i}" for i in range(40)):
        voices = [clip("go", f"synthetic-{i}") for i in range(5)]
        alone, *others = with_both_splits([clip("go", person), *voices], ["go"])
        judges = speaker_split(person) == "validation"
        assert alone.split == ("validation" if judges else "training")
        assert others == voices
