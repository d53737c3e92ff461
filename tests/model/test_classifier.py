"""The classifier takes the first runtime file that computes what it should on this computer."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kws_live.errors import ModelError
from kws_live.model import Classifier, load_model_folder

Document = dict[str, Any]
Edit = Callable[[Callable[[Document], object]], Path]

FIRST, SECOND = "model_quantized.onnx", "model.onnx"


def expect_something_else(*names: str) -> Callable[[Document], None]:
    """Have the self-test of these files expect logits that they don't give."""

    def spoil(kws: Document) -> None:
        for name in names:
            kws["self_test"]["files"][name]["logits"] = [10.0, 0.0, 0.0, 0.0]

    return spoil


def test_the_preferred_file_is_used(sound_model: Path) -> None:
    """The first of `runtime_files`."""
    assert Classifier(load_model_folder(sound_model)).file == FIRST


def test_posteriors_are_a_distribution(sound_model: Path) -> None:
    """float32 [labels], not negative, of sum 1."""
    folder = load_model_folder(sound_model)
    posteriors = Classifier(folder).posteriors(folder.self_test.window)
    assert posteriors.dtype == np.float32
    assert posteriors.shape == (len(folder.labels),)
    assert (posteriors >= 0).all()
    assert posteriors.sum() == pytest.approx(1.0, abs=1e-6)


def test_the_weight_of_unknown_shifts_the_posteriors(edit: Edit) -> None:
    """`_unknown_` counts ten times as much, the others keep their proportions, the sum stays 1."""
    folder = load_model_folder(edit(lambda kws: kws.pop("unknown_weight")))
    expected = Classifier(folder).posteriors(folder.self_test.window).astype(np.float64)
    expected[folder.labels.index("_unknown_")] *= 10
    weighted = load_model_folder(edit(lambda kws: kws.update(unknown_weight=10.0)))
    found = Classifier(weighted).posteriors(folder.self_test.window)
    assert found == pytest.approx(expected / expected.sum(), abs=1e-6)


@pytest.mark.parametrize("level", [0, 32_767, -32_768])
def test_any_window_has_finite_posteriors(sound_model: Path, level: int) -> None:
    """Digital silence and a stuck converter, too."""
    folder = load_model_folder(sound_model)
    window = np.full(folder.window_samples, level, dtype=np.int16)
    assert np.isfinite(Classifier(folder).posteriors(window)).all()


def test_a_file_that_misses_its_self_test_is_passed_over_with_a_warning(
    edit: Edit, caplog: pytest.LogCaptureFixture
) -> None:
    """As int8 does on a CPU where it saturates: the next one is taken."""
    folder = load_model_folder(edit(expect_something_else(FIRST)))
    with caplog.at_level(logging.WARNING):
        assert Classifier(folder).file == SECOND
    assert FIRST in caplog.text
    assert "self-test" in caplog.text


def test_when_all_files_miss_it_the_model_is_refused(edit: Edit) -> None:
    """How far off each was is told, and what to do."""
    folder = load_model_folder(edit(expect_something_else(FIRST, SECOND)))
    with pytest.raises(ModelError, match=rf"{FIRST} is off by .*{SECOND} is off by .*kws-export"):
        Classifier(folder)


def test_a_graph_with_other_labels_is_refused(edit: Edit) -> None:
    """`kws.json` must describe the graph."""

    def add_label(kws: Document) -> None:
        kws["labels"].insert(0, "maybe")
        keywords = kws["operating_points"]["default"]["keywords"]
        keywords["maybe"] = keywords["yes"]
        for entry in kws["self_test"]["files"].values():
            entry["logits"].append(0.0)

    folder = load_model_folder(edit(add_label))
    with pytest.raises(ModelError, match=r"not the graph that kws\.json describes.*5 labels"):
        Classifier(folder)


def test_a_file_that_is_no_graph_is_refused(edit: Edit) -> None:
    """Even with the right hash."""
    garbage = b"not a graph"

    def rehash(kws: Document) -> None:
        kws["sha256"][FIRST] = hashlib.sha256(garbage).hexdigest()

    model = edit(rehash)
    (model / FIRST).write_bytes(garbage)
    with pytest.raises(ModelError, match=r"ONNX Runtime can't open.*kws-export"):
        Classifier(load_model_folder(model))
