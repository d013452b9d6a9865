"""Writing a trained refiner as a model folder, and reading the network back from it.

The weights ship once, as int8 ONNX. PyTorch reads the same numbers from there, so that both run the
same network: which tensor of the graph is which parameter stands in the file's metadata.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer

from chexlabel_neural.base import MAX_TOKENS
from chexlabel_neural.graph import quantise, write_graph
from chexlabel_neural.model import RefinerConfig, ReportRefiner
from chexlabel_neural.model_folder import CONFIG, ONNX, TOKENIZER
from chexlabel_neural.numbers import plain_numbers
from chexlabel_neural.wordpiece import WordPiece

__all__ = ["export_refiner", "load_refiner"]

_KEY = "parameters"


_SAMPLED = 600


def export_refiner(
    model: ReportRefiner, tokenizer: Tokenizer, folder: Path, texts: Sequence[str]
) -> None:
    """Write a model folder but for `refiner.json`, which calibration writes.

    Args:
        model: the trained network.
        tokenizer: the network's.
        folder: where to; made if need be, its files are replaced.
        texts: like those it is to read; 600 of them, evenly spread, bound the int8 activations.

    Raises:
        RefinerError: the tokenizer is not of BERT's kind, which the runtime reads.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval().cpu()
    (folder / CONFIG).write_text(model.config.to_json_string(), "utf-8")
    tokenizer.save(str(folder / TOKENIZER))
    pieces = WordPiece.read(folder / TOKENIZER, MAX_TOKENS)
    sample = texts[:: max(1, len(texts) // _SAMPLED)]
    with tempfile.TemporaryDirectory() as temporary:
        plain = Path(temporary) / "plain.onnx"
        write_graph(model, plain)
        quantise(plain, folder / ONNX, map(pieces.ids, map(plain_numbers, sample)))
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
