"""The network as an ONNX graph with int8 weights and activations of fixed ranges.

The graph is that of a plain forward pass: the exporter would keep the masks and checks that the
library's own makes for every kind of model, half of all nodes.

With dynamic ranges the scale of an activation is that of the batch, so that passages change one
another's numbers, and are to be read one at a time. With ranges fixed beforehand (Jacob et al.
2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", arXiv:1712.05877) they do not, and are read in batches.

The weights use seven of their eight bits: x86 processors without VNNI add up two products in 16
bits, and with eight bits in both factors what does not fit is cut off there, and only there.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn
from transformers.models.bert.modeling_bert import BertLayer

from chexlabel_neural.model import ReportRefiner

__all__ = ["quantise", "write_graph"]

_DYNAMIC = "DynamicQuantizeLinear"
_FUSED_DOMAIN = "com.microsoft"
_HIDDEN = -1e4
_LEVELS = 255


class _Plain(nn.Module):
    """The network's forward pass, as short as may be, with plain outputs as ONNX has them."""

    def __init__(self, model: ReportRefiner) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        model = self.model
        embeddings: Any = model.encoder.embeddings
        places = torch.arange(input_ids.shape[1])
        states = embeddings.LayerNorm(
            embeddings.word_embeddings(input_ids)
            + embeddings.token_type_embeddings(torch.zeros_like(input_ids))
            + embeddings.position_embeddings(places)
        )
        hidden = (1.0 - attention_mask.to(states.dtype)) * _HIDDEN
        layers: Any = model.encoder.encoder.layer
        for layer in layers:
            states = self._layer(layer, states, hidden[:, None, None, :])
        weights = (states @ model.queries.T + hidden[:, :, None]).softmax(dim=1)
        return model.read_out(states, weights)

    def _layer(self, layer: BertLayer, states: Tensor, hidden: Tensor) -> Tensor:
        count = self.model.encoder.config.num_attention_heads
        size = states.shape[-1] // count

        def heads(projection: nn.Module) -> Tensor:
            values: Tensor = projection(states)
            return values.reshape(states.shape[0], states.shape[1], count, size)

        own = layer.attention.self
        scores = heads(own.query).transpose(1, 2) @ heads(own.key).permute(0, 2, 3, 1)
        weights = (scores / math.sqrt(size) + hidden).softmax(dim=-1)
        context = (weights @ heads(own.value).transpose(1, 2)).transpose(1, 2)
        attended = layer.attention.output(context.reshape(states.shape), states)
        result: Tensor = layer.output(layer.intermediate(attended), attended)
        return result


def write_graph(model: ReportRefiner, path: Path) -> None:
    """Write the network as an ONNX graph in single precision.

    Args:
        model: on the CPU, in evaluation mode.
        path: where to.
    """
    ids = torch.tensor([[1, 5, 6, 2], [1, 7, 2, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Plain(model),
            (ids, mask),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["labels", "tags"],
            dynamic_axes={
                "input_ids": {0: "batch", 1: "tokens"},
                "attention_mask": {0: "batch", 1: "tokens"},
                "labels": {0: "batch"},
                "tags": {0: "batch", 1: "tokens"},
            },
            opset_version=17,
            dynamo=False,
        )
    onnx.checker.check_model(onnx.load(path))


def quantise(plain: Path, path: Path, sample: Iterable[Sequence[int]]) -> None:
    """Write a graph with 7-bit weights, a scale a column, and 8-bit activations of fixed ranges.

    Args:
        plain: the graph in single precision.
        path: where to.
        sample: passages as wordpieces; what they reach bounds the activations.
    """
    logging.getLogger().setLevel(logging.ERROR)  # the quantiser's advice is not for users
    quantize_dynamic(
        plain,
        path,
        weight_type=QuantType.QInt8,
        reduce_range=True,
        per_channel=True,
        op_types_to_quantize=["MatMul", "Gather"],
    )
    model = onnx.load(path)
    ranges = _ranges(model, sample)
    for node in model.graph.node:
        if node.op_type != _DYNAMIC:
            continue
        scale, zero = _scale(*ranges[node.input[0]])
        _, scale_name, zero_name = node.output
        model.graph.initializer.append(numpy_helper.from_array(scale, scale_name))
        model.graph.initializer.append(numpy_helper.from_array(zero, zero_name))
        node.op_type = "QuantizeLinear"
        node.input.extend([scale_name, zero_name])
        del node.output[1:]
    _fuse(model.graph)
    model.opset_import.append(onnx.helper.make_opsetid(_FUSED_DOMAIN, 1))
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _fuse(graph: onnx.GraphProto) -> None:
    """Make one node of each integer product, its scaling and its bias.

    ONNX Runtime does so by itself where the scale is the batch's, not where it is a constant.
    """
    makers = {name: node for node in graph.node for name in node.output}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    constants = {item.name for item in graph.initializer}
    gone: list[onnx.NodeProto] = []
    for node in [node for node in graph.node if node.op_type == "MatMulInteger"]:
        (cast,) = users[node.output[0]]
        (scaled,) = users[cast.output[0]]
        scales = makers[next(name for name in scaled.input if name != cast.output[0])]
        used = [cast, scales, scaled]
        inputs = [*node.input[:2], *scales.input, *node.input[2:]]
        following = users.get(scaled.output[0], [])
        if len(following) == 1 and following[0].op_type == "Add":
            bias = next(name for name in following[0].input if name != scaled.output[0])
            if bias in constants:
                inputs.append(bias)
                used.append(following[0])
        node.op_type, node.domain = "MatMulIntegerToFloat", _FUSED_DOMAIN
        del node.input[:]
        node.input.extend(inputs)
        node.output[0] = used[-1].output[0]
        gone += used
    kept = [node for node in graph.node if not any(node is other for other in gone)]
    del graph.node[:]
    graph.node.extend(kept)


def _ranges(
    model: onnx.ModelProto, sample: Iterable[Sequence[int]]
) -> dict[str, tuple[float, float]]:
    """Return the lowest and the highest value of each activation that is quantised."""
    names = list(dict.fromkeys(n.input[0] for n in model.graph.node if n.op_type == _DYNAMIC))
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    outputs = {output.name for output in model.graph.output}
    for name in names:
        if name not in outputs:
            watched.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges = dict.fromkeys(names, (0.0, 0.0))  # 0 is to be exact: it is what padding holds
    for pieces in sample:
        ids = np.array([pieces], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        for name, values in zip(names, session.run(names, feed), strict=True):
            low, high = ranges[name]
            ranges[name] = min(low, float(values.min())), max(high, float(values.max()))
    return ranges


def _scale(low: float, high: float) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the step between two of the 256 values, and which of them is 0."""
    step = (high - low) / _LEVELS or 1.0
    zero = min(max(round(-low / step), 0), _LEVELS)
    return np.array(step, np.float32), np.array(zero, np.uint8)
