"""A quantized graph (QDQ form) with its int8 matrix products as single nodes of ONNX Runtime.

ONNX Runtime fuses most of a QDQ graph while it loads it, yet leaves what costs a small model much: it adds biases in
passes of their own, knows no int8 attention in this form, and quantizes after data was copied instead of before.
"""

from collections.abc import Iterator

import onnx
from onnx import helper

MICROSOFT = "com.microsoft"
COPIES = ("Reshape", "Transpose", "Gather", "Pad")
"""Nodes that only move values, so that it makes no difference on which side of them these are quantized.

Pad adds zeros, which no quantizer rounds."""


class Wiring:
    """Which node made a tensor of a graph, and which ones took it, when this was made: it follows no change."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.constants = {x.name: x for x in graph.initializer}
        self.maker = {name: node for node in graph.node for name in node.output}
        self.takers: dict[str, list[onnx.NodeProto]] = {}
        for node in graph.node:
            for name in node.input:
                self.takers.setdefault(name, []).append(node)

    def made_by(self, name: str, op_type: str) -> onnx.NodeProto | None:
        """Return the node that makes a tensor if it is of this type."""
        node = self.maker.get(name)
        return node if node is not None and node.op_type == op_type else None

    def only_taker(self, name: str, op_type: str) -> onnx.NodeProto | None:
        """Return the node that takes a tensor if it is the only one, and of this type."""
        takers = self.takers.get(name, [])
        return takers[0] if len(takers) == 1 and takers[0].op_type == op_type else None


def fuse(model: onnx.ModelProto) -> None:
    """Rewrite the graph of a quantized model in place: fewer nodes, the same results up to rounding."""
    for step in (_products, _attentions, _early_quantizers):
        step(model.graph)
        _drop_unused(model.graph)
    if MICROSOFT not in {x.domain for x in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))


def _products(graph: onnx.GraphProto) -> None:
    """MatMul of dequantized data by dequantized weights, and the bias after it: one MatMulIntegerToFloat."""
    wiring = Wiring(graph)
    for product in [x for x in graph.node if x.op_type == "MatMul"]:
        data, weights = (wiring.made_by(name, "DequantizeLinear") for name in product.input)
        if data is None or weights is None or weights.input[0] not in wiring.constants:
            continue
        last, bias = product, ""
        if add := wiring.only_taker(product.output[0], "Add"):
            for name in add.input:
                if name in wiring.constants and len(wiring.constants[name].dims) == 1:
                    last, bias = add, name
        fused = helper.make_node(
            "MatMulIntegerToFloat",
            [
                *(data.input[0], weights.input[0], data.input[1], weights.input[1]),
                *(data.input[2], weights.input[2], bias),
            ],
            [last.output[0]],
            product.name,
            domain=MICROSOFT,
        )
        _replace(graph, last, fused)


def _attentions(graph: onnx.GraphProto) -> None:
    """One int8 product for query, key and value, split, and the attention between them: one QAttention."""
    wiring = Wiring(graph)
    for attention in [x for x in graph.node if x.op_type == "MultiHeadAttention"]:
        split = wiring.made_by(attention.input[0], "Split")
        if split is None or list(attention.input) != list(split.output):
            continue
        product = wiring.made_by(split.input[0], "MatMulIntegerToFloat")
        if product is None or not product.input[6]:
            continue
        data, weights, data_scale, weight_scale, data_zero, weight_zero, bias = product.input
        fused = helper.make_node(
            "QAttention",
            [data, weights, bias, data_scale, weight_scale, "", data_zero, weight_zero],
            list(attention.output),
            attention.name,
            domain=MICROSOFT,
            num_heads=next(x.i for x in attention.attribute if x.name == "num_heads"),
        )
        _replace(graph, attention, fused)


def _early_quantizers(graph: onnx.GraphProto) -> None:
    """Quantize before data is copied rather than after: there is less of it, and bytes are copied instead of floats."""
    while True:
        wiring = Wiring(graph)
        found = next(_late_quantizers(graph, wiring), None)
        if found is None:
            return
        quantizer, copy = found
        _, scale, zero = quantizer.input
        made = f"{quantizer.output[0]}_early"
        early = helper.make_node("QuantizeLinear", [copy.input[0], scale, zero], [made])
        graph.node.insert(list(graph.node).index(copy), early)
        copy.input[0], copy.output[0] = made, quantizer.output[0]
        if copy.op_type == "Pad":
            del copy.input[2:]
            copy.input.append(zero)  # what stands for 0
        graph.node.remove(quantizer)


def _late_quantizers(
    graph: onnx.GraphProto, wiring: Wiring
) -> Iterator[tuple[onnx.NodeProto, onnx.NodeProto]]:
    for quantizer in graph.node:
        if quantizer.op_type == "QuantizeLinear":
            copy = wiring.maker.get(quantizer.input[0])
            alone = len(wiring.takers[quantizer.input[0]]) == 1
            if copy is not None and alone and copy.op_type in COPIES:
                yield quantizer, copy


def _replace(graph: onnx.GraphProto, old: onnx.NodeProto, new: onnx.NodeProto) -> None:
    place = list(graph.node).index(old)
    graph.node.remove(old)
    graph.node.insert(place, new)


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove nodes and constants that nothing takes."""
    wanted = {x.name for x in graph.output}
    for node in reversed(list(graph.node)):
        if wanted.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            wanted.update(node.input)
    for constant in [x for x in graph.initializer if x.name not in wanted]:
        graph.initializer.remove(constant)
