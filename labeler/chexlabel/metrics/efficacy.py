"""Clinical efficacy: do generated reports state the findings of the reference reports?"""

from __future__ import annotations

from collections import ChainMap
from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

from chexlabel.engine.labeler import Labeler
from chexlabel.errors import ValidationError
from chexlabel.report import several
from chexlabel.validation.generation import label_codes, score_codes, usual_subset
from chexlabel.validation.intervals import Bootstrap
from chexlabel.validation.values import UncertainPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chexlabel.validation.results import ScoreResult, SetScore
    from chexlabel.validation.values import Codes

__all__ = ["ClinicalEfficacy", "flat_scores"]

_AVERAGES: Final = ("micro", "macro", "example")
_REMEMBERED: Final = 1 << 17
"""References whose labels are kept, at most; when there are more, all are forgotten."""
_RATES: Final = ("precision", "recall", "f1")


class ClinicalEfficacy:
    """Precision, recall and F1 of the findings that generated reports state.

    Both sides are labeled, and the labels compared as if the references' were the gold: the
    protocol of Chen et al. 2020 (arXiv:2010.16056) and of F1-CheXbert (Smit et al. 2020,
    arXiv:2004.09167), with this package's labels in CheXbert's place. What `chexlabel score` does
    with files, this does with texts in memory, by the same functions.

    Either in one call, `compute(predictions, references)`, or batch by batch with `update` and,
    at the end of an epoch, `compute()` and `reset()`. Sentences that were labeled once are
    remembered, so later epochs cost less. It is picklable, not safe to share between threads.

    Args:
        labeler: labels the texts; default `Labeler()`. `Labeler(refine=False)` is the fastest.
        uncertain: what an uncertain label counts as: "positive", as F1-CheXbert counts it;
            "negative" and "as-is" both mean not positive; "ignore" leaves out the pairs whose
            reference is uncertain.
        subset: the findings of the smaller set; default the usual five of the CheXpert
            competition, where the labeler has them all.

    Raises:
        ValidationError: `uncertain` is no policy, or the labeler lacks a finding of the subset.

    >>> metric = ClinicalEfficacy()
    >>> scores = metric.compute(["Small effusion. No edema."], ["Large effusion and edema."])
    >>> scores["micro_precision_14"], scores["micro_recall_14"], round(scores["micro_f1_5"], 2)
    (1.0, 0.5, 0.67)
    """

    def __init__(
        self,
        labeler: Labeler | None = None,
        *,
        uncertain: str = "positive",
        subset: Sequence[str] | None = None,
    ) -> None:
        self._labeler = labeler if labeler is not None else Labeler()
        if uncertain not in tuple(UncertainPolicy):
            raise ValidationError(
                f"uncertain {uncertain!r}: choose one of {', '.join(UncertainPolicy)}"
            )
        self.uncertain = UncertainPolicy(uncertain)
        """What an uncertain label counts as."""
        self.subset = usual_subset(self.labeler.findings, subset)
        """The findings of the smaller set, if there is one."""
        self._predicted: list[Codes] = []
        self._references: list[Codes] = []
        self._known: dict[str, Codes] = {}  # of references, which come again with every epoch

    def __getstate__(self) -> dict[str, object]:
        return self.__dict__ | {"_known": {}}  # texts are not sent to other processes

    @property
    def labeler(self) -> Labeler:
        """What labels the texts."""
        return self._labeler

    def __len__(self) -> int:
        """Return the number of pairs taken since the last reset."""
        return sum(map(len, self._predicted))

    def update(self, predictions: Sequence[str], references: Sequence[str]) -> None:
        """Take more pairs of reports.

        Args:
            predictions: generated reports.
            references: the radiologists' reports, in the same order.

        Raises:
            TypeError: one report instead of several, or something else than text.
            ValidationError: not as many predictions as references.
        """
        predicted, gold = self.encode(predictions, references)
        self._predicted.append(predicted)
        self._references.append(gold)

    def compute(
        self,
        predictions: Sequence[str] | None = None,
        references: Sequence[str] | None = None,
    ) -> dict[str, float]:
        """Return the scores of the pairs given, or else of those taken since the last reset.

        Args:
            predictions: generated reports; what `update` took is then neither used nor changed.
            references: the radiologists' reports, in the same order.

        Returns:
            "micro_precision_14", "micro_recall_14", "micro_f1_14", the same for "macro" (mean over
            the findings) and "example" (mean over the reports), and "exact_match_14"; and all of
            these with the size of the smaller set, as in "micro_f1_5". A rate without cases is 0.

        Raises:
            TypeError: as for `update`.
            ValidationError: as for `update`; or there are no pairs.
        """
        return flat_scores(self.result(predictions, references))

    def result(
        self,
        predictions: Sequence[str] | None = None,
        references: Sequence[str] | None = None,
        *,
        resamples: int = 0,
        level: float = 0.95,
        seed: int = 0,
    ) -> ScoreResult:
        """Return all figures, finding by finding too, and their intervals if wanted.

        Args:
            predictions: as for `compute`.
            references: as for `compute`.
            resamples: bootstrap resamples of reports; 0 for no intervals.
            level: level of the intervals.
            seed: seed of the resamples.

        Raises:
            TypeError: as for `update`.
            ValidationError: as for `compute`.
        """
        if (predictions is None) != (references is None):
            raise ValidationError("give both predictions and references, or neither")
        if predictions is not None and references is not None:
            predicted, gold = self.encode(predictions, references)
        elif self._predicted:
            predicted, gold = np.concatenate(self._predicted), np.concatenate(self._references)
        else:
            predicted = gold = np.empty((0, len(self.labeler.findings)), dtype=np.int8)
        return self.score(predicted, gold, Bootstrap(len(gold), resamples, level, seed))

    def reset(self) -> None:
        """Forget the pairs taken; what was learnt of their sentences stays."""
        self._predicted.clear()
        self._references.clear()

    def encode(self, predictions: Sequence[str], references: Sequence[str]) -> tuple[Codes, Codes]:
        """Label both sides: two arrays of label classes, shape [reports, findings].

        Raises:
            TypeError: as for `update`.
            ValidationError: as for `update`.
        """
        sides = (_listed(predictions), _listed(references))
        if len(sides[0]) != len(sides[1]):
            raise ValidationError(
                f"{len(sides[0])} predictions and {len(sides[1])} references; give one for one"
            )
        known = self._known
        new = [text for text in dict.fromkeys(chain(*sides)) if text not in known]
        labeled = dict(zip(new, label_codes(self.labeler, new), strict=True))
        codes = ChainMap(labeled, known)
        empty = np.empty((0, len(self.labeler.findings)), np.int8)
        predicted, gold = (
            np.stack([codes[text] for text in texts]) if texts else empty for texts in sides
        )
        known.update((text, labeled[text]) for text in sides[1] if text in labeled)
        if len(known) > _REMEMBERED:
            known.clear()
        return predicted, gold

    def score(self, predicted: Codes, gold: Codes, bootstrap: Bootstrap) -> ScoreResult:
        """Score what `encode` returns.

        Raises:
            ValidationError: there are no pairs.
        """
        if not len(gold):
            raise ValidationError("no pairs of reports to score; call update first")
        return score_codes(
            self.labeler.findings,
            gold,
            predicted,
            subset=self.subset,
            uncertain=self.uncertain,
            bootstrap=bootstrap,
        )


def _listed(texts: Sequence[str]) -> list[str]:
    listed = []
    for text in several(texts):
        if not isinstance(text, str):
            raise TypeError(f"a report is a str, not {type(text).__name__}")
        listed.append(text)
    return listed


def flat_scores(result: ScoreResult) -> dict[str, float]:
    """Return the scores of every set of findings under one name each, as `compute` names them."""
    scores: dict[str, float] = {}
    for chosen in result.sets:
        size = len(chosen.findings)
        for average in _AVERAGES:
            for rate in _RATES:
                scores[f"{average}_{rate}_{size}"] = _value(chosen, average, rate)
        scores[f"exact_match_{size}"] = chosen.exact_match.value or 0.0
    return scores


def _value(chosen: SetScore, average: str, rate: str) -> float:
    value: float | None = getattr(getattr(chosen, average), rate).value
    return value or 0.0
