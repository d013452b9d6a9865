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
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from chexlabel.errors import RefinerError
from chexlabel.patterns.vocabulary import ByWord

__all__ = [
    "Features",
    "Gate",
    "GateCost",
    "Look",
    "fit_gate",
    "gate_cost",
    "gate_features",
    "gate_words",
]

Codes: TypeAlias = NDArray[np.uint64]
Ids: TypeAlias = NDArray[np.int64]
Weights: TypeAlias = NDArray[np.float32]

_WORD: Final = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_EDGE: Final = np.uint64(1 << 32)  # stands for the beginning and the end of a passage
_BUCKETS: Final = 1 << 18
_SHIFT: Final = np.uint64(64 - 18)
_FACTORS: Final = [np.uint64((0x9E3779B97F4A7C15 * (2 * n + 1)) % (1 << 64)) for n in range(7)]
_MANY: Final = 3  # unknown words; more count as these
_EPOCHS: Final = 6
_RATE: Final = 0.01  # five times as much learns single passages by heart
_BATCH: Final = 512
_HASHING: Final = 2

_CODES = ByWord(lambda word: crc32(("0" if word.isdigit() else word).encode("utf-8", "replace")))
"""Word -> its code of 32 bits."""


class Look(NamedTuple):
    """What the gate sees of a passage.

    Attributes:
        words: its words and marks, lower case (see `gate_words`).
        unknown: how many of its words the rules do not know (see `unknown_words`).
        said: what the rules say there: the places of findings among the net's heads, with classes
            (see `CHOICES`).
    """

    words: Sequence[str]
    unknown: int
    said: frozenset[tuple[int, int]] = frozenset()


class Features(NamedTuple):
    """The features of some looks, those of one look not side by side.

    Attributes:
        ids: 0 to 262,143, int [features].
        looks: the place of the look that each belongs to, int [features].
    """

    ids: Ids
    looks: Ids


def gate_words(passage: str) -> list[str]:
    """Return the words, numbers and marks of a passage, lower case."""
    return _WORD.findall(passage.lower())


def gate_features(looks: Sequence[Look]) -> Features:
    """Return the hashed features of looks, each as often as it occurs.

    They are the words, their pairs, the labels of the rules alone and with each word, and how many
    of the words the rules do not know. Letter case does not count, and every number is the same
    word.
    """
    count = len(looks)
    every = np.arange(count)
    lengths = np.array([len(look.words) for look in looks], np.int64)
    codes = np.array([_CODES[word] for look in looks for word in look.words], np.uint64)
    owners = np.repeat(every, lengths)
    # An edge before each look's words, and one after the last.
    edges = np.append(np.cumsum(lengths) - lengths, lengths.sum())
    framed = np.insert(codes, edges, _EDGE)
    pair_owners = np.repeat(every, lengths + 1)
    unknown = np.array([min(look.unknown, _MANY) for look in looks], np.uint64)
    labels = np.array([f * 4 + v for look in looks for f, v in look.said], np.uint64)
    labelled = np.repeat(every, [len(look.said) for look in looks])
    # The words of its look, for each label.
    times = lengths[labelled]
    ends = np.cumsum(times)
    at = np.arange(times.sum()) - np.repeat(ends - times, times) + np.repeat(edges[labelled], times)
    groups = [
        (_hashed(codes, 0), owners),
        (_hashed(framed[:-1], 1) + _hashed(framed[1:], 2), pair_owners),
        (_hashed(unknown, 3), every),
        (_hashed(labels, 4), labelled),
        (_hashed(codes[at], 5) + _hashed(np.repeat(labels, times), 6), np.repeat(labelled, times)),
    ]
    ids = np.concatenate([hashed for hashed, _ in groups]) >> _SHIFT
    return Features(ids.astype(np.int64), np.concatenate([owner for _, owner in groups]))


def _hashed(codes: Codes, kind: int) -> Codes:
    """Spread codes over 64 bits, otherwise for each kind (multiplicative hashing, Knuth 1973)."""
    return (codes + np.uint64(1)) * _FACTORS[kind]


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
        fits = weights.dtype == np.float16 and weights.shape == (_BUCKETS + 2,)
        if not (fits and weights[-1] == _HASHING):
            raise RefinerError(
                f"{path}: holds no weights of a gate, or those of an older chexlabel; make it anew "
                "with: chexlabel calibrate"
            )
        return cls(weights[:-1].astype(np.float32), least)

    def write(self, path: Path) -> None:
        """Write the weights as a NumPy array of half precision.

        The last number stands for the way of hashing: the weights of another are of no use.
        """
        with path.open("wb") as file:
            weights = np.append(self._weights, _HASHING).astype(np.float16)
            np.save(file, weights, allow_pickle=False)

    def scores(self, looks: Sequence[Look]) -> NDArray[np.float32]:
        """Return how likely the net reads each passage otherwise, as log odds, float [passages]."""
        if not looks:
            return np.empty(0, np.float32)
        ids, owners = gate_features(looks)
        sizes = np.bincount(owners, minlength=len(looks))
        sums = np.bincount(owners, self._weights[ids], len(looks))
        return np.asarray(sums / np.sqrt(sizes) + self._weights[-1], np.float32)

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
    ids = [torch.from_numpy(gate_features([look]).ids) for look in looks]
    truth = torch.tensor(changed, dtype=torch.float32)
    torch.manual_seed(seed)
    table = torch.nn.EmbeddingBag(_BUCKETS, 1, mode="sum")
    torch.nn.init.zeros_(table.weight)
    bias = torch.nn.Parameter(torch.zeros(()))
    optimizer = torch.optim.Adam([*table.parameters(), bias], lr=_RATE)
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
