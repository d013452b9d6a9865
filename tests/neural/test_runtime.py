"""Running the net: batches, memory that does not suffice, devices, and what is loaded when."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy", reason="numpy (extra [refine]) is not installed")

import numpy as np

from chexlabel import RefinerError
from chexlabel_neural.refiner_file import read_refiner_file
from chexlabel_neural.runtime import PassageReader, choose_device, open_net
from chexlabel_neural.select import default_model
from chexlabel_neural.wordpiece import WordPiece

_FILLER = "word"


class _Echo:
    """A net that says how many words a passage has; more than `room` tokens do not fit."""

    def __init__(self, tokens: int, room: int) -> None:
        self.tokens = tokens
        self.room = room
        self.shapes: list[tuple[int, int]] = []

    def __call__(self, ids: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if ids.size > self.room:
            raise MemoryError
        self.shapes.append(ids.shape)
        logits = np.zeros((len(ids), 1, 4), np.float32)
        logits[:, 0, 0] = mask.sum(axis=1)
        return logits, np.zeros((*ids.shape, 1), np.float32)


def _reader(model: Path, net: _Echo) -> PassageReader:
    return PassageReader(WordPiece.read(model / "tokenizer.json", 160), net)


def _words(counts: list[int]) -> list[str]:
    return [" ".join([_FILLER] * count) for count in counts]


def test_passages_of_like_length_share_a_batch_and_keep_their_order(tiny_model: Path) -> None:
    net = _Echo(tokens=64, room=10**6)
    counts = [1, 40, 3, 2, 30, 5, 1, 8, 0]
    found = _reader(tiny_model, net)(_words(counts))
    assert [int(outputs.logits[0, 0]) - 2 for outputs in found] == counts
    assert [len(outputs.tags) - 2 for outputs in found] == counts
    assert all(rows * length <= 64 for rows, length in net.shapes)
    assert len(net.shapes) < len(counts)


def test_more_passages_than_a_chunk_keep_their_order(tiny_model: Path) -> None:
    # Capitals, which the net does not see, make each of them another one.
    bits = [[number >> bit & 1 for bit in range(14)] for number in range(9000)]
    passages = [" ".join(_FILLER.title() if bit else _FILLER for bit in row) for row in bits]
    more = [number % 7 for number in range(9000)]
    passages = [text + f" {_FILLER}" * count for text, count in zip(passages, more, strict=True)]
    found = _reader(tiny_model, _Echo(tokens=1 << 14, room=10**7))(passages)
    assert [int(outputs.logits[0, 0]) - 2 - 14 for outputs in found] == more


def test_what_differs_by_a_number_alone_is_read_once(tiny_model: Path) -> None:
    net = _Echo(tokens=64, room=10**6)
    reader = _reader(tiny_model, net)
    one, other, longer = reader(["Tip 4.5 cm above", "Tip 3.1 cm above", "Tip 12 mm above it"])
    assert one is other
    assert longer is not one
    assert [rows for rows, _ in net.shapes] == [2]
    (again,) = reader(["Tip 9.9 cm above"])
    assert again is one
    assert len(net.shapes) == 1
    assert [reader.pieces(text).offsets for text in ("7 cm", "0 cm")] == [
        [(0, 0), (0, 1), (2, 4), (0, 0)]
    ] * 2


def test_out_of_memory_halves_the_batch_and_goes_on(tiny_model: Path) -> None:
    net = _Echo(tokens=4096, room=40)
    reader = _reader(tiny_model, net)
    counts = [8, 1, 2, 7, 3, 6, 5, 0, 4]
    assert [int(o.logits[0, 0]) - 2 for o in reader(_words(counts))] == counts
    assert all(rows * length <= 40 for rows, length in net.shapes)
    # From now on batches are small from the start.
    again = net.shapes.copy()
    net.shapes.clear()
    others = [text.title() for text in _words(counts)]  # the same to the net, but new
    assert [int(o.logits[0, 0]) - 2 for o in reader(others)] == counts
    assert 0 < len(net.shapes) <= len(again)
    with pytest.raises(RefinerError, match="does not fit into the memory"):
        reader(_words([100]))


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(RefinerError, match="choose one of auto, cpu, cuda, mps"):
        choose_device("tpu")
    assert choose_device("cpu") == "cpu"
    assert choose_device("auto", may_use_gpu=False) == "cpu"


def test_a_gpu_without_pytorch_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chexlabel_neural.runtime.find_spec", lambda _: None)
    with pytest.raises(RefinerError, match=r"chexlabel\[neural\]"):
        choose_device("cuda")
    assert choose_device("auto") == "cpu"


def test_the_rules_alone_load_nothing_of_the_refiner() -> None:
    code = (
        "import sys, chexlabel; chexlabel.Labeler(refine=False).label('No edema.');"
        "print([m for m in sys.modules if m.partition('.')[0] in "
        "('chexlabel_neural', 'numpy', 'onnxruntime', 'tokenizers', 'torch')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_passage_is_read_alike_whatever_its_neighbours() -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime (extra [refine]) is not installed")
    folder = default_model("chexpert14")
    assert folder is not None
    reader = open_net(folder, read_refiner_file(folder), "cpu")
    passages = [
        "No effusion.",
        "Lungs are clear " * 9,
        "The left costophrenic angle is hazy.",
        "XX",
    ]
    together = reader(passages)
    for passage, outputs in zip(passages, together, strict=True):
        (alone,) = open_net(folder, read_refiner_file(folder), "cpu")([passage])
        assert np.array_equal(alone.logits, outputs.logits)
        assert np.array_equal(alone.tags, outputs.tags)


def test_its_weights_are_of_seven_bits_so_that_every_processor_adds_up_the_same() -> None:
    onnx = pytest.importorskip("onnx", reason="onnx (extra [neural]) is not installed")
    folder = default_model("chexpert14")
    assert folder is not None
    graph = onnx.load(folder / "model.onnx").graph
    arrays = {item.name: onnx.numpy_helper.to_array(item) for item in graph.initializer}
    factors = [node.input[1] for node in graph.node if node.op_type.startswith("MatMulInteger")]
    assert len(factors) >= 4 * 6
    # Two products of 8 bits (the activation) and 7 must fit into 16.
    assert max(int(np.abs(arrays[name].astype(int)).max()) for name in factors) * 2 * 255 < 1 << 15


def test_on_the_cpu_nothing_of_pytorch_is_loaded(tiny_model: Path) -> None:
    code = (
        f"import sys, chexlabel; labeler = chexlabel.Labeler(refine={str(tiny_model)!r});"
        "assert labeler.refiner; labeler('Wetness.');"
        "print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False"
