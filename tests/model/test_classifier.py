"""The classifier takes the first runtime that computes what it should on this computer."""

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

FIRST, SECOND = "int8 streaming", "float32 streaming"


def expect_something_else(*indices: int) -> Callable[[Document], None]:
    """Have the self-test of these runtimes expect logits that they don't give."""

    def spoil(kws: Document) -> None:
        for index in indices:
            kws["runtimes"][index]["self_test"]["logits"] = [10.0, 0.0, 0.0, 0.0]

    return spoil


def test_the_preferred_runtime_is_used(sound_model: Path) -> None:
    """The first of `runtimes`."""
    assert Classifier(load_model_folder(sound_model)).runtime.name == FIRST


def test_posteriors_are_a_distribution(sound_model: Path) -> None:
    """float32 [labels], not negative, of sum 1."""
    folder = load_model_folder(sound_model)
    posteriors = Classifier(folder).posteriors(folder.self_test_window)
    assert posteriors.dtype == np.float32
    assert posteriors.shape == (len(folder.labels),)
    assert (posteriors >= 0).all()
    assert posteriors.sum() == pytest.approx(1.0, abs=1e-6)


def test_the_weight_of_unknown_shifts_the_posteriors(edit: Edit) -> None:
    """`_unknown_` counts ten times as much, the others keep their proportions, the sum stays 1."""
    folder = load_model_folder(edit(lambda kws: kws.pop("unknown_weight")))
    expected = Classifier(folder).posteriors(folder.self_test_window).astype(np.float64)
    expected[folder.labels.index("_unknown_")] *= 10
    weighted = load_model_folder(edit(lambda kws: kws.update(unknown_weight=10.0)))
    found = Classifier(weighted).posteriors(folder.self_test_window)
    assert found == pytest.approx(expected / expected.sum(), abs=1e-6)


@pytest.mark.parametrize("level", [0, 32_767, -32_768])
def test_any_window_has_finite_posteriors(sound_model: Path, level: int) -> None:
    """Digital silence and a stuck converter, too."""
    folder = load_model_folder(sound_model)
    window = np.full(folder.window_samples, level, dtype=np.int16)
    assert np.isfinite(Classifier(folder).posteriors(window)).all()


def test_a_runtime_that_misses_its_self_test_is_passed_over_with_a_warning(
    edit: Edit, caplog: pytest.LogCaptureFixture
) -> None:
    """As int8 does on a CPU where it saturates: the next one is taken."""
    folder = load_model_folder(edit(expect_something_else(0)))
    with caplog.at_level(logging.WARNING):
        assert Classifier(folder).runtime.name == SECOND
    assert FIRST in caplog.text
    assert "self-test" in caplog.text


def test_when_all_runtimes_miss_it_the_model_is_refused(edit: Edit) -> None:
    """How far off each was is told, and what to do."""
    folder = load_model_folder(edit(expect_something_else(0, 1)))
    with pytest.raises(ModelError, match=rf"{FIRST} is off by .*{SECOND} is off by .*kws-export"):
        Classifier(folder)


def test_a_graph_with_other_labels_is_refused(edit: Edit) -> None:
    """`kws.json` must describe the graph."""

    def add_label(kws: Document) -> None:
        kws["labels"].insert(0, "maybe")
        keywords = kws["operating_points"]["default"]["keywords"]
        keywords["maybe"] = keywords["yes"]
        for runtime in kws["runtimes"]:
            runtime["self_test"]["logits"].append(0.0)

    folder = load_model_folder(edit(add_label))
    with pytest.raises(ModelError, match=r"not the graph that kws\.json describes.*5 labels"):
        Classifier(folder)


@pytest.mark.parametrize("stride_samples", [40, 1600])
def test_an_encoder_with_another_stride_is_refused(edit: Edit, stride_samples: int) -> None:
    """Frames that are kept would be taken for those of other audio."""
    folder = load_model_folder(edit(lambda kws: kws.update(stride_samples=stride_samples)))
    with pytest.raises(
        ModelError, match=r"encoder.*not the graph that kws\.json describes.*frames"
    ):
        Classifier(folder)


@pytest.mark.parametrize("field_samples", [100, 1000])
def test_an_encoder_with_another_receptive_field_is_refused(edit: Edit, field_samples: int) -> None:
    """Though as many of its frames may fit into a window."""
    folder = load_model_folder(edit(lambda kws: kws.update(receptive_field_samples=field_samples)))
    with pytest.raises(
        ModelError, match=r"encoder.*not the graph that kws\.json describes.*frames"
    ):
        Classifier(folder)


def test_head_and_encoder_swapped_are_refused(edit: Edit) -> None:
    """Each takes and gives something of its own."""
    folder = load_model_folder(edit(lambda kws: kws["runtimes"][0]["files"].reverse()))
    with pytest.raises(ModelError, match=r"not the graph that kws\.json describes"):
        Classifier(folder)


def test_a_file_that_is_no_graph_is_refused(edit: Edit) -> None:
    """Even with the right hash."""
    garbage, file = b"not a graph", "head_quantized.onnx"

    def rehash(kws: Document) -> None:
        kws["sha256"][file] = hashlib.sha256(garbage).hexdigest()

    model = edit(rehash)
    (model / file).write_bytes(garbage)
    with pytest.raises(ModelError, match=r"ONNX Runtime can't open.*kws-export"):
        Classifier(load_model_folder(model))


def test_the_models_own_logits_have_no_prior(sound_model: Path) -> None:
    """What is measured of the model alone does not hold for running speech."""
    folder = load_model_folder(sound_model)
    logits = Classifier(folder).logits(folder.self_test_window)
    assert logits == pytest.approx(folder.runtimes[0].expected_logits, abs=0.1)
