"""Encoder and head: cut from one graph, and equal to it."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kws_export.checkpoint import load_checkpoint
from kws_export.errors import StreamingError
from kws_export.fuse import fuse
from kws_export.graph import write_lean_graph
from kws_export.grid import Grid
from kws_export.measure import Graph
from kws_export.quantize import write_dynamic, write_static
from kws_export.split import split
from kws_export.streaming import check_streaming
from support.tiny_model import WHOLE, make_tiny_model, make_tiny_run, sounds

PAIRS = {
    "encoder.onnx": ("head.onnx", "model.onnx", 1e-4),
    "encoder_quantized.onnx": ("head_quantized.onnx", "model_quantized.onnx", 0.0),
}


@pytest.mark.parametrize("encoder", PAIRS)
def test_encoder_and_head_equal_the_whole_graph(
    encoder: str, tiny_run: Path, tiny_model: Path
) -> None:
    """Hop by hop and over a span: float32 within 1e-4 of its logits, int8 bit for bit."""
    head, whole, allowed = PAIRS[encoder]
    grid = load_checkpoint(tiny_run).grid
    parts = Graph(tiny_model / encoder, tiny_model / head)
    found = check_streaming(Graph(tiny_model / whole), parts, sounds(30), grid, allowed)
    assert found <= allowed


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (
            "wav2vec2",
            {
                "conv_dim": (24,) * 7,
                "conv_kernel": (10, 3, 3, 3, 3, 2, 2),
                "conv_stride": (5, 2, 2, 2, 2, 2, 2),
                "num_feat_extract_layers": 7,
            },
        ),
        ("wav2vec2", {"conv_kernel": (80, 8, 5), "conv_stride": (40, 8, 5)}),
        ("wav2vec2", {"conv_kernel": (80, 10, 8), "conv_stride": (40, 10, 5)}),
        ("wav2vec2", {"conv_kernel": (100, 10, 10), "conv_stride": (100, 10, 10)}),
        ("wav2vec2", {"conv_bias": False, "do_stable_layer_norm": False}),
        ("hubert", {"feat_proj_layer_norm": False}),
        ("hubert", {"conv_pos_batch_norm": True}),
        ("wavlm", {}),
    ],
    ids=[
        "convolutions of wav2vec2-large",
        "one frame a hop",
        "a hop of 125 ms",
        "one frame a window",
        "norms after",
        "HuBERT without norm",
        "HuBERT with batch norm",
        "WavLM",
    ],
)
def test_any_model_with_layer_norms_streams(
    kind: str, changes: dict[str, object], tmp_path: Path
) -> None:
    """Whatever its geometry and architecture, in float32, in static and in dynamic int8."""
    checkpoint = load_checkpoint(make_tiny_run(tmp_path, kind=kind, **changes))
    assert checkpoint.streams
    grid, channels = checkpoint.grid, checkpoint.model.config.hidden_size
    lean, fused, dynamic = (tmp_path / f"{x}.onnx" for x in ("lean", "fused", "dynamic"))
    write_lean_graph(checkpoint, lean)
    write_static(lean, fused, sounds(16))
    model = onnx.load(fused)
    fuse(model)
    onnx.save(model, fused)
    write_dynamic(lean, dynamic)
    for whole, allowed in ((lean, 1e-4), (fused, 0.0), (dynamic, 0.0)):
        encoder, head = tmp_path / "encoder.onnx", tmp_path / "head.onnx"
        split(whole, encoder, head, frames=grid.window_frames, channels=channels)
        check_streaming(Graph(whole), Graph(encoder, head), sounds(12), grid, allowed)


def test_parts_of_another_model_are_noticed(
    tiny_run: Path, tiny_model: Path, tmp_path: Path
) -> None:
    """A head that belongs to other weights fails."""
    other = make_tiny_model(tmp_path / "other", intermediate_size=80)
    parts = Graph(tiny_model / "encoder.onnx", other / "head.onnx")
    grid = load_checkpoint(tiny_run).grid
    with pytest.raises(StreamingError, match="differ from the whole graph"):
        check_streaming(Graph(tiny_model / "model.onnx"), parts, sounds(30), grid, 1e-4)


def test_frames_that_depend_on_each_other_are_noticed(tmp_path: Path) -> None:
    """As in a model with a group norm over the window, were it cut all the same."""
    run = make_tiny_run(tmp_path, **WHOLE)
    checkpoint = load_checkpoint(run)
    grid = checkpoint.grid
    assert not checkpoint.streams
    whole, encoder, head = (tmp_path / f"{x}.onnx" for x in ("whole", "encoder", "head"))
    write_lean_graph(checkpoint, whole)
    split(whole, encoder, head, frames=grid.window_frames, channels=32)
    with pytest.raises(StreamingError):
        check_streaming(Graph(whole), Graph(encoder, head), sounds(30), grid, 1e-4)


def test_names_and_shapes_are_those_of_the_contract(tiny_run: Path, tiny_model: Path) -> None:
    """`input_values` → `frames` of any length, `frames` of one window → `logits`; batches throughout."""
    grid = load_checkpoint(tiny_run).grid
    for encoder, (head, whole, _) in PAIRS.items():
        found = {}
        for file in (encoder, head, whole):
            graph = onnx.load(tiny_model / file).graph
            for value in (*graph.input, *graph.output):
                dims = value.type.tensor_type.shape.dim
                shape = [x.dim_param or x.dim_value for x in dims]
                found[file, value.name] = shape
        assert found[encoder, "input_values"] == ["batch", "samples"]
        assert found[encoder, "frames"] == ["batch", "frames", 32]
        assert found[head, "frames"] == ["batch", grid.window_frames, 32]
        assert found[head, "logits"][1:] == [4]
        samples = "samples" if whole == "model.onnx" else 16000
        assert found[whole, "input_values"] == ["batch", samples]


@given(
    kernels=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    data=st.data(),
)
@settings(deadline=None)
def test_the_grid_agrees_with_convolutions(kernels: list[int], data: st.DataObject) -> None:
    """Counting outputs layer by layer gives as many frames as stride and receptive field tell."""
    strides = [data.draw(st.integers(1, kernel)) for kernel in kernels]
    grid = Grid.of(kernels, strides)
    samples = 16000
    for kernel, stride in zip(kernels, strides, strict=True):
        samples = (samples - kernel) // stride + 1
    assert grid.window_frames == samples
    assert grid.hop_samples == grid.hop_frames * grid.stride_samples


def test_new_samples_hold_just_the_frames_of_a_hop() -> None:
    """Of the default network: five frames, which begin where the last kept one's successor does."""
    grid = Grid.of((256, 8, 8), (20, 4, 4))
    assert (grid.stride_samples, grid.receptive_field_samples) == (320, 956)
    assert (grid.hop_samples, grid.hop_frames, grid.window_frames) == (1600, 5, 48)
    assert grid.new_samples == 16000 - 43 * 320
    assert (grid.new_samples - 956) // 320 + 1 == 5


def test_a_head_gives_each_window_its_own_logits(tiny_model: Path) -> None:
    """In batches of any size: float32 up to rounding, int8 bit for bit."""
    windows = sounds(6)
    for encoder, (head, _, _) in PAIRS.items():
        graph = Graph(tiny_model / encoder, tiny_model / head)
        alone = graph.logits(windows)
        for batch in (2, 6):
            together = graph.logits(windows, batch)
            if encoder == "encoder.onnx":
                assert together == pytest.approx(alone, abs=1e-5)
            else:
                assert np.array_equal(together, alone)
