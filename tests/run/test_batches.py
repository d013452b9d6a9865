"""Batches: how they are cut, labeled at once if there is a refiner, and one by one if one fails."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from chexlabel import Label, Labeler, Report
from chexlabel.run.batches import batched, label_batch


class _Refined:
    """Labels as the rules do, all at once if it is asked to; fails on what says so.

    Attributes:
        asked: how many reports each call took.
    """

    refiner = "a model"

    def __init__(self) -> None:
        self._labeler = Labeler(refine=False)
        self.findings = self._labeler.findings
        self.asked: list[int] = []

    def label(self, report: str | Report) -> tuple[Label | None, ...]:
        self.asked.append(1)
        return self._label(report)

    def label_batch(self, reports: Iterable[str | Report]) -> list[tuple[Label | None, ...]]:
        several = list(reports)
        self.asked.append(len(several))
        return [self._label(report) for report in several]

    def _label(self, report: str | Report) -> tuple[Label | None, ...]:
        if "fails" in getattr(report, "text", ""):
            raise ValueError("as it was asked to")
        return self._labeler.label(report)


def _reports(*texts: str) -> list[Report]:
    return [Report(str(number), text) for number, text in enumerate(texts)]


def test_a_batch_is_labeled_at_once() -> None:
    labeler = _Refined()
    reports = [*_reports("Edema.", "No effusion."), Report("2", "", error="it is broken")]
    found = label_batch(labeler, reports)  # type: ignore[arg-type]
    assert labeler.asked == [3]
    edema, effusion = map(labeler.findings.index, ("Edema", "Pleural Effusion"))
    assert found.labels[0][edema] is Label.POSITIVE
    assert found.labels[1][effusion] is Label.NEGATIVE
    assert not any(found.labels[2])
    assert found.failures == [(2, "it is broken")]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_fails_stops_no_other(place: int) -> None:
    labeler = _Refined()
    texts = ["Edema.", "Edema."]
    texts.insert(place, "It fails.")
    found = label_batch(labeler, _reports(*texts))  # type: ignore[arg-type]
    assert labeler.asked == [3, 1, 1, 1]
    assert [index for index, _ in found.failures] == [place]
    assert "fails" not in found.failures[0][1]
    edema = labeler.findings.index("Edema")
    assert [row[edema] for row in found.labels].count(Label.POSITIVE) == 2


def test_batches_are_bounded_in_reports_and_characters() -> None:
    small = [Report(id=str(n), text="x") for n in range(5)]
    assert [len(batch) for batch in batched(small, size=2)] == [2, 2, 1]
    large = Report(id="large", text="x" * 50)
    assert [len(batch) for batch in batched([*small, large, *small], characters=20)] == [6, 5]
