"""Distillation: what several large networks say together, taught to one small one.

After Hinton et al. 2015, "Distilling the knowledge in a neural network", arXiv:1503.02531.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from chexlabel_neural.data import Example, drawn, varied
from chexlabel_neural.model import ReportRefiner
from chexlabel_neural.train import predict

__all__ = ["taught", "transfer_set"]


def transfer_set(
    examples: Sequence[Example],
    *,
    size: int | None = None,
    noise: float = 0.4,
    join: float = 0.2,
    seed: int = 1,
) -> list[Example]:
    """Return each example as it stands, or with slips, or with another one behind it.

    The variety is made once, before the teachers are asked, so that they answer just what the
    student reads.

    Args:
        examples: written passages, real sentences, composed statements.
        size: how many of them are drawn; all where there are not more.
        noise: share that gets the slips of typing.
        join: share that another example is put behind.
        seed: of the choice.
    """
    chance = random.Random(seed)  # noqa: S311 - no secret
    return [
        varied(example, examples, chance, noise=noise, join=join)
        for example in drawn(examples, size, chance)
    ]


def taught(
    examples: Sequence[Example],
    teachers: Sequence[tuple[ReportRefiner, Tokenizer]],
    on_teacher: Callable[[int, int], None] | None = None,
) -> list[Example]:
    """Return the examples with the mean of the teachers' probabilities.

    Args:
        examples: of the transfer set.
        teachers: networks of any depth, with their tokenizers.
        on_teacher: called with the number of teachers done and of all.
    """
    total: NDArray[np.float32] | None = None
    for done, (model, tokenizer) in enumerate(teachers, start=1):
        answers = predict(model, tokenizer, examples)
        total = answers if total is None else total + answers
        if on_teacher is not None:
            on_teacher(done, len(teachers))
    if total is None:
        raise ValueError("there is no teacher")
    mean = total / len(teachers)
    return [replace(example, soft=soft) for example, soft in zip(examples, mean, strict=True)]
