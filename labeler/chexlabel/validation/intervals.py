"""Percentile bootstrap intervals from per-cluster counts, vectorised over the resamples.

A resample draws as many clusters (patients, or single reports) as there are, with replacement
(Efron & Tibshirani 1993; Field & Welsh 2007 for clusters). Drawing is the same as giving each
cluster an integer weight, so whatever is a sum over reports is, for all resamples at once, one
matrix product: weights [resamples, clusters] x counts [clusters, cells]. Every figure that is a
function of such sums (all but the area under a curve) follows without looking at a report again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from chexlabel.errors import ValidationError
from chexlabel.validation.results import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["Bootstrap", "figure"]

_CELLS_AT_ONCE: Final = 1 << 24  # weights in memory at a time (64 MiB as float32)
_DEFINED_SHARE: Final = 0.95  # of the resamples must define a figure, else it has no interval


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """A seeded set of resamples; every call sees the same ones, so that differences are paired.

    Attributes:
        clusters: number of clusters drawn from.
        resamples: number of resamples; 0 for no intervals.
        level: level of the interval, such as 0.95.
        seed: seed of the generator.
    """

    clusters: int
    resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if self.resamples < 0:
            raise ValidationError(f"{self.resamples} resamples: give 0 or more")
        if not 0.0 < self.level < 1.0:
            raise ValidationError(f"interval level {self.level}: give a share such as 0.95")
        if self.seed < 0:
            raise ValidationError(f"seed {self.seed}: give 0 or more")

    def weights(self) -> Iterator[NDArray[np.float32]]:
        """Yield blocks of resamples: how often each cluster was drawn, shape [block, clusters]."""
        generator = np.random.default_rng(self.seed)
        block = max(1, _CELLS_AT_ONCE // self.clusters)
        for start in range(0, self.resamples, block):
            size = min(block, self.resamples - start)
            drawn = generator.integers(self.clusters, size=(size, self.clusters))
            drawn += np.arange(size)[:, None] * self.clusters
            counts = np.bincount(drawn.ravel(), minlength=size * self.clusters)
            yield counts.reshape(size, self.clusters).astype(np.float32)

    def totals(self, counts: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum per-cluster counts over each resample.

        Args:
            counts: shape [clusters, ...].

        Returns:
            Sums, shape [resamples, ...].
        """
        flat = counts.reshape(self.clusters, -1)
        # Most cells of the confusion matrices are empty; leave them out of the product.
        used = np.flatnonzero(flat.any(axis=0))
        dense = np.ascontiguousarray(flat[:, used], dtype=np.float32)
        sums = np.zeros((self.resamples, flat.shape[1]))
        start = 0
        for block in self.weights():
            # float32 sums of counts are exact below 2**24, far above any number of reports in one
            # cell; beyond it the error is a rounding one of 1e-7.
            sums[start : start + len(block), used] = block @ dense
            start += len(block)
        return sums.reshape(self.resamples, *counts.shape[1:])

    def interval(
        self, samples: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the percentile bounds over the first axis; NaN where too few define the figure.

        Args:
            samples: the figure in each resample, shape [resamples, ...]; NaN where undefined.
        """
        shape = samples.shape[1:]
        if not self.resamples:
            return np.full(shape, np.nan), np.full(shape, np.nan)
        tail = (1.0 - self.level) / 2.0
        defined = np.isfinite(samples).mean(axis=0) >= _DEFINED_SHARE
        bounds = np.full((2, *shape), np.nan)
        if defined.any():
            bounds[:, defined] = np.nanquantile(samples[:, defined], [tail, 1.0 - tail], axis=0)
        return bounds[0], bounds[1]

    def figure(self, value: float, samples: NDArray[np.float64]) -> Figure:
        """Put an estimate and the interval of its resampled values, shape [resamples], together."""
        low, high = self.interval(samples)
        return figure(value, float(low), float(high))


def figure(value: float, low: float = np.nan, high: float = np.nan) -> Figure:
    """Make a `Figure`, NaN as `None`; an undefined estimate has no interval."""
    if not np.isfinite(value):
        return Figure(value=None)
    return Figure(
        value=float(value),
        low=float(low) if np.isfinite(low) else None,
        high=float(high) if np.isfinite(high) else None,
    )
