"""Wilson intervals of shares: honest at 19 of 19, where resampling sees no spread at all.

A bootstrap of a figure without an error gives 1.000 to 1.000, as if none could ever occur. The
score interval of Wilson (1927, J Am Stat Assoc 22:209) does not. Where cases are not independent
(several reports of a patient, findings pooled within a report) it takes the effective number of
cases in their place (Korn & Graubard 1998; Dean & Pagano 2015): as many independent ones as would
make the share vary as the resampled one does, or where that does not vary the number of clusters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from chexlabel.validation.intervals import Bootstrap, figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from chexlabel.validation.results import Figure

__all__ = ["f1_figure", "is_degenerate", "mean_figure", "share_figure", "wilson"]

_NO_WIDTH: Final = 1e-9


def wilson(share: float, cases: float, level: float) -> tuple[float, float]:
    """Return the bounds of Wilson's score interval.

    Args:
        share: the share of the cases for which it holds.
        cases: their number, above 0; a fraction for an effective number.
        level: level of the interval.

    >>> [round(bound, 3) for bound in wilson(19 / 19, 19, 0.95)]
    [0.832, 1.0]
    """
    from scipy.stats import norm

    z2 = float(norm.ppf(0.5 + level / 2)) ** 2
    centre = share + z2 / (2 * cases)
    spread = np.sqrt(z2 * (share * (1 - share) / cases + z2 / (4 * cases**2)))
    scale = 1 + z2 / cases
    return max(0.0, float(centre - spread) / scale), min(1.0, float(centre + spread) / scale)


def share_figure(
    hits: float, cases: float, clusters: int, samples: NDArray[np.float64], bootstrap: Bootstrap
) -> Figure:
    """Return a share with its interval; undefined without a case, and without resamples no bounds.

    Args:
        hits: cases for which it holds.
        cases: all cases.
        clusters: clusters that the cases come from; as many as cases where these are independent.
        samples: the share in each resample, NaN where undefined.
        bootstrap: what made the resamples.
    """
    if not cases:
        return figure(np.nan)
    share = hits / cases
    if not bootstrap.resamples:
        return figure(share)
    effective = _effective_cases(share, cases, clusters, samples)
    return figure(share, *wilson(share, effective, bootstrap.level))


def f1_figure(
    hits: float, cases: float, clusters: int, samples: NDArray[np.float64], bootstrap: Bootstrap
) -> Figure:
    """Return an F1 with its interval.

    F1 grows with the share J of hits among all that gold or labeler call positive (Jaccard's
    index): F1 = 2 J / (1 + J). The bounds are those of J, so turned.

    Args:
        hits: true positives.
        cases: true positives, false positives and false negatives.
        clusters: clusters that these come from.
        samples: the F1 in each resample.
        bootstrap: what made the resamples.
    """
    jaccard = share_figure(hits, cases, clusters, samples / (2 - samples), bootstrap)
    low, value, high = (
        np.nan if bound is None else 2 * bound / (1 + bound)
        for bound in (jaccard.low, jaccard.value, jaccard.high)
    )
    return figure(value, low, high)


def is_degenerate(resampled: Figure) -> bool:
    """Tell whether a bootstrap interval has no width, for want of an error to resample."""
    low, high = resampled.low, resampled.high
    return low is not None and high is not None and high - low < _NO_WIDTH


def mean_figure(
    parts: Sequence[Figure], weights: NDArray[np.float64] | NDArray[np.bool_], resampled: Figure
) -> Figure:
    """Return a mean over findings: as resampled, or where no resample had an error, of its parts.

    The bounds of a mean follow from those of its parts by their squared distances (MOVER, Zou &
    Donner 2008), taken as independent.

    Args:
        parts: the findings' figures.
        weights: their weights, or which of them count.
        resampled: the mean and its bootstrap interval.
    """
    if resampled.value is None or not is_degenerate(resampled):
        return resampled
    total = float(np.sum(weights))
    below = above = 0.0
    for part, weight in zip(parts, np.asarray(weights, dtype=np.float64).tolist(), strict=True):
        if part.value is not None and part.low is not None and part.high is not None:
            below += (weight / total * (part.value - part.low)) ** 2
            above += (weight / total * (part.high - part.value)) ** 2
    return figure(
        resampled.value, resampled.value - np.sqrt(below), resampled.value + np.sqrt(above)
    )


def _effective_cases(
    share: float, cases: float, clusters: int, samples: NDArray[np.float64]
) -> float:
    if clusters >= cases:
        return cases
    defined = samples[np.isfinite(samples)]
    variance = float(defined.var()) if len(defined) > 1 else 0.0
    if not 0 < share < 1 or not variance:
        return max(1.0, clusters)
    # Never more than the cases there are: that would be luck of the resamples.
    return min(cases, max(1.0, share * (1 - share) / variance))
