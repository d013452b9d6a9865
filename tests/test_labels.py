"""Labels and the words for them."""

from __future__ import annotations

import pickle
from itertools import product
from typing import get_args

import pytest

from chexlabel import Label, LabeledReport
from chexlabel.labels import LABEL_WORDS, LABELS_BY_WORD, LabelWord
from chexlabel.patterns import schema


def test_a_label_equals_its_number_and_itself() -> None:
    assert [int(label) for label in Label] == [1, 0, -1]
    assert {Label.POSITIVE: "yes"}[1] == "yes"
    assert Label.UNCERTAIN == -1 != Label.NEGATIVE
    assert Label.POSITIVE != 0
    assert pickle.loads(pickle.dumps(Label.POSITIVE)) is Label.POSITIVE  # noqa: S301 (our own)


def test_no_label_equals_a_class_of_the_confusion_matrix() -> None:
    pytest.importorskip("numpy")
    from chexlabel.validation.values import LabelClass

    for label, of_matrix in product(Label, LabelClass):
        assert label != of_matrix
        assert of_matrix != label
        assert not label == of_matrix  # noqa: SIM201 (`==` and `!=` are two methods)
        assert not of_matrix == label  # noqa: SIM201


def test_every_label_has_the_class_of_its_word() -> None:
    pytest.importorskip("numpy")
    import numpy as np

    from chexlabel.validation.values import LabelClass

    assert [LabelClass.of(label) for label in LABEL_WORDS] == list(LabelClass)
    codes = np.array([0, 1, 2, 3, -1], dtype=np.int8)
    assert (codes == LabelClass.UNCERTAIN).tolist() == [False, False, True, False, False]


def test_the_words_of_labels_are_those_of_the_pattern_files() -> None:
    assert tuple(LABEL_WORDS.values()) == get_args(LabelWord) == tuple(schema.Examples.model_fields)
    assert {LABELS_BY_WORD[word]: word for word in LABELS_BY_WORD} == LABEL_WORDS


@pytest.mark.parametrize("ask", ["confidence", "evidence", "source"])
def test_a_finding_that_there_is_not_is_named_with_the_one_meant(ask: str) -> None:
    report = LabeledReport(None, {"Edema": None, "Pleural Effusion": Label.POSITIVE}, ())
    with pytest.raises(KeyError, match=r"no finding 'edema'; did you mean 'Edema'\?"):
        getattr(report, ask)("edema")
    with pytest.raises(KeyError, match="choose from Edema, Pleural Effusion"):
        getattr(report, ask)("Gout")
