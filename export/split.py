"""A whole graph in two: samples → frames, and the frames of one window → logits."""

from pathlib import Path

import onnx
from onnx.utils import Extractor

from .graph import FRAMES


def split(whole: Path, encoder: Path, head: Path, *, frames: int, channels: int) -> None:
    """Cut a lean graph, quantized or not, at its tensor FRAMES.

    Args:
        whole: the graph, `input_values` → `logits`.
        encoder: where `input_values` [batch, samples] → `frames` [batch, frames, channels] is written.
        head: where `frames` [batch, frames, channels] → `logits` [batch, labels] is written.
        frames: of a window.
        channels: of a frame.
    """
    model = onnx.load(whole)
    known = model.graph.value_info
    for value in [x for x in known if x.name == FRAMES]:
        known.remove(value)
    known.append(_value(["batch", "frames", channels]))
    cutter = Extractor(model)
    onnx.save(cutter.extract_model(["input_values"], [FRAMES]), encoder)
    rest = cutter.extract_model([FRAMES], ["logits"])
    rest.graph.input[0].CopyFrom(_value(["batch", frames, channels]))
    onnx.save(rest, head)


def _value(shape: list[str | int]) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(FRAMES, onnx.TensorProto.FLOAT, shape)
