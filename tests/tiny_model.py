"""A model folder whose net is a table from words to logits: every answer is known beforehand.

The ONNX graph sums the rows of a table over the words of a passage. A word that the table gives
nothing has no effect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chexlabel.patterns.lineage import pattern_hash
from chexlabel.patterns.load import find_set
from chexlabel_neural.classes import CHOICES
from chexlabel_neural.model_folder import file_hashes
from chexlabel_neural.refiner_file import RefinerFile, write_refiner_file

__all__ = ["FINDINGS", "needs_runtime", "write_tiny_model"]

FINDINGS = ("Edema", "Pneumonia", "Pneumothorax", "Other Abnormality")
WORDS: Mapping[str, tuple[str, str]] = {
    "wetness": ("Edema", "positive"),
    "dryness": ("Edema", "negative"),
    "maybewet": ("Edema", "uncertain"),
    "bugs": ("Pneumonia", "positive"),
    "nobugs": ("Pneumonia", "negative"),
    "unsaid": ("Pneumothorax", "blank"),
    "hydrothorax": ("Edema", "positive"),
}
"""Words of no language, and what the tiny net takes from each: finding and label.

(The last is a word, which the rules read as an effusion.)"""

_BLANK_BIAS = 2.0
_VOTE = 16.0


def needs_runtime() -> None:
    """Skip where the parts that the tiny model is made of or runs with are not installed."""
    for name in ("onnx", "onnxruntime"):
        pytest.importorskip(name, reason=f"{name} (extra [refine] or [neural]) is not installed")


def write_tiny_model(folder: Path, *, write: bool = True, **changes: Any) -> Path:
    """Write the model folder, or only the refiner.json of one that is there.

    `changes` replace keys of that file.

    By default every change of every finding is allowed from a probability of 0.9 on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, "pneumothorax", "no", "effusion"]
    if write:
        _write_tokenizer(folder, vocabulary)
        _write_net(folder, vocabulary)
    allowed = {f"{a}>{b}": 0.9 for a in CHOICES for b in CHOICES if a != b}
    content: dict[str, Any] = {
        "name": "tiny",
        "version": "0.1",
        "pattern_set": "chexpert14",
        "pattern_hash": pattern_hash(find_set("chexpert14")),
        "findings": FINDINGS,
        "temperature": dict.fromkeys(FINDINGS, 1.0),
        "rules_weight": dict.fromkeys(FINDINGS, 4.0),
        "policy": dict.fromkeys(FINDINGS, allowed),
        "sha256": file_hashes(folder),
    }
    write_refiner_file(RefinerFile.model_validate(content | changes), folder)
    return folder


def _write_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    numbered = {word: number for number, word in enumerate(vocabulary)}
    content = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": numbered,
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")


def _write_net(folder: Path, vocabulary: list[str]) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    votes = np.zeros((len(vocabulary), len(FINDINGS), 4), np.float32)
    tags = np.full((len(vocabulary), len(FINDINGS)), -8.0, np.float32)
    for word, (finding, label) in WORDS.items():
        at = (vocabulary.index(word), FINDINGS.index(finding))
        votes[(*at, CHOICES.index(label))] = _VOTE
        tags[at] = 8.0
    bias = np.zeros((1, len(FINDINGS), 4), np.float32)
    bias[:, :, 0] = _BLANK_BIAS
    # The mask is an input without effect: padding is a word without votes.
    nodes = [
        helper.make_node("Gather", ["votes", "input_ids"], ["each"]),
        helper.make_node("ReduceSum", ["each", "axis"], ["sum"], keepdims=0),
        helper.make_node("Add", ["sum", "bias"], ["labels"]),
        helper.make_node("Gather", ["table", "input_ids"], ["raw"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide"]),
        helper.make_node("Mul", ["raw", "wide"], ["tags"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
            for name in ("input_ids", "attention_mask")
        ],
        [
            helper.make_tensor_value_info("labels", TensorProto.FLOAT, ["batch", "findings", 4]),
            helper.make_tensor_value_info(
                "tags", TensorProto.FLOAT, ["batch", "tokens", "findings"]
            ),
        ],
        [
            numpy_helper.from_array(votes, "votes"),
            numpy_helper.from_array(bias, "bias"),
            numpy_helper.from_array(tags, "table"),
            numpy_helper.from_array(np.array([1]), "axis"),
            numpy_helper.from_array(np.array([2]), "last"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "model.onnx"))
