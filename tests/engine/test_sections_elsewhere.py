"""Reports laid out as elsewhere: where their history ends, and that the body is never lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chexlabel import Labeler
from chexlabel.engine.history import HistoryFinder
from chexlabel.engine.sections import Sectioner
from chexlabel.labels import Label
from chexlabel.patterns.load import read_set
from chexlabel.patterns.section_schema import History

REPORTS = yaml.safe_load((Path(__file__).parent / "reports_elsewhere.yaml").read_text("utf-8"))


def _sectioner() -> Sectioner:
    sections = read_set("chexpert14").sections
    assert sections is not None
    return Sectioner(sections.model)


SECTIONER = _sectioner()


@pytest.mark.parametrize("case", REPORTS, ids=[case["name"] for case in REPORTS])
def test_counts(case: dict[str, Any]) -> None:
    text = case["text"]
    counted = SECTIONER.counted(text)
    assert counted == SECTIONER.select(SECTIONER.spans(text))
    got = " ".join(" ".join(text[span.start : span.end].split()) for span in counted)
    assert got == case["counts"]


def test_the_evidence_says_what_was_taken_for_the_body() -> None:
    text = "Clinical details: ?effusion. There is a small pneumothorax."
    (mention,) = Labeler()(text).mentions
    assert (mention.finding, mention.section) == ("Pneumothorax", "body")


def test_history_gives_no_label() -> None:
    labels = Labeler()("Hx fever, ?pneumonia\nNo effusion.").labels
    assert labels["Pneumonia"] is None
    assert labels["Pleural Effusion"] is Label.NEGATIVE


def test_a_set_without_history_words_reads_all() -> None:
    finder = HistoryFinder(History())
    text = "H/o fever. Lungs clear."
    assert finder.end_of_preface(text, 0, len(text)) == 0
    assert finder.end(text, 0, len(text)) == len(text)
    assert not finder.reports(text)


_SOME = st.text(alphabet="ab ?.:\n/-1", max_size=80)


@given(_SOME, st.sampled_from(["", "Clinical details: ", "Hx ", "CXR\n"]))
def test_sections_follow_each_other_within_the_text(text: str, before: str) -> None:
    report = before + text + "\nThe lungs are clear."
    spans = SECTIONER.spans(report)
    bounds = [offset for span in spans for offset in (span.start, span.end)]
    assert bounds == sorted(bounds)
    assert all(0 <= offset <= len(report) for offset in bounds)
