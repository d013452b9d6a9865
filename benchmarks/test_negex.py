"""The assertion stage on the NegEx test kit, where `../shared` holds it."""

from __future__ import annotations

import pytest
from negex import ANNOTATIONS, ScopeJudge, locate, measure, negspacy_answers, read_annotations

from chexlabel import Label


@pytest.mark.parametrize(
    ("concept", "sentence", "place"),
    [
        ("edema", "No peripheral cyanosis or EDEMA.", (4, 5)),
        ("chest pain", "No chest pain, but CHEST\n PAIN last week.", (5, 7)),
        ("Neck: Supple. No masses", "Neck: Supple.", (0, 4)),
        ("gout", "No edema.", None),
    ],
)
def test_concepts_are_located(concept: str, sentence: str, place: tuple[int, int] | None) -> None:
    """Find the marked words, whatever their case and however much of them is left."""
    assert locate(concept, sentence) == place


def test_negated_is_told_from_affirmed() -> None:
    """Hold the accuracy that the project promises; see `negex.py` for the figures."""
    if not ANNOTATIONS.is_file():
        pytest.skip(f"{ANNOTATIONS} is not there")
    annotations = read_annotations(ANNOTATIONS)
    assert len(annotations) > 2300
    judge = ScopeJudge("chexpert14")
    answers = [judge(annotation).label is Label.NEGATIVE for annotation in annotations]
    scope = measure(annotations, answers)
    assert scope.accuracy >= 0.95
    assert scope.f1 >= 0.9
    assert measure(annotations, negspacy_answers(annotations)).accuracy >= 0.95
