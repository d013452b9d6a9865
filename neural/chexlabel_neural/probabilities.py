"""Probabilities of logits, and how true they are."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["calibration_error", "sigmoid", "softmax"]

_Float = TypeVar("_Float", bound=np.floating[Any])


def softmax(logits: NDArray[_Float]) -> NDArray[_Float]:
    """Return the probabilities along the last axis, of the logits' type."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: NDArray[_Float] = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def sigmoid(logits: NDArray[_Float]) -> NDArray[_Float]:
    """Return the probability of each logit, of the logits' type."""
    result: NDArray[_Float] = 1 / (1 + np.exp(-logits))
    return result


def calibration_error(
    confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_], bins: int = 15
) -> float:
    """Return the expected calibration error.

    After Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599.

    Args:
        confidence: probability of what was chosen, 0 to 1, [cells].
        right: whether it was right, [cells].
        bins: equal intervals of confidence.

    >>> round(calibration_error(np.array([0.9, 0.9, 0.6]), np.array([True, True, False])), 2)
    0.27
    """
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=right.astype(np.float64) - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))
