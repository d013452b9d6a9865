"""Running the net: tokenising, batches of like length, ONNX Runtime on the CPU or PyTorch on a GPU.

On the CPU nothing of PyTorch is loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chexlabel.engine.memo import Memo
from chexlabel.errors import RefinerError
from chexlabel_neural.model_folder import (
    CONFIG,
    ONNX,
    TOKENIZER,
    VOCABULARY,
    WEIGHTS,
    check_files,
)
from chexlabel_neural.numbers import plain_numbers
from chexlabel_neural.wordpiece import Pieces, WordPiece

if TYPE_CHECKING:
    from chexlabel_neural.refiner_file import RefinerFile

__all__ = ["DEVICES", "Net", "Outputs", "PassageReader", "choose_device", "open_net"]

DEVICES: Final = ("auto", "cpu", "cuda", "mps")

Ids: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float32]

_CHUNK = 4096  # passages tokenised ahead of the net
_GPU_TOKENS = 1 << 17
_REMEMBERED: Final = 1 << 14  # passages whose outputs are kept


class Outputs(NamedTuple):
    """What the net says of one passage.

    Attributes:
        logits: [findings, 4], for blank, negative, uncertain, positive.
        tags: [tokens, findings], logits of the token being one of the words that decided; the
            special tokens at both ends included.
    """

    logits: Floats
    tags: Floats


class Net(Protocol):
    """The net on one device. Nets may be shared between threads."""

    tokens: int
    """How many tokens, padding included, a batch should have."""

    def __call__(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats]:
        """Return the logits [batch, findings, 4] and the tags [batch, tokens, findings].

        Args:
            ids: wordpieces, [batch, tokens].
            mask: 1 for a wordpiece, 0 for padding.

        Raises:
            MemoryError: the batch is too large for the device.
        """


class PassageReader:
    """Reads passages with the net, in batches of like length.

    Args:
        tokenizer: of the model's folder.
        net: the net on its device.
        vocabulary: the words of the training text, lower case; `None` where they are not known.
    """

    def __init__(
        self, tokenizer: WordPiece, net: Net, vocabulary: frozenset[str] | None = None
    ) -> None:
        self.tokenizer = tokenizer
        self.net = net
        self.vocabulary = vocabulary
        self._padding = tokenizer.padding
        self._tokens = net.tokens
        self._known = Memo(self._read, _REMEMBERED)
        self.opened_with: tuple[Path, RefinerFile, str] | None = None
        """The arguments of `open_net`, with which another process opens its own."""

    def __reduce__(self) -> tuple[object, ...]:
        if self.opened_with is None:
            raise TypeError("only a reader that open_net made can be pickled")
        return open_net, self.opened_with

    def __call__(self, passages: Sequence[str]) -> list[Outputs]:
        """Return what the net says of each passage, in order.

        Passages that differ by the digits of numbers alone are read once (see `plain_numbers`).

        Raises:
            RefinerError: not even one passage fits into the memory of the device.
        """
        return self._known.of([plain_numbers(passage) for passage in passages])

    def pieces(self, passage: str) -> Pieces:
        """Return the wordpieces of a passage that the net reads."""
        return self.tokenizer.pieces(plain_numbers(passage))

    def _read(self, passages: Sequence[str]) -> list[Outputs]:
        found: list[Outputs | None] = [None] * len(passages)
        offset = 0
        for ids in self._tokenised(passages):
            for batch in self._batches(ids):
                for index, outputs in zip(batch, self._run([ids[i] for i in batch]), strict=True):
                    found[offset + index] = outputs
            offset += len(ids)
        return [outputs for outputs in found if outputs is not None]

    def _tokenised(self, passages: Sequence[str]) -> Iterator[list[list[int]]]:
        """Yield the wordpieces chunk by chunk; the next chunk is made while the net runs."""

        def encode(start: int) -> list[list[int]]:
            return [self.tokenizer.ids(passage) for passage in passages[start : start + _CHUNK]]

        starts = range(0, len(passages), _CHUNK)
        if len(starts) < 2:
            yield from map(encode, starts)
            return
        from concurrent.futures import ThreadPoolExecutor  # a short table needs none

        with ThreadPoolExecutor(1) as ahead:
            following = ahead.submit(encode, starts[0])
            for start in starts[1:]:
                ready, following = following.result(), ahead.submit(encode, start)
                yield ready
            yield following.result()

    def _batches(self, ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
        """Yield the places of passages of like length, the longest first."""
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
        at = 0
        while at < len(order):
            size = max(1, self._tokens // max(1, len(ids[order[at]])))
            yield order[at : at + size]
            at += size

    def _run(self, ids: Sequence[Sequence[int]]) -> list[Outputs]:
        """Run one batch; when the memory does not take it, its halves, and smaller ones from now.

        The passages come the longest first.
        """
        longest = len(ids[0])
        padded = np.full((len(ids), longest), self._padding, dtype=np.int64)
        mask = np.zeros((len(ids), longest), dtype=np.int64)
        for row, pieces in enumerate(ids):
            padded[row, : len(pieces)] = pieces
            mask[row, : len(pieces)] = 1
        try:
            logits, tags = self.net(padded, mask)
        except MemoryError:
            if len(ids) == 1:
                raise RefinerError(
                    "the refiner does not fit into the memory of its device; free some, or choose "
                    "--device cpu or --no-refine"
                ) from None
            self._tokens = max(longest, self._tokens // 2)
            half = len(ids) // 2
            return [*self._run(ids[:half]), *self._run(ids[half:])]
        return [
            Outputs(logits[row].copy(), tags[row, : len(pieces)].astype(np.float16))
            for row, pieces in enumerate(ids)
        ]


class OnnxNet:
    """The net by ONNX Runtime on the CPU.

    Its activations are int8 in ranges that the model file fixes: what else is in a batch does not
    change the numbers of a passage.

    In a worker process it keeps to one thread: the processes share the cores among themselves.
    """

    tokens = 256  # what goes through a layer at once stays near the core's cache

    def __init__(self, path: Path) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = _threads()
        options.inter_op_num_threads = 1
        try:
            self._session: Any = ort.InferenceSession(
                os.fspath(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime has an exception class a status code
            raise RefinerError(
                f"{path}: ONNX Runtime cannot load it ({type(error).__name__}); "
                "a newer onnxruntime may be needed"
            ) from None
        outputs = [output.name for output in self._session.get_outputs()]
        if not {"labels", "tags"} <= set(outputs):
            raise RefinerError(f"{path}: it has the outputs {outputs}, not 'labels' and 'tags'")

    def __call__(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats]:
        """Run one batch (see `Net`)."""
        try:
            labels, tags = self._session.run(
                ["labels", "tags"], {"input_ids": ids, "attention_mask": mask}
            )
        except Exception as error:
            if "alloc" in str(error).lower():
                raise MemoryError from None
            raise
        return labels, tags


class TorchNet:
    """The net by PyTorch on a GPU, in bfloat16.

    Also runs on the CPU in float32, which is slow and for comparison.
    """

    tokens = _GPU_TOKENS

    def __init__(self, folder: Path, device: str) -> None:
        import torch

        self._torch = torch
        self._device = device
        dtype = torch.float32 if device == "cpu" else torch.bfloat16
        if (folder / WEIGHTS).is_file():
            from chexlabel_neural.model import ReportRefiner

            model = ReportRefiner.from_pretrained(
                os.fspath(folder), local_files_only=True, use_safetensors=True
            )
        else:  # the weights ship once, in the ONNX file
            from chexlabel_neural.export import load_refiner

            model = load_refiner(folder)
        self.model: Any = model.to(device=device, dtype=dtype).eval()

    def __call__(self, ids: Ids, mask: Ids) -> tuple[Floats, Floats]:
        """Run one batch (see `Net`)."""
        torch = self._torch
        try:
            with torch.inference_mode():
                found = self.model(
                    input_ids=torch.from_numpy(ids).to(self._device),
                    attention_mask=torch.from_numpy(mask).to(self._device),
                )
                labels, tags = found[:2] if isinstance(found, tuple) else (found.labels, found.tags)
                return labels.float().cpu().numpy(), tags.float().cpu().numpy()
        except torch.OutOfMemoryError:
            if self._device == "cuda":
                torch.cuda.empty_cache()
            raise MemoryError from None


def open_net(folder: Path, file: RefinerFile, device: str) -> PassageReader:
    """Load the net of a model folder.

    Args:
        folder: the model.
        file: its `refiner.json`.
        device: one of `DEVICES`.

    Raises:
        RefinerError: a file is missing or another than the released one, or there is no such
            device.
    """
    chosen = choose_device(device, may_use_gpu=(folder / CONFIG).is_file())
    weights = WEIGHTS if chosen != "cpu" and WEIGHTS in file.sha256 else ONNX
    names = [TOKENIZER, weights, *([] if chosen == "cpu" else [CONFIG])]
    if VOCABULARY in file.sha256:
        names.append(VOCABULARY)
    if file.gate is not None:
        names.append(file.gate.file)
    check_files(folder, names, file.sha256)
    net: Net = OnnxNet(folder / ONNX) if chosen == "cpu" else TorchNet(folder, chosen)
    vocabulary = None
    if VOCABULARY in file.sha256:
        vocabulary = frozenset((folder / VOCABULARY).read_text("utf-8").split())
    reader = PassageReader(WordPiece.read(folder / TOKENIZER, file.max_tokens), net, vocabulary)
    reader.opened_with = (folder, file, device)
    return reader


def choose_device(device: str, *, may_use_gpu: bool = True) -> str:
    """Return the device to use: "cpu", "cuda" or "mps".

    Args:
        device: one of `DEVICES`; "auto" is a GPU where PyTorch can use one, else the CPU.
        may_use_gpu: whether "auto" may choose a GPU.

    Raises:
        RefinerError: there is no such device here, or PyTorch is not installed.
    """
    if device not in DEVICES:
        raise RefinerError(f"device {device!r}: choose one of {', '.join(DEVICES)}")
    if device == "cpu":
        return device
    installed = all(find_spec(name) for name in ("torch", "transformers", "safetensors"))
    if device == "auto":
        # Loading PyTorch takes seconds: only where there may be a GPU.
        if not (installed and may_use_gpu and _sees_gpu()):
            return "cpu"
        return next((name for name in ("cuda", "mps") if _is_usable(name)), "cpu")
    if not installed:
        raise RefinerError(
            f"device {device!r}: a GPU needs PyTorch; install it with: "
            "python -m pip install 'chexlabel[neural]'"
        )
    if not _is_usable(device):
        raise RefinerError(
            f"device {device!r}: PyTorch finds none here; choose --device cpu, or install a "
            "PyTorch that was built for this GPU"
        )
    return device


def _is_usable(device: str) -> bool:
    import torch

    backend = torch.cuda if device == "cuda" else torch.backends.mps
    return bool(backend.is_available())


def _sees_gpu() -> bool:
    """Tell whether there may be a GPU, without loading PyTorch."""
    devices = (Path("/dev/nvidiactl"), Path("/dev/kfd"))  # NVIDIA's and AMD's drivers
    return sys.platform in ("win32", "darwin") or any(device.exists() for device in devices)


def _threads() -> int:
    """Return the number of threads: one in a worker process, else OMP_NUM_THREADS, else cores."""
    if multiprocessing.parent_process() is not None:
        return 1
    stated = os.environ.get("OMP_NUM_THREADS", "")
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
