"""`ClinicalEfficacy` as a torchmetrics metric: in a `MetricCollection`, in Lightning, on many GPUs.

    from chexlabel.metrics.torchmetrics import ClinicalEfficacy

It needs torch and torchmetrics, which no extra of this package installs.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from chexlabel.metrics.efficacy import ClinicalEfficacy as _Efficacy
from chexlabel.metrics.efficacy import flat_scores
from chexlabel.validation.intervals import Bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chexlabel.engine.labeler import Labeler

__all__ = ["ClinicalEfficacy"]

_numbers: Final = count()
_number_of: Final[WeakKeyDictionary[Labeler, int]] = WeakKeyDictionary()
"""A number for each labeler that a metric was made with."""


class ClinicalEfficacy(Metric):
    """Precision, recall and F1 of the findings that generated reports state.

    The state is the labels, as one small integer a finding and report; processes that train
    together gather it, so that the scores are those of all reports and not a mean of means. In a
    `MetricCollection`, metrics that share a labeler share it too, and label each text once; those
    of other labelers have their own.

    Args:
        labeler: as for `chexlabel.metrics.ClinicalEfficacy`.
        uncertain: likewise.
        subset: likewise.
        **kwargs: of `torchmetrics.Metric`.

    Raises:
        ValidationError: as `chexlabel.metrics.ClinicalEfficacy`.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    labeled_by: torch.Tensor
    predicted: list[torch.Tensor]
    references: list[torch.Tensor]

    def __init__(
        self,
        labeler: Labeler | None = None,
        *,
        uncertain: str = "positive",
        subset: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.efficacy = _Efficacy(labeler, uncertain=uncertain, subset=subset)
        """What labels and scores."""
        # A collection updates but one of the metrics whose states are alike after the first batch,
        # as those of two labelers may be: the state says whose labels it holds.
        number = _number_of.setdefault(self.efficacy.labeler, next(_numbers))
        self.add_state("labeled_by", default=torch.tensor(number), dist_reduce_fx="max")
        self.add_state("predicted", default=[], dist_reduce_fx="cat")
        self.add_state("references", default=[], dist_reduce_fx="cat")

    def update(self, predictions: Sequence[str], references: Sequence[str]) -> None:
        """Take more pairs of reports; as `chexlabel.metrics.ClinicalEfficacy.update`."""
        predicted, gold = self.efficacy.encode(predictions, references)
        self.predicted.append(torch.from_numpy(predicted).to(self.device))
        self.references.append(torch.from_numpy(gold).to(self.device))

    def compute(self) -> dict[str, torch.Tensor]:
        """Return the scores, named as by `chexlabel.metrics.ClinicalEfficacy.compute`."""
        predicted, gold = (
            np.asarray(dim_zero_cat(state).cpu()) if len(state) else np.empty((0, 0), np.int8)
            for state in (self.predicted, self.references)
        )
        result = self.efficacy.score(predicted, gold, Bootstrap(len(gold), 0))
        return {name: torch.tensor(value) for name, value in flat_scores(result).items()}
