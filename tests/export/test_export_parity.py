"""What is compared before a model is written, and what happens when it differs."""

import numpy as np
import pytest
from kws_export.checkpoint import load_checkpoint
from kws_export.errors import CheckpointError, ParityError
from kws_export.graph import write_graph
from kws_export.measure import Graph
from kws_export.parity import MAX_DIFFERENCE, check_parity, parity_windows
from support.tiny_model import make_tiny_run, sounds

from kws_live.types import Int16Array


@pytest.fixture(scope="module")
def clips() -> Int16Array:
    """As many as a run has at least."""
    return sounds(210)


def test_at_least_200_windows_are_as_recorded(clips: Int16Array) -> None:
    """Each of them is one of the run's own."""
    recorded = parity_windows(clips)["as recorded"]
    assert len(recorded) >= 200
    rows = {row.tobytes() for row in clips}
    assert all(row.tobytes() in rows for row in recorded)


def test_quiet_windows_peak_at_1_to_20_steps(clips: Int16Array) -> None:
    """From the faintest that the converter can tell from nothing."""
    peaks = np.abs(parity_windows(clips)["quiet"]).max(axis=1)
    assert (peaks.min(), peaks.max()) == (1, 20)


def test_clipped_windows_stay_at_full_scale(clips: Int16Array) -> None:
    """Each for many samples, the loudest for most of them."""
    clipped = parity_windows(clips)["clipped"].astype(int)
    shares = (np.abs(clipped) >= 32767).mean(axis=1)
    assert shares.min() > 0.01
    assert shares.max() > 0.5


def test_digital_zero_is_among_them(clips: Int16Array) -> None:
    """For a whole window, and for the first half, as at the start of a stream."""
    windows = parity_windows(clips)
    assert not windows["digital zero"].any()
    assert not windows["cut"][:, :8000].any()
    assert windows["cut"][:, 8000:].any(axis=1).all()


def test_too_few_clips_are_refused(clips: Int16Array) -> None:
    """Agreement on a handful of windows shows nothing."""
    with pytest.raises(CheckpointError, match=r"199 clips.*at least 200"):
        parity_windows(clips[:199])


@pytest.mark.parametrize(("scale", "differs"), [(1 + 1e-7, False), (1.001, True)])
def test_a_graph_of_slightly_other_weights_is_refused(
    scale: float, differs: bool, clips: Int16Array, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A thousandth more in the last layer is enough; a rounding error is not."""
    run = make_tiny_run(tmp_path_factory.mktemp("run"))
    other = load_checkpoint(run)
    other.model.classifier.weight.data.mul_(scale)
    write_graph(other, run / "other.onnx")
    graph = Graph(run / "other.onnx")
    if differs:
        with pytest.raises(ParityError, match=f"at most {MAX_DIFFERENCE:g}.*no model was written"):
            check_parity(load_checkpoint(run), [graph], clips)
    else:
        check_parity(load_checkpoint(run), [graph], clips)


def test_the_farthest_of_several_graphs_counts(
    clips: Int16Array, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whichever place it has among them."""
    run = make_tiny_run(tmp_path_factory.mktemp("run"))
    other = load_checkpoint(run)
    other.model.classifier.weight.data.mul_(1.001)
    write_graph(other, run / "other.onnx")
    write_graph(load_checkpoint(run), run / "same.onnx")
    graphs = [Graph(run / "other.onnx"), Graph(run / "same.onnx")]
    for order in (graphs, graphs[::-1]):
        with pytest.raises(ParityError):
            check_parity(load_checkpoint(run), order, clips)


def test_a_graph_that_answers_no_number_is_refused(
    clips: Int16Array, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Not a number is never too far from anything."""
    run = make_tiny_run(tmp_path_factory.mktemp("run"))
    broken = load_checkpoint(run)
    broken.model.classifier.bias.data.fill_(float("nan"))
    write_graph(broken, run / "broken.onnx")
    with pytest.raises(ParityError, match="nan"):
        check_parity(load_checkpoint(run), [Graph(run / "broken.onnx")], clips)
