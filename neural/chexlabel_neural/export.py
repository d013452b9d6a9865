"""Writing a trained refiner as a model folder, and reading the network back from it.

The weights ship once, as int8 ONNX. PyTorch reads the same numbers from there, so that both run the
same network: which tensor of the graph is which parameter stands in the file's metadata.
"""

from __future__ import annotations

import json
import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import Tensor, nn

from chexlabel_neural.base import MAX_TOKENS
from chexlabel_neural.model import RefinerConfig, ReportRefiner
from chexlabel_neural.refiner_file import CONFIG, ONNX, TOKENIZER
from chexlabel_neural.wordpiece import WordPiece

__all__ = ["export_refiner", "load_refiner"]

_KEY = "parameters"


class _AsTuple(nn.Module):
    """The network with plain outputs, as ONNX has them."""

    def __init__(self, model: ReportRefiner) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        output = self.model(input_ids, attention_mask)
        return output.labels, output.tags


def export_refiner(model: ReportRefiner, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a model folder but for `refiner.json`, which calibration writes.

    Args:
        model: the trained network.
        tokenizer: the network's.
        folder: where to; made if need be, its files are replaced.

    Raises:
        RefinerError: the tokenizer is not of BERT's kind, which the runtime reads.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval().cpu()
    (folder / CONFIG).write_text(model.config.to_json_string(), "utf-8")
    tokenizer.save(str(folder / TOKENIZER))
    WordPiece.read(folder / TOKENIZER, MAX_TOKENS)
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary) / "plain.onnx"
        _to_onnx(model, plain)
        logging.getLogger().setLevel(logging.ERROR)  # the quantiser's advice is not for users
        quantize_dynamic(
            plain,
            folder / ONNX,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather"],
        )
        _name_parameters(model, plain, folder / ONNX)


def load_refiner(folder: Path) -> ReportRefiner:
    """Read the network of a model folder for PyTorch, with the weights of its ONNX file.

    Args:
        folder: as `export_refiner` writes it.
    """
    settings = json.loads((folder / CONFIG).read_text("utf-8"))
    model = ReportRefiner(RefinerConfig(settings["encoder"], settings["findings"]))
    graph = onnx.load(folder / ONNX)
    arrays = {item.name: numpy_helper.to_array(item) for item in graph.graph.initializer}
    names = json.loads(next(p.value for p in graph.metadata_props if p.key == _KEY))
    state = model.state_dict()
    for parameter, (name, transposed) in names.items():
        values = _dequantised(arrays, name)
        state[parameter] = torch.from_numpy(np.array(values.T if transposed else values))
    model.load_state_dict(state)
    model.eval()
    return model


def _dequantised(arrays: dict[str, NDArray[np.float32]], name: str) -> NDArray[np.float32]:
    if name in arrays:
        return arrays[name]
    scale = arrays[f"{name}_scale"]
    zero = arrays[f"{name}_zero_point"].astype(np.float32)
    return (arrays[f"{name}_quantized"].astype(np.float32) - zero) * scale


def _name_parameters(model: ReportRefiner, plain: Path, quantised: Path) -> None:
    """Note in the quantised file which of its tensors is which parameter, and if transposed.

    The exporter folds transposed copies of matrices into the graph under names of its own; they are
    found by their values.
    """
    arrays = {i.name: numpy_helper.to_array(i) for i in onnx.load(plain).graph.initializer}
    names: dict[str, tuple[str, bool]] = {}
    for parameter, tensor in model.named_parameters():
        values = tensor.detach().numpy()
        for name, array in arrays.items():
            if array.shape == values.shape and np.array_equal(array, values):
                names[parameter] = (name, False)
                break
            if array.shape == values.T.shape and np.array_equal(array, values.T):
                names[parameter] = (name, True)
                break
        else:
            raise AssertionError(f"{parameter} is not in the exported graph")
    graph = onnx.load(quantised)
    onnx.helper.set_model_props(graph, {_KEY: json.dumps(names)})
    onnx.save(graph, quantised)


def _to_onnx(model: ReportRefiner, path: Path) -> None:
    ids = torch.tensor([[1, 5, 6, 2], [1, 7, 2, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _AsTuple(model),
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
