"""What recordings are called in lists that people read."""

from kws_train.corpus import Recording
from kws_train.names import names_of


def word(root: str, path: str) -> Recording:
    return Recording(root, path, "word", "go", "anna", "folder", "training")


def noise(root: str, path: str) -> Recording:
    return Recording(root, path, "noise", "", "rain", "file", "training")


def test_in_a_single_folder_the_path_is_enough() -> None:
    """A folder of another kind needs no telling apart."""
    found = names_of([word("/data/words", "go/a.wav"), noise("/data/noise", "rain.wav")])
    assert found == ["go/a.wav", "rain.wav"]


def test_of_several_folders_the_name_stands_before_the_path() -> None:
    """So that the same path in both is two names."""
    found = names_of([word("/data/mine", "go/a.wav"), word("/data/theirs", "go/a.wav")])
    assert found == ["mine/go/a.wav", "theirs/go/a.wav"]


def test_folders_of_the_same_name_are_told_apart_by_those_that_hold_them() -> None:
    """As far up as is needed; one folder that was given twice is one."""
    roots = ("/2023/in/words", "/2024/in/words", "/2024/in//words")
    assert names_of([word(root, "a.wav") for root in roots]) == [
        "2023/in/words/a.wav",
        "2024/in/words/a.wav",
        "2024/in/words/a.wav",
    ]
