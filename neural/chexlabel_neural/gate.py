"""Which passages the net is asked about: those that it may read otherwise than the rules.

Most sentences of reports are ordinary ones, which rules and net read alike. A linear model tells
them, at a hundredth of the net's cost: over the words of a passage, their pairs, and each word with
each label that the rules give, since what the net objects to is a label in some words. Its features
are hashed (Weinberger et al. 2009, "Feature hashing for large scale multitask learning",
arXiv:0902.2206), so that its file holds no words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from chexlabel.errors import RefinerError

__all__ = ["Gate", "GateCost", "Look", "fit_gate", "gate_cost", "gate_features"]

Weights: TypeAlias = NDArray[np.float32]

_WORD: Final = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_EDGE: Final = "\n"  # stands for the beginning and the end of a passage
_BUCKETS: Final = 1 << 18
_MANY: Final = 3  # unknown words; more count as these
_EPOCHS: Final = 12
_BATCH: Final = 512


class Look(NamedTuple):
    """What the gate sees of a passage.

    Attributes:
        passage: its text.
        unknown: how many of its words the rules do not know (see `unknown_words`).
        said: what the rules say there: the places of findings among the net's heads, with classes
            (see `CHOICES`).
    """

    passage: str
    unknown: int
    said: frozenset[tuple[int, int]] = frozenset()


def gate_features(look: Look) -> list[int]:
    """Return the distinct hashed features of a passage, 0 to 262,143.

    They are its words, their pairs, the labels of the rules alone and with each word, and how many
    of the words the rules do not know. Letter case does not count, and every number is the same
    word.
    """
    words = ["0" if word.isdigit() else word for word in _WORD.findall(look.passage.lower())]
    labels = [f"{_EDGE}{finding}={value}" for finding, value in look.said]
    named = {*words, *labels, f"{_EDGE}{min(look.unknown, _MANY)}"}
    named.update([f"{one} {other}" for one, other in pairwise([_EDGE, *words, _EDGE])])
    named.update([f"{word}{label}" for label in labels for word in {*words}])
    hashed = {crc32(name.encode("utf-8", "replace")) % _BUCKETS for name in named}
    return sorted(hashed)


class Gate:
    """Says which passages the net is asked about.

    Args:
        weights: of the features, and last the bias, float32 [262,145].
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

    def scores(self, looks: Sequence[Look]) -> NDArray[np.float32]:
        """Return how likely the net reads each passage otherwise, as log odds, float [passages]."""
        if not looks:
            return np.empty(0, np.float32)
        rows = [gate_features(look) for look in looks]
        sizes = np.array([len(row) for row in rows])
        weights = self._weights[np.concatenate(rows)]
        sums = np.add.reduceat(weights, np.cumsum(sizes) - sizes)
        scores: NDArray[np.float32] = sums / np.sqrt(sizes, dtype=np.float32) + self._weights[-1]
        return scores

    def asks(self, looks: Sequence[Look]) -> NDArray[np.bool_]:
        """Tell of each passage whether the net is asked about it."""
        asked: NDArray[np.bool_] = self.scores(looks) >= self._least
        return asked


def fit_gate(looks: Sequence[Look], changed: Sequence[bool], *, seed: int = 1) -> Gate:
    """Fit a gate that lets everything through, by logistic regression; needs PyTorch.

    Args:
        looks: at passages, ordinary ones and others.
        changed: whether the net changes a label of the rules there.
        seed: of the order.

    Raises:
        ValueError: the net changes all passages, or none.
    """
    import torch

    if all(changed) or not any(changed):
        raise ValueError("a gate needs passages that the net changes, and others")
    ids = [torch.tensor(gate_features(look)) for look in looks]
    truth = torch.tensor(changed, dtype=torch.float32)
    torch.manual_seed(seed)
    table = torch.nn.EmbeddingBag(_BUCKETS, 1, mode="sum")
    torch.nn.init.zeros_(table.weight)
    bias = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([*table.parameters(), bias], lr=0.05)
    for _ in range(_EPOCHS):
        for batch in torch.randperm(len(ids)).split(_BATCH):
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


def gate_cost(gate: Gate, looks: Sequence[Look], changed: Sequence[bool]) -> GateCost:
    """Count the passages that a gate leaves to the rules, and those that it should not have."""
    skipped = ~gate.asks(looks)
    return GateCost(len(looks), int(skipped.sum()), int((skipped & np.array(changed)).sum()))
