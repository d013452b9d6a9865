"""Passages that need no second reader: those made only of word sequences read alike by both.

Most sentences of reports are built of the same sequences of words. Where rules and net agreed on
all passages of a large text in which a sequence stands, the net is not asked about a passage made
of such sequences alone. `measure_cascade` says what that saves and costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chexlabel.engine.judgement import REFINER
from chexlabel.engine.judges import Judge
from chexlabel.errors import RefinerError

__all__ = ["CascadeCost", "KnownSequences", "measure_cascade", "sequence_hashes"]

Hashes: TypeAlias = NDArray[np.uint64]

_WORD: Final = re.compile(r"[^\W\d_]+|\d+|[^\w\s]")
_EDGE: Final = "\n"  # stands for the beginning and the end of a passage


def sequence_hashes(passage: str, order: int) -> list[int]:
    """Return 64-bit hashes of the word sequences of a passage, its edges included.

    Letter case does not count, and every number is the same word.

    Args:
        passage: the text.
        order: words in a sequence.
    """
    words = ["0" if word.isdigit() else word for word in _WORD.findall(passage.lower())]
    edges = [_EDGE] * (order - 1)
    padded = [*edges, *words, *edges]
    return [
        int.from_bytes(
            blake2b(" ".join(padded[at : at + order]).encode(), digest_size=8).digest(), "little"
        )
        for at in range(len(padded) - order + 1)
    ]


class KnownSequences:
    """The word sequences on which rules and net are known to agree.

    Args:
        hashes: of the sequences.
        order: words in a sequence.

    >>> known = KnownSequences.of(["no effusion", "no acute effusion"], [], order=2)
    >>> known.cover(["No acute effusion", "acute effusion"])
    [True, False]
    """

    def __init__(self, hashes: Hashes, order: int) -> None:
        self._hashes = np.unique(hashes)
        self._order = order

    def __len__(self) -> int:
        return len(self._hashes)

    @classmethod
    def of(cls, agreed: Iterable[str], disputed: Iterable[str], order: int) -> KnownSequences:
        """Collect the sequences of passages read alike that stand in none read differently."""
        known = {hashed for passage in agreed for hashed in sequence_hashes(passage, order)}
        for passage in disputed:
            known.difference_update(sequence_hashes(passage, order))
        return cls(np.array(sorted(known), np.uint64), order)

    @classmethod
    def read(cls, path: Path, order: int) -> KnownSequences:
        """Read what `write` wrote.

        Raises:
            RefinerError: the file is no array of hashes.
        """
        try:
            hashes = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise RefinerError(f"{path}: cannot be read ({type(error).__name__})") from None
        if hashes.dtype != np.uint64 or hashes.ndim != 1:
            raise RefinerError(f"{path}: holds no list of 64-bit hashes")
        return cls(hashes, order)

    def write(self, path: Path) -> None:
        """Write the hashes as a NumPy array."""
        with path.open("wb") as file:
            np.save(file, self._hashes, allow_pickle=False)

    def cover(self, passages: Sequence[str]) -> list[bool]:
        """Tell of each passage whether it is made of known sequences only."""
        if not len(self._hashes) or not passages:
            return [False] * len(passages)
        each = [sequence_hashes(passage, self._order) for passage in passages]
        wanted = np.array([hashed for hashes in each for hashed in hashes], np.uint64)
        places = np.searchsorted(self._hashes, wanted).clip(max=len(self._hashes) - 1)
        unknown = (self._hashes[places] != wanted).astype(np.int64)
        ends = np.cumsum([len(hashes) for hashes in each])
        before = np.concatenate(([0], np.cumsum(unknown)))
        missing = before[ends] - before[np.concatenate(([0], ends[:-1]))]
        found: list[bool] = (missing == 0).tolist()
        return found


@dataclass(frozen=True, slots=True)
class CascadeCost:
    """What leaving passages to the rules saves and costs.

    Attributes:
        passages: how many were looked at.
        skipped: how many of them the net is not asked about.
        lost: how many of these it would have changed.
    """

    passages: int
    skipped: int
    lost: int


def measure_cascade(known: KnownSequences, judge: Judge, passages: Sequence[str]) -> CascadeCost:
    """Count the passages that a cascade leaves to the rules, and those it should not have.

    Args:
        known: the sequences.
        judge: the refiner, which is asked about all passages.
        passages: distinct passages that `known` was not made of.
    """
    covered = known.cover(passages)
    skipped = [passage for passage, is_known in zip(passages, covered, strict=True) if is_known]
    lost = sum(any(j.source == REFINER for j in found) for found in judge(skipped))
    return CascadeCost(len(passages), len(skipped), lost)
