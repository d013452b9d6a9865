"""Which passages the net is asked about: those that it may read otherwise than the rules.

Most sentences of reports are ordinary ones, which rules and net read alike. A linear model over the
words of a passage and their pairs tells them, at a thousandth of the net's cost. Its features are
hashed (Weinberger et al. 2009, "Feature hashing for large scale multitask learning",
arXiv:0902.2206), so that its file holds no words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from chexlabel.errors import RefinerError

__all__ = ["Gate", "GateCost", "fit_gate", "gate_cost", "gate_features"]

Weights: TypeAlias = NDArray[np.float32]

_WORD: Final = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_EDGE: Final = "\n"  # stands for the beginning and the end of a passage
_BUCKETS: Final = 1 << 16
_MANY: Final = 3  # unknown words; more count as these
_EPOCHS: Final = 12
_BATCH: Final = 512


def gate_features(passage: str, unknown: int) -> list[int]:
    """Return the distinct hashed features of a passage, 0 to 65,535.

    They are its words, their pairs, and how many of the words the rules do not know. Letter case
    does not count, and every number is the same word.
    """
    words = ["0" if word.isdigit() else word for word in _WORD.findall(passage.lower())]
    pairs = (f"{one} {other}" for one, other in pairwise([_EDGE, *words, _EDGE]))
    named = {*words, *pairs, f"{_EDGE}{min(unknown, _MANY)}"}
    return sorted({crc32(name.encode("utf-8", "replace")) % _BUCKETS for name in named})


class Gate:
    """Says which passages the net is asked about.

    Args:
        weights: of the features, and last the bias, float32 [65,537].
        least: the lowest score at which the net is asked.
    """

    def __init__(self, weights: Weights, least: float) -> None:
        self._weights = weights
        self._least = least

    @classmethod
    def read(cls, path: Path, least: float) -> Gate:
        """Read the weights that `write` wrote.

        Raises:
            RefinerError: the file holds no such weights.
        """
        try:
            weights = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise RefinerError(f"{path}: cannot be read ({type(error).__name__})") from None
        if weights.dtype != np.float16 or weights.shape != (_BUCKETS + 1,):
            raise RefinerError(f"{path}: holds no weights of a gate")
        return cls(weights.astype(np.float32), least)

    def write(self, path: Path) -> None:
        """Write the weights as a NumPy array of half precision."""
        with path.open("wb") as file:
            np.save(file, self._weights.astype(np.float16), allow_pickle=False)

    def scores(self, passages: Sequence[str], unknown: Sequence[int]) -> NDArray[np.float32]:
        """Return how likely the net reads each passage otherwise, as log odds, float [passages].

        Args:
            passages: to be labeled.
            unknown: how many words of each the rules do not know (see `unknown_words`).
        """
        found = np.empty(len(passages), np.float32)
        for at, (passage, count) in enumerate(zip(passages, unknown, strict=True)):
            features = gate_features(passage, count)
            total = self._weights[features].sum() / np.sqrt(len(features))
            found[at] = total + self._weights[-1]
        return found

    def asks(self, passages: Sequence[str], unknown: Sequence[int]) -> NDArray[np.bool_]:
        """Tell of each passage whether the net is asked about it; arguments as of `scores`."""
        asked: NDArray[np.bool_] = self.scores(passages, unknown) >= self._least
        return asked


def fit_gate(
    passages: Sequence[str], changed: Sequence[bool], unknown: Sequence[int], *, seed: int = 1
) -> Gate:
    """Fit a gate that lets everything through, by logistic regression; needs PyTorch.

    Args:
        passages: ordinary ones and others.
        changed: whether the net changes a label of the rules there.
        unknown: how many words of each passage the rules do not know.
        seed: of the order.

    Raises:
        ValueError: the net changes all passages, or none.
    """
    import torch

    if all(changed) or not any(changed):
        raise ValueError("a gate needs passages that the net changes, and others")
    rows = [gate_features(*each) for each in zip(passages, unknown, strict=True)]
    ids = [torch.tensor(row) for row in rows]
    truth = torch.tensor(changed, dtype=torch.float32)
    torch.manual_seed(seed)
    table = torch.nn.EmbeddingBag(_BUCKETS, 1, mode="sum")
    torch.nn.init.zeros_(table.weight)
    bias = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([*table.parameters(), bias], lr=0.05)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(rows)).split(_BATCH):
            chosen = [ids[at] for at in batch.tolist()]
            sizes = torch.tensor([len(row) for row in chosen])
            starts = sizes.cumsum(0) - sizes
            score = table(torch.cat(chosen), starts)[:, 0] / sizes.sqrt() + bias
            loss = torch.nn.functional.binary_cross_entropy_with_logits(score, truth[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    weights = np.append(table.weight.detach().numpy()[:, 0], float(bias.detach()))
    return Gate(weights.astype(np.float16).astype(np.float32), -np.inf)


@dataclass(frozen=True, slots=True)
class GateCost:
    """What a gate saves and costs on passages that it was not fitted to.

    Attributes:
        passages: how many were looked at.
        skipped: how many of them the net is not asked about.
        lost: how many of these it would have changed.
    """

    passages: int
    skipped: int
    lost: int


def gate_cost(
    gate: Gate, passages: Sequence[str], changed: Sequence[bool], unknown: Sequence[int]
) -> GateCost:
    """Count the passages that a gate leaves to the rules, and those that it should not have."""
    skipped = ~gate.asks(passages, unknown)
    return GateCost(len(passages), int(skipped.sum()), int((skipped & np.array(changed)).sum()))
