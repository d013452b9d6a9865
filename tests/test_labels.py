"""Labels are equal to their numbers and to themselves, and to nothing else."""

from __future__ import annotations

import pickle
from itertools import product

import pytest

from chexlabel import Label


def test_a_label_equals_its_number_and_itself() -> None:
    assert [int(label) for label in Label] == [1, 0, -1]
    assert {Label.POSITIVE: "yes"}[1] == "yes"
    assert Label.UNCERTAIN == -1 != Label.NEGATIVE
    assert Label.POSITIVE != 0
    assert pickle.loads(pickle.dumps(Label.POSITIVE)) is Label.POSITIVE  # noqa: S301 (our own)


def test_no_label_equals_a_class_of_the_confusion_matrix() -> None:
    np = pytest.importorskip("numpy")
    from chexlabel.validation.values import LabelClass

    for label, of_matrix in product(Label, LabelClass):
        assert label != of_matrix
        assert of_matrix != label
        assert not label == of_matrix  # noqa: SIM201 (`==` and `!=` are two methods)
        assert not of_matrix == label  # noqa: SIM201
    codes = np.array([0, 1, 2, 3, -1], dtype=np.int8)
    assert (codes == LabelClass.UNCERTAIN).tolist() == [False, False, True, False, False]
