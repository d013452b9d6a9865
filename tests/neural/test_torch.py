"""The net by PyTorch: the same labels as by ONNX Runtime, and integrated gradients."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch (extra [neural]) is not installed")
pytest.importorskip("transformers", reason="transformers (extra [neural]) is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime (extra [refine]) is not installed")

import numpy as np
import torch
from tokenizers import Tokenizer

from chexlabel import InputError, Label, Labeler
from chexlabel_neural.attribute import INTEGRATED_GRADIENTS, attribute
from chexlabel_neural.refine import RefinerJudge
from chexlabel_neural.refiner_file import read_refiner_file
from chexlabel_neural.runtime import PassageReader, TorchNet, open_net
from chexlabel_neural.wordpiece import WordPiece
from tiny_model import FINDINGS, WORDS, write_tiny_model

network = pytest.importorskip("chexlabel_neural.model")
export = pytest.importorskip("chexlabel_neural.export")

_TEXTS = [
    "No effusion, wetness bugs.",
    "Unsaid pneumothorax and no dryness; " * 4,
    "Nobugs",
    "",
    *(f"{one} no {other}" for one in WORDS for other in WORDS),
]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    """A BERT of random weights with the tiny model's words and card."""
    folder = tmp_path_factory.mktemp("bert")
    tokenizer = Tokenizer.from_file(str(tiny_model / "tokenizer.json"))
    torch.manual_seed(8)
    shape = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "initializer_range": 0.1,
    }
    model = network.ReportRefiner(network.RefinerConfig(shape, FINDINGS))
    torch.nn.init.normal_(model.heads, std=0.5)
    export.export_refiner(model, tokenizer, folder, _TEXTS)
    hashes = {p.name for p in folder.iterdir()}
    assert {"model.onnx", "config.json", "tokenizer.json"} <= hashes
    return write_tiny_model(folder, write=False, policy={}, rules_weight={})


@pytest.fixture(scope="module")
def readers(bert: Path) -> tuple[PassageReader, PassageReader]:
    file = read_refiner_file(bert)
    by_torch = PassageReader(
        WordPiece.read(bert / "tokenizer.json", file.max_tokens), TorchNet(bert, "cpu")
    )
    return open_net(bert, file, "cpu"), by_torch


def test_onnx_and_torch_give_the_same_labels(readers: tuple[PassageReader, PassageReader]) -> None:
    by_onnx, by_torch = (np.stack([o.logits for o in reader(_TEXTS)]) for reader in readers)
    assert by_onnx.shape == by_torch.shape == (len(_TEXTS), len(FINDINGS), 4)
    same = by_onnx.argmax(axis=2) == by_torch.argmax(axis=2)
    # Of random weights, which leave every choice narrow; a trained net decides more clearly.
    assert same.mean() >= 0.97
    assert np.abs(by_onnx - by_torch).mean() < 0.1 * by_torch.std()


def test_padding_and_order_do_not_matter(readers: tuple[PassageReader, PassageReader]) -> None:
    for reader in readers:
        reader._tokens = 1 << 10  # all of them in one batch
        together = reader(_TEXTS)
        for text, outputs in zip(_TEXTS, together, strict=True):
            (alone,) = reader._read([text])  # not what is remembered
            assert alone.tags.shape == outputs.tags.shape
            np.testing.assert_allclose(alone.logits, outputs.logits, atol=1e-3)


def test_the_graph_scales_nothing_by_the_batch(bert: Path) -> None:
    import onnx

    kinds = {node.op_type for node in onnx.load(bert / "model.onnx").graph.node}
    assert "MatMulIntegerToFloat" in kinds
    assert not kinds & {"DynamicQuantizeLinear", "MatMulInteger"}


def test_integrated_gradients_add_up_to_what_the_sentence_says(bert: Path) -> None:
    pytest.importorskip("captum", reason="captum (extra [neural]) is not installed")
    labeler = Labeler(refine=bert)
    judge = labeler._refiner
    assert isinstance(judge, RefinerJudge)
    text = "Small pneumothorax, no dryness and bugs."
    labeled = labeler(text)
    (found,) = attribute(text, labeled, judge, method=INTEGRATED_GRADIENTS)
    assert found.finding == "Pneumothorax"
    assert found.method == INTEGRATED_GRADIENTS
    assert [text[w.start : w.end] for w in found.words][1] == "pneumothorax"
    scores = [word.score for word in found.words]
    assert all(np.isfinite(scores))
    assert any(word.kept for word in found.words) == (max(scores) > 0)
    assert 0 <= found.without <= 1


def test_the_map_places_texts_and_holds_none_of_them(bert: Path) -> None:
    pytest.importorskip("sklearn", reason="the map needs the extra [validate]")
    from chexlabel_neural.embedding_map import embed, embedding_map
    from chexlabel_neural.evaluate import GoldText

    texts = [GoldText(text, {"Edema": Label.POSITIVE} if "wet" in text else {}) for text in _TEXTS]
    found = embedding_map(bert, texts)
    assert len(found.x) == len(found.y) == len(found.labels) == len(texts)
    assert 0 <= min(*found.x, *found.y) <= max(*found.x, *found.y) <= 1
    assert found.names == ["nothing positive", "Edema"]
    assert found.labels.count("Edema") == sum("wet" in text for text in _TEXTS)
    assert "wetness" not in found.model_dump_json()
    alone = np.concatenate([embed(bert, [text]) for text in _TEXTS[:6]])
    assert embed(bert, _TEXTS[:6]) == pytest.approx(alone, abs=1e-4)  # padding is left out
    with pytest.raises(InputError, match="9 texts are too few"):
        embedding_map(bert, texts[:9])
