"""The ONNX graph computes what Hugging Face computes."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
import transformers
from kws_export.checkpoint import load_checkpoint
from kws_export.graph import WaveformClassifier, write_graph, write_lean_graph
from kws_export.measure import Graph
from kws_export.parity import check_parity
from support.tiny_model import make_tiny_run, sounds
from torch import nn

VARIANTS: dict[str, dict[str, object]] = {
    "as trained here": {},
    "as wav2vec2-base": {
        "feat_extract_norm": "group",
        "do_stable_layer_norm": False,
        "conv_bias": False,
    },
    "mixing its layers": {"use_weighted_layer_sum": True},
    "without biases in its convolutions": {"conv_bias": False},
    "with an odd number of taps": {"num_conv_pos_embeddings": 7},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("normalise", [False, True], ids=["as is", "normalised"])
@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
def test_the_graph_agrees_with_the_checkpoint(
    kind: str, normalise: bool, variant: str, tmp_path: Path
) -> None:
    """On each kind of window, for each architecture, normalised in the graph or not, plain and lean."""
    run = make_tiny_run(tmp_path, kind=kind, normalise=normalise, **VARIANTS[variant])
    plain, lean = tmp_path / "model.onnx", tmp_path / "lean.onnx"
    write_graph(load_checkpoint(run), plain)
    write_lean_graph(load_checkpoint(run), lean)
    results = check_parity(load_checkpoint(run), [Graph(plain), Graph(lean)], sounds(208))
    assert sum(x.windows for x in results if not x.again) >= 200
    assert max(x.difference for x in results) < 1e-5


@pytest.mark.parametrize("variant", ["as trained here", "as wav2vec2-base"])
@pytest.mark.parametrize("kind", ["wav2vec2", "hubert", "wavlm"])
def test_the_plain_graph_takes_windows_of_any_length(
    kind: str, variant: str, tmp_path: Path
) -> None:
    """Nothing in it was fixed when it was traced, the position biases of WavLM included."""
    run = make_tiny_run(tmp_path, kind=kind, **VARIANTS[variant])
    write_graph(load_checkpoint(run), tmp_path / "model.onnx")
    graph, checkpoint = Graph(tmp_path / "model.onnx"), load_checkpoint(run)
    longer = np.concatenate([sounds(3), sounds(3)], axis=1)
    for samples in (8000, 11111, 30000):
        wanted = checkpoint.logits(longer[:, :samples])
        assert graph.logits(longer[:, :samples]) == pytest.approx(wanted, abs=1e-4)


def test_input_and_output_are_those_of_the_contract(tiny_model: Path) -> None:
    """`input_values` [batch, samples] float32 → `logits` [batch, labels], at opset 17."""
    model = onnx.load(tiny_model / "model.onnx")
    (taken,), (given,) = model.graph.input, model.graph.output
    assert (taken.name, given.name) == ("input_values", "logits")
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert [d.dim_param for d in taken.type.tensor_type.shape.dim] == ["batch", "samples"]
    assert given.type.tensor_type.shape.dim[0].dim_param == "batch"
    assert [(x.domain, x.version) for x in model.opset_import] == [("", 17)]


def test_a_lean_graph_has_fewer_nodes(tmp_path: Path) -> None:
    """One for the attention of a layer, none for shapes in it; and it names the frames."""
    run = make_tiny_run(tmp_path)
    write_graph(load_checkpoint(run), tmp_path / "model.onnx")
    write_lean_graph(load_checkpoint(run), tmp_path / "lean.onnx")
    plain, lean = (onnx.load(tmp_path / f"{x}.onnx").graph.node for x in ("model", "lean"))
    assert len(lean) < len(plain)
    assert [x.op_type for x in lean].count("MultiHeadAttention") == 2
    assert not any(x.op_type == "Softmax" for x in lean)
    assert sum("frames" in x.output for x in lean) == 1
    domains = {x.domain for x in onnx.load(tmp_path / "lean.onnx").opset_import}
    assert domains == {"", "com.microsoft"}


@pytest.mark.parametrize("file", ["model.onnx", "model_quantized.onnx"])
def test_a_window_has_the_same_logits_in_any_batch(file: str, tiny_model: Path) -> None:
    """Neither file looks at the other windows of a batch."""
    graph, windows = Graph(tiny_model / file), sounds(6)
    alone = graph.logits(windows)
    for batch in (2, 3, 6):
        assert graph.logits(windows, batch) == pytest.approx(alone, abs=1e-5)


class Echo(nn.Module):
    """A model whose logits are its input."""

    def forward(self, input_values: torch.Tensor) -> SimpleNamespace:
        """Return the input where a model has its logits."""
        return SimpleNamespace(logits=input_values)


@pytest.mark.parametrize("peak", [1, 20, 3000, 32767])
def test_normalisation_is_hugging_faces(peak: int) -> None:
    """Population variance and epsilon included: the faintest window shows the one, any the other."""
    wave = sounds(1)[0].astype(np.float32)
    wave = np.rint(wave / np.abs(wave).max() * peak) / np.float32(32768)
    extractor = transformers.Wav2Vec2FeatureExtractor(do_normalize=True)
    wanted = extractor(wave, sampling_rate=16000, return_tensors="pt")["input_values"]
    found = WaveformClassifier(Echo(), normalise=True)(torch.from_numpy(wave)[None])
    assert torch.allclose(found, wanted, rtol=5e-6, atol=1e-6)


def test_normalisation_makes_the_level_irrelevant(tmp_path: Path) -> None:
    """It is part of the graph: the daemon knows nothing of it."""
    run = make_tiny_run(tmp_path, normalise=True)
    write_graph(load_checkpoint(run), tmp_path / "model.onnx")
    graph = Graph(tmp_path / "model.onnx")
    loud = sounds(4) // 4 * 4
    quieter = (loud // 4).astype(np.int16)
    assert graph.logits(quieter) == pytest.approx(graph.logits(loud), abs=1e-3)
